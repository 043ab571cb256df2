"""The second thread of a run: filters packets and cuts them into slices.

Filters and slicer can be replaced between two packets; no event is lost over it: what waits for
its slice to end then makes up a last slice, which ends there.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from eventvision.core import Filter, Packet, Slice, Slicer

from ._handover import HandOver
from ._latency import Latencies
from ._work import Work


class Cutter:
    """Makes slices of packets.

    Args:
        filters: Applied to every packet, in this order.
        slicer: Cuts what passes.
        latencies: Takes the time that all filters need for a packet, and the time from the arrival
            of a slice's last event to its end.

    Attributes:
        by_reason: How many slices ended for each reason.
        work: Filtering and cutting a packet.
    """

    def __init__(self, filters: Sequence[Filter], slicer: Slicer, latencies: Latencies) -> None:
        self._filters, self._slicer = list(filters), slicer
        self._latencies = latencies
        self._changes: deque[Callable[[], Iterator[Slice]]] = deque()
        self._removed_before: Counter[str] = Counter()
        self._known_us = 0
        self._next_index = self._first_index = 0
        self.by_reason: Counter[str] = Counter()
        self.work = Work()

    @property
    def removed(self) -> dict[str, int]:
        """Events that each kind of filter removed."""
        removed = self._removed_before.copy()
        for stage in tuple(self._filters):
            removed[type(stage).__name__] += stage.removed
        return dict(removed)

    def replace_filters(self, filters: Sequence[Filter]) -> None:
        """Use other filters from the next packet on; may be called from any thread."""
        self._changes.append(lambda: self._change_filters(list(filters)))

    def replace_slicer(self, slicer: Slicer, retire: Callable[[], None]) -> None:
        """Use another slicer from the next packet on; may be called from any thread.

        Args:
            slicer: One that has seen nothing.
            retire: Called when the one before is no longer used.
        """
        self._changes.append(lambda: self._change_slicer(slicer, retire))

    def run(self, packets: HandOver[Packet], slices: HandOver[Slice]) -> None:
        """Cut all packets, and what is left at the end."""
        try:
            for packet in packets:
                self.work.begin()
                while self._changes:
                    self._hand_over(self._changes.popleft()(), slices)
                self._hand_over(self._slicer.push(self._filtered(packet)), slices)
                self._note_time(packet)
                self.work.end()
            self._hand_over(self._slicer.flush(), slices)
        finally:
            self.work.end()
            packets.abort()

    def _filtered(self, packet: Packet) -> Packet:
        if not self._filters:
            return packet
        began_ns = time.monotonic_ns()
        for stage in self._filters:
            packet = stage.process(packet)
        self._latencies.add("filter", time.monotonic_ns() - began_ns)
        return packet

    def _hand_over(self, cut: Iterator[Slice], slices: HandOver[Slice]) -> None:
        for slice_ in cut:
            numbered = slice_
            if self._first_index:
                numbered = replace(slice_, index=self._first_index + slice_.index)
            self._next_index = numbered.index + 1
            self.by_reason[numbered.ended_by] += 1
            if numbered.arrived_ns:
                self._latencies.add("slice", time.monotonic_ns() - numbered.arrived_ns)
            self.work.end()  # waiting for room is no work
            slices.put(numbered)
            self.work.begin()

    def _change_filters(self, filters: list[Filter]) -> Iterator[Slice]:
        for stage in self._filters:
            self._removed_before[type(stage).__name__] += stage.removed
        self._filters = filters
        return iter(())

    def _change_slicer(self, slicer: Slicer, retire: Callable[[], None]) -> Iterator[Slice]:
        """Yield what waits, as far as time has come: what comes later is the next slicer's."""
        for slice_ in self._slicer.flush():
            end_us = max(slice_.t0_us + 1, min(slice_.t1_us, self._known_us))
            yield replace(slice_, t1_us=end_us)
        self._first_index, self._slicer = self._next_index, slicer
        retire()

    def _note_time(self, packet: Packet) -> None:
        """Remember before which time all events have come."""
        if len(packet):
            self._known_us = int(packet.events.t[-1]) + 1
        if packet.until_us is not None:
            self._known_us = max(self._known_us, packet.until_us)
