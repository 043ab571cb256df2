"""Three threads: source, process (filter and slice), infer (represent, perceive, write).

    source ──packets──▶ process ──slices──▶ infer
            (waits)              (waits, or drops the oldest when live)

Rendering belongs to the last thread: a slice that a live run has to drop costs no rendering.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    DamageReport,
    Filter,
    Packet,
    Representation,
    Sink,
    Slice,
    Slicer,
    SliceResult,
    Source,
    Task,
)
from eventvision.io import clip
from eventvision.sinks import Recorder

from ._governor import Governor
from ._handover import HandOver, Policy
from ._latency import Latencies
from ._networks import Networks
from ._pacing import Pacer
from ._stage import Stage
from ._summary import Summary
from ._task_runner import TaskRunner
from ._warmup import warm_up

_Queue = HandOver[Packet] | HandOver[Slice]

PACKETS_WAITING = 4
SLICES_WAITING = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: `share` is 0 to 1, or None where there is no end."""

    share: float | None
    events: int
    slices: int


class Pipeline:
    """One source, through filters, a slicer, a representation and tasks, into sinks.

    The same file with the same parts gives the same results bit for bit, whatever the speed.

    Args:
        source: Where events come from. The caller closes it.
        slicer: Cuts the stream.
        filters: Applied to every packet, in this order.
        representation: Rendered for every slice, if given.
        tasks: Run on every slice, in this order; each finds the results of those before it.
        networks: Behind learned tasks; closed when the run ends, however it ends.
        sinks: Take every result; closed when the run ends, however it ends.
        recorder: Takes every packet before it is filtered; closed likewise.
        speed: Recording seconds per wall second; None plays as fast as it goes.
        start_s: Where to begin, in seconds after the first event.
        end_s: Where to end, likewise; None plays to the end.
        policy: What happens when slices come faster than they are looked at: `block` or
            `latest`; None blocks for files and keeps the latest for live sources. With `latest`,
            tasks run on fewer slices before any has to be dropped, see `_governor`.
        on_progress: Called from the caller's thread after every slice.
        on_notice: Hears of tasks that run less often under load.
    """

    def __init__(
        self,
        *,
        source: Source,
        slicer: Slicer,
        filters: Sequence[Filter] = (),
        representation: Representation | None = None,
        tasks: Sequence[Task] = (),
        networks: Networks | None = None,
        sinks: Sequence[Sink] = (),
        recorder: Recorder | None = None,
        speed: float | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        policy: Policy | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._source = source
        self._filters = list(filters)
        self._slicer = slicer
        self._representation = representation
        self._tasks = list(tasks)
        self._networks = networks
        self._sinks = list(sinks)
        self._recorder = recorder
        self._speed = speed
        self._start_s, self._end_s = start_s, end_s
        self._policy: Policy = policy or ("latest" if source.is_live else "block")
        self._on_progress = on_progress
        names = [task.name for task in self._tasks]
        self._governor = Governor(names, on_notice) if self._policy == "latest" else None
        self._stop = threading.Event()
        self._latencies = Latencies()
        self._runner = TaskRunner(self._tasks, self._latencies, self._governor)
        self._events = 0
        self._began_ns = 0
        self._first_us: int | None = None
        self._last_us = 0

    def run(self) -> Summary:
        """Run to the end of the source, or until `stop`.

        Returns:
            What was done. Ctrl-C ends the run early and is told there, not raised.

        Raises:
            EventVisionError: Whatever source, filters, tasks or sinks raise; all threads have
                ended and all sinks are closed by then.
        """
        packets: HandOver[Packet] = HandOver(PACKETS_WAITING)
        slices: HandOver[Slice] = HandOver(SLICES_WAITING, self._policy)
        stages = (
            Stage("source", lambda: self._feed(packets), packets),
            Stage("process", lambda: self._process(packets, slices), slices),
        )
        summary = Summary()
        sensor = self._source.info.sensor
        with ExitStack() as cleanup:
            if self._networks is not None:
                cleanup.callback(self._networks.close)
            warm_up(sensor, self._filters, self._slicer, self._representation, self._tasks)
            self._began_ns = time.monotonic_ns()
            for sink in self._sinks:
                cleanup.callback(sink.close)
            if self._recorder is not None:
                cleanup.callback(self._recorder.close)
            cleanup.callback(self._join, stages, (slices, packets))
            for stage in stages:
                stage.start()
            try:
                summary.slices = self._infer(slices)
            except KeyboardInterrupt:
                summary.interrupted = True
            if self._networks is not None:
                summary.networks = self._networks.reports()
        for stage in stages:
            stage.raise_failure()
        summary.wall_s = (time.monotonic_ns() - self._began_ns) / 1e9
        return self._complete(summary, slices.dropped)

    def stop(self) -> None:
        """End the run soon, from any thread; what was read so far is finished."""
        self._stop.set()

    def _join(self, stages: Iterable[Stage], queues: Iterable[_Queue]) -> None:
        self._stop.set()
        for queue in queues:
            queue.abort()
        for stage in stages:
            stage.join()

    def _feed(self, packets: HandOver[Packet]) -> None:
        with closing(self._incoming()) as incoming:
            for packet in incoming:
                if self._stop.is_set():
                    return
                if len(packet):
                    self._note_times(packet)
                if self._recorder is not None:
                    self._recorder.write(packet)
                packets.put(packet)

    def _incoming(self) -> Generator[Packet, None, None]:
        packets = clip(self._source, start_s=self._start_s, end_s=self._end_s)
        if self._speed is None or self._source.is_live:
            yield from packets
        else:
            yield from self._played(packets, self._speed)

    def _played(self, packets: Iterator[Packet], speed: float) -> Iterator[Packet]:
        """Play at the chosen speed; a thread of its own reads ahead, so no packet waits for it."""
        ahead: HandOver[Packet] = HandOver(PACKETS_WAITING)

        def read() -> None:
            for packet in packets:
                ahead.put(packet)

        reader = Stage("read", read, ahead)
        reader.start()
        try:
            yield from Pacer(speed, self._stop)(ahead)
        finally:
            ahead.abort()
            reader.join()
        reader.raise_failure()

    def _note_times(self, packet: Packet) -> None:
        self._events += len(packet)
        t = packet.events.t
        if self._first_us is None:
            self._first_us = int(t[0])
            if packet.arrived_ns:  # playing starts with the first event, not with opening the file
                self._began_ns = time.monotonic_ns()
        self._last_us = int(t[-1])

    def _process(self, packets: HandOver[Packet], slices: HandOver[Slice]) -> None:
        try:
            for packet in packets:
                filtered = packet
                for stage in self._filters:
                    filtered = stage.process(filtered)
                for slice_ in self._slicer.push(filtered):
                    self._hand_over(slice_, slices)
            for slice_ in self._slicer.flush():
                self._hand_over(slice_, slices)
        finally:
            packets.abort()

    def _hand_over(self, slice_: Slice, slices: HandOver[Slice]) -> None:
        if slice_.arrived_ns:
            self._latencies.add("slice", time.monotonic_ns() - slice_.arrived_ns)
        slices.put(slice_)

    def _infer(self, slices: HandOver[Slice]) -> int:
        image: NDArray[np.generic] | None = None
        count = 0
        for slice_ in slices:
            began_ns = time.monotonic_ns()
            if self._representation is not None:
                image = self._representation.render(slice_, image)
                self._latencies.add("represent", time.monotonic_ns() - began_ns)
            results = self._runner.perceive(slice_)
            self._latencies.add("total", time.monotonic_ns() - (slice_.arrived_ns or began_ns))
            self._write(SliceResult(slice_, results, image))
            if self._governor is not None:
                self._governor.end_slice(began_ns, time.monotonic_ns())
            count += 1
            if self._on_progress is not None:
                self._on_progress(Progress(self._source.progress, self._events, count))
        return count

    def _write(self, result: SliceResult) -> None:
        if not self._sinks:
            return
        began_ns = time.monotonic_ns()
        for sink in self._sinks:
            sink.write(result)
        self._latencies.add("write", time.monotonic_ns() - began_ns)

    def _complete(self, summary: Summary, slices_dropped: int) -> Summary:
        damage: DamageReport = self._source.damage
        summary.events = self._events
        summary.recording_us = 0 if self._first_us is None else self._last_us - self._first_us
        summary.latency_ms = self._latencies.as_dict()
        summary.dropped = {
            "slices: results too slow": slices_dropped,
            "events: damaged": damage.events_skipped,
            **self._dropped_before_filters(),
            **{f"results: {n.model} had no device": n.dropped for n in summary.networks},
        }
        summary.filtered = {type(stage).__name__: stage.removed for stage in self._filters}
        summary.damage = damage
        if self._governor is not None:
            summary.task_shares = self._governor.shares()
        return summary

    def _dropped_before_filters(self) -> dict[str, int]:
        """Return what a live source and the recorder had to leave out, by cause."""
        live = self._source.dropped if isinstance(self._source, _CountsDrops) else {}
        recorded = {} if self._recorder is None else self._recorder.report.dropped
        return {**live, **{f"events: not recorded, {why}": n for why, n in recorded.items()}}


@runtime_checkable
class _CountsDrops(Protocol):
    """A source that may have to drop what nobody takes in time."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped, by cause."""
