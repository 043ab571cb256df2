"""Prophesee RAW recordings: EVT2, EVT2.1 and EVT3."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    TRIGGER_DTYPE,
    Damage,
    DamageReport,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io._base import FileSource, checked_path
from eventvision.io._geometry import KNOWN_SENSORS, PixelCounts, smallest_known_sensor
from eventvision.io._guard import StreamGuard

from .decoder import EvtDecoder
from .header import EvtHeader, read_evt_header

_MARK_BYTES = 1 << 20
_STEP_BYTES_PER_EVENT = 32
_MESSAGES = {
    "no-time-base": "events before the first time and row",
    "reserved-words": "{} words of reserved types",
    "false-time": "{} time words that those after them contradict",
}


@dataclass(slots=True)
class _Position:
    """A place in the recording from which reading can go on.

    Attributes:
        offset: Byte offset of the next word.
        latest_us: Latest time delivered before it; -1 at the beginning.
        decoder: State of the decoder there.
        guard: State of the guard there.
    """

    offset: int
    latest_us: int
    decoder: EvtDecoder
    guard: StreamGuard

    def copy(self, damage: DamageReport) -> _Position:
        """Return the same position, independent of this one."""
        decoder, guard = self.decoder.copy(), self.guard.copy(damage)
        return _Position(self.offset, self.latest_us, decoder, guard)


class EvtSource(FileSource):
    """A RAW recording, read as a stream in constant memory.

    Times are those of the camera's clock, wraps undone, plus `t0` of the header if there is one.
    A recording whose header does not state the size of the sensor is scanned once for the pixels
    used, and `info` says so.

    Seeking decodes up to the time sought once; places passed on the way are remembered (one a
    megabyte), so that later seeks take a few milliseconds.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        packet_events: int = 65_536,
    ) -> None:
        """Open a recording.

        Args:
            path: The file.
            sensor: Size of the pixel array, in place of what the file says.
            packet_events: How many events a packet may have at most, 64 or more.

        Raises:
            SourceNotFoundError: If there is no such file.
            FormatError: If it is not a RAW recording in a known encoding, or if neither its
                header nor its events tell the size of the sensor.
            ValueError: If `packet_events` is less.
        """
        found = checked_path(path)
        self._header = read_evt_header(found)
        self._packet_events = packet_events
        self._origin = EvtDecoder(self._header.encoding, most_events=packet_events)
        super().__init__(found, _info(found, self._header, sensor))
        self._marks = [self._start(DamageReport())]

    def _start(self, damage: DamageReport) -> _Position:
        guard = StreamGuard(self.info.sensor, damage)
        return _Position(self._header.size, -1, self._origin.copy(), guard)

    def _packets(self) -> Iterator[Packet]:
        data = _mapped(self._path)
        start_us = self._start_us
        position = self._start(self._damage)
        if start_us is not None:
            position = self._nearest(data, start_us).copy(self._damage)
        for events, triggers in self._decoded(data, position):
            self._bytes_read = position.offset
            if start_us is None:
                packet = Packet(Events(events, self.info.sensor), triggers=triggers)
            else:
                later = events[np.searchsorted(events["t"], start_us) :]
                edges = triggers[triggers["t"] >= start_us]
                packet = Packet(Events(later, self.info.sensor), triggers=edges)
            if len(packet) or packet.triggers.size:
                yield packet
        self._report_end(data.size)

    def _nearest(self, data: NDArray[np.uint8], t_us: int) -> _Position:
        """Return the last mark before a time, setting marks up to there first."""
        if self._marks[-1].latest_us < t_us:
            ahead = self._marks[-1].copy(DamageReport())
            for _ in self._decoded(data, ahead):
                if self._marks[-1].latest_us >= t_us:
                    break
        return self._marks[max(0, bisect_left(self._marks, t_us, key=_latest_us) - 1)]

    def _decoded(
        self, data: NDArray[np.uint8], position: _Position
    ) -> Iterator[tuple[NDArray[np.void], NDArray[np.void]]]:
        """Yield what may pass the guard, moving `position` along."""
        step = self._packet_events * _STEP_BYTES_PER_EVENT
        last = data.size - position.decoder.word_bytes
        while position.offset <= last:
            start = position.offset
            events, triggers, position.offset = position.decoder.step(
                data, start, min(start + step, data.size)
            )
            self._report(position, start)
            if self._header.t0_us:
                events["t"] += self._header.t0_us
                triggers["t"] += self._header.t0_us
            events = position.guard.admit(events, byte_start=start, byte_end=position.offset)
            triggers["t"] += position.guard.shift_us
            latest_us = int(triggers["t"].max(initial=position.guard.last_us))
            position.latest_us = max(position.latest_us, latest_us)
            self._mark(position)
            yield events, triggers
        yield position.guard.flush(), np.empty(0, TRIGGER_DTYPE)

    def _mark(self, position: _Position) -> None:
        if position.offset >= self._marks[-1].offset + _MARK_BYTES:
            self._marks.append(position.copy(DamageReport()))

    def _report(self, position: _Position, start: int) -> None:
        for kind, count in position.decoder.take_findings().items():
            position.guard.damage.add(
                Damage(
                    kind=kind,
                    message=_MESSAGES[kind].format(count),
                    byte_start=start,
                    byte_end=position.offset,
                    events_skipped=count if kind == "no-time-base" else 0,
                )
            )

    def _report_end(self, size: int) -> None:
        rest = (size - self._header.size) % self._origin.word_bytes
        if rest:
            message = f"the last word has {rest} of {self._origin.word_bytes} bytes"
            self._damage.add(
                Damage(kind="truncated", message=message, byte_start=size - rest, byte_end=size)
            )


def _info(path: Path, header: EvtHeader, sensor: SensorSize | None) -> SourceInfo:
    origin: Literal["header", "data", "user"] = "header"
    notes: tuple[str, ...] = ()
    size = header.sensor
    if sensor is not None:
        size, origin = sensor, "user"
    elif size is None:
        size, origin = _size_from_data(path, header), "data"
        notes = (f"The header states no sensor size; {size} is inferred from the pixels used.",)
    return SourceInfo(
        name=str(path),
        format=header.encoding,
        sensor=size,
        sensor_from=origin,
        camera=header.camera,
        notes=notes,
    )


def _size_from_data(path: Path, header: EvtHeader) -> SensorSize:
    """Find the pixels used; counted, not only bounded, if no common sensor has them all.

    Raises:
        FormatError: If they fit no sensor at all.
    """
    max_x = max_y = 0
    for events in _all_events(path, header):
        max_x = max(max_x, int(events["x"].max(initial=0)))
        max_y = max(max_y, int(events["y"].max(initial=0)))
    size = smallest_known_sensor(max_x, max_y)
    if size in KNOWN_SENSORS:
        return size
    counts = PixelCounts()
    for events in _all_events(path, header):
        counts.add(events["x"], events["y"])
    try:
        return counts.sensor()
    except ValueError as error:
        problem = f"states no sensor size, and its {error}"
        raise FormatError(path, problem, "name the size, such as --sensor 1280x720") from error


def _all_events(path: Path, header: EvtHeader) -> Iterator[NDArray[np.void]]:
    data, decoder, at = _mapped(path), EvtDecoder(header.encoding), header.size
    while at <= data.size - decoder.word_bytes:
        events, _, at = decoder.step(data, at, data.size)
        yield events


def _latest_us(position: _Position) -> int:
    return position.latest_us


def _mapped(path: Path) -> NDArray[np.uint8]:
    return np.asarray(np.memmap(path, np.uint8, "r"))
