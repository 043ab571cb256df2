"""AEDAT4 recordings (iniVation DV), read as a stream of packets.

A file is the line `#!AER-DAT4.0`, a header flatbuffer, packets of several streams mixed in the
order in which they were written, and a table of packets that only a writer which was closed adds.
The table is not needed here: times are found by bisection, and packets by walking.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Packet, SensorSize, SourceInfo
from eventvision.io._base import FileSource, checked_path
from eventvision.io._guard import StreamGuard

from .decode import Decoded, decode, room_for
from .header import Header, read_header
from .packets import PacketWalk, Stretch
from .seek import clock_runs_on, find_time
from .side import SideStreams

MOST_THREADS = 64


class Aedat4Source(FileSource):
    """Reads an AEDAT4 recording; memory does not grow with the file.

    The events of the first event stream are delivered, with the frames, IMU samples and triggers
    of the same camera. These travel with the packet whose events reach their time; what the file
    stores later than the events of its time comes with the next packet.

    Triggers have source -1 for a time stamp reset, 0 for the external input, 3 for an external
    pulse, 4 for the signal generator, 6 for frames and 8 for exposures (begin rising, end falling).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        packet_events: int = 65_536,
        threads: int = 1,
    ) -> None:
        """Open a file and read its header.

        Args:
            path: The file.
            sensor: Size of the pixel array, instead of the one in the header.
            packet_events: Most events in a packet that is yielded; a file's packets are joined up
                to this number. Small packets cost time.
            threads: With 1, packets are decompressed as they are asked for; with more, by that
                many threads ahead of the reader, in the same order and with the same result.

        Raises:
            SourceNotFoundError: If there is no such file.
            FormatError: If it is not AEDAT4 or its header cannot be read.
            ValueError: If `packet_events` or `threads` is out of range.
        """
        if packet_events < 1:
            raise ValueError(f"packet_events must be at least 1, got {packet_events}")
        if not 1 <= threads <= MOST_THREADS:
            raise ValueError(f"threads must be 1 to {MOST_THREADS}, got {threads}")
        found = checked_path(path)
        self._header = read_header(found)
        self._clock_runs_on: bool | None = None
        self._packet_events = packet_events
        self._threads = threads
        self._sensor = sensor or self._header.sensor or _sensor_of_events(found, self._header)
        super().__init__(found, self._described(path, user=sensor is not None))

    def _described(self, path: str | Path, *, user: bool) -> SourceInfo:
        header = self._header
        notes = [f"The streams of {name} are left out." for name in header.other_cameras]
        return SourceInfo(
            name=str(path),
            format="AEDAT4",
            sensor=self._sensor,
            sensor_from="user" if user else "header" if header.sensor else "data",
            camera=header.camera,
            notes=tuple(notes),
        )

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self._sensor, self._damage)
        side = SideStreams(self._start_us)
        with self._path.open("rb", buffering=0) as file:
            for decoded in self._decoded(file):
                for damage in decoded.damage:
                    self._damage.add(damage)
                self._bytes_read = decoded.end
                events = guard.admit(
                    decoded.events,
                    byte_start=decoded.start,
                    byte_end=decoded.end,
                    is_clean=decoded.is_clean,
                )
                side.add(decoded, shift_us=guard.shift_us)
                yield from self._cut(events, side)
            yield from self._cut(guard.flush(), side)
        self._bytes_read = self._bytes_total
        if side:
            yield side.send(Events.empty(self._sensor), None)

    def _cut(self, events: NDArray[np.void], side: SideStreams) -> Iterator[Packet]:
        if self._start_us is not None and events.size:
            events = events[np.searchsorted(events["t"], self._start_us) :]
        for start in range(0, events.size, self._packet_events):
            part = events[start : start + self._packet_events]
            yield side.send(Events(part, self._sensor), int(part["t"][-1]))
        if side.is_full:
            yield side.send(Events.empty(self._sensor), None)

    def _decoded(self, file: BinaryIO) -> Iterator[Decoded]:
        header = self._header
        walk = _walk(file, header, self._packet_events)
        start = header.data_start
        if self._start_us is not None:
            if self._clock_runs_on is None:
                self._clock_runs_on = clock_runs_on(walk, start, self._bytes_total)
            if self._clock_runs_on:
                start = find_time(walk, start, self._bytes_total, self._start_us)
        stretches = walk.stretches(start, table_position=header.table_position)
        if self._threads > 1:
            return self._ahead(stretches)
        return (decode(stretch, self._sensor) for stretch in stretches)

    def _ahead(self, stretches: Iterator[Stretch]) -> Iterator[Decoded]:
        """Decode with several threads, yielding in order; a few stretches are under way."""
        pending: deque[Future[Decoded]] = deque()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="aedat4") as pool:
            try:
                for stretch in stretches:
                    pending.append(pool.submit(decode, stretch, self._sensor, room_for(stretch)))
                    if len(pending) > self._threads:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()


def _walk(file: BinaryIO, header: Header, packet_events: int) -> PacketWalk:
    return PacketWalk(
        file,
        size=Path(file.name).stat().st_size,
        kinds=header.kinds,
        packet_events=packet_events,
    )


def _sensor_of_events(path: Path, header: Header) -> SensorSize:
    """Return the smallest sensor that holds all events, for a header that gives none."""
    width = height = 1
    with path.open("rb", buffering=0) as file:
        for stretch in _walk(file, header, 65_536).stretches(header.data_start):
            events = decode(stretch).events
            if events.size:
                width = max(width, 1 + int(events["x"].max()))
                height = max(height, 1 + int(events["y"].max()))
    return SensorSize(min(width, 65_535), min(height, 65_535))
