"""The first thread of a run: reads the source, at its pace, and hands packets on.

source ──▶ (read ahead ──▶ pacer) ──▶ recording ──▶ packets
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing

from eventvision.core import Packet, Source
from eventvision.io import clip
from eventvision.kernels.tally import count_on
from eventvision.kernels.words import as_words

from ._handover import HandOver
from ._meter import Meter
from ._pacing import Pacer
from ._recording import Recording
from ._stage import Stage
from ._work import Work

PACKETS_WAITING = 4


class Feed:
    """Reads a source from `start_s` to `end_s`.

    Args:
        source: What to read.
        pacer: Holds back the packets of recordings.
        recording: Is shown every packet.
        start_s: Where to begin, in seconds after the first event.
        end_s: Where to end, likewise; None to go on to the end.
        stop: Ends it early.

    Attributes:
        source: What is read.
        pacer: Holds back the packets of recordings.
        recording: Is shown every packet.
        events: Meter of all events, along the time of the stream.
        on_events: Meter of ON events, likewise.
        began_ns: When the first event came; when the run began, before.
        first_us: Time of the first event; None before.
        last_us: Time of the latest event.
        temperature_c: What the sensor's IMU last said; None if nothing.
        work: Reading a packet.
    """

    def __init__(
        self,
        source: Source,
        pacer: Pacer,
        recording: Recording,
        *,
        start_s: float,
        end_s: float | None,
        stop: threading.Event,
    ) -> None:
        self.source, self.pacer, self.recording = source, pacer, recording
        self._start_s, self._end_s = start_s, end_s
        self._stop = stop
        self.events, self.on_events = Meter(1_000_000), Meter(1_000_000)
        self.began_ns = 0
        self.first_us: int | None = None
        self.last_us = 0
        self.temperature_c: float | None = None
        self.work = Work()

    def run(self, packets: HandOver[Packet]) -> None:
        """Hand on all packets, until the source ends or the run does."""
        with closing(self._incoming()) as incoming:
            for packet in incoming:
                if self._stop.is_set():
                    return
                self._note(packet)
                self.recording.write(packet)
                packets.put(packet)

    def _incoming(self) -> Generator[Packet, None, None]:
        packets = self._read()
        if self.source.is_live:
            yield from packets
        else:
            yield from self._played(packets)

    def _read(self) -> Iterator[Packet]:
        packets = clip(self.source, start_s=self._start_s, end_s=self._end_s)
        while True:
            self.work.begin()
            try:
                packet = next(packets, None)
            finally:
                self.work.end()
            if packet is None:
                return
            yield packet

    def _played(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Play at the chosen speed; a thread of its own reads ahead, so no packet waits for it."""
        ahead: HandOver[Packet] = HandOver(PACKETS_WAITING)

        def read() -> None:
            for packet in packets:
                ahead.put(packet)

        reader = Stage("read", read, ahead)
        reader.start()
        try:
            yield from self.pacer(ahead)
        finally:
            ahead.abort()
            reader.join()
        reader.raise_failure()

    def _note(self, packet: Packet) -> None:
        if packet.imu.size:
            self.temperature_c = float(packet.imu["temperature"][-1])
        if not len(packet):
            return
        t = packet.events.t
        if self.first_us is None:
            self.first_us = int(t[0])
            if packet.arrived_ns:  # playing starts with the first event, not with opening the file
                self.began_ns = time.monotonic_ns()
        self.last_us = int(t[-1])
        self.events.add(self.last_us, len(packet))
        self.on_events.add(self.last_us, int(count_on(as_words(packet.events.data))))
