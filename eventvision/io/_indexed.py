"""Recordings without an index: decoded step by step, places passed are remembered for seeking."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Damage,
    DamageReport,
    Events,
    FormatError,
    Frame,
    Packet,
    SourceInfo,
)

from ._base import FileSource
from ._geometry import PixelCounts
from ._guard import StreamGuard

MARK_BYTES = 4 << 20
"""Distance of the places remembered: small beside the file, decoded in some milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a decoder made of a stretch of bytes.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`, as found: the guard comes later.
        after: Offset of the first byte that was not used.
        imu: Shape (M,), dtype `IMU_DTYPE`.
        triggers: Shape (K,), dtype `TRIGGER_DTYPE`.
        frames: Images that became complete.
        damage: What was wrong.
    """

    events: NDArray[np.void]
    after: int
    imu: NDArray[np.void] = field(default_factory=lambda: np.empty(0, IMU_DTYPE))
    triggers: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TRIGGER_DTYPE))
    frames: tuple[Frame, ...] = ()
    damage: tuple[Damage, ...] = ()


class Decoder(Protocol):
    """Bytes in, events out; what it must remember from step to step is in itself."""

    def copy(self) -> Self:
        """Return a decoder in the same state."""

    def step(self, data: NDArray[np.uint8], start: int) -> Step:
        """Decode a stretch that begins at an offset; always gets on, and to the end at last."""


@dataclass(slots=True)
class _Position:
    offset: int
    decoder: Decoder
    guard: StreamGuard

    def copy(self, damage: DamageReport) -> _Position:
        return _Position(self.offset, self.decoder.copy(), self.guard.copy(damage))


class IndexedSource(FileSource):
    """Base of readers that decode one stream in constant memory.

    Seeking decodes up to the time sought once; places passed on the way are remembered, so that
    later seeks take a few milliseconds. What is delivered after a seek is exactly what a reading
    from the beginning delivers from that time on.

    Attributes:
        lead_us: How far before a time reading must begin, since not all is stored in order.
    """

    lead_us = 0

    def __init__(self, path: Path, info: SourceInfo, decoder: Decoder, begin: int) -> None:
        super().__init__(path, info)
        self._origin = decoder
        self._begin = begin
        self._marks = [self._start(DamageReport())]
        self._mark_times_us = [-1]

    def _start(self, damage: DamageReport) -> _Position:
        guard = StreamGuard(self.info.sensor, damage)
        return _Position(self._begin, self._origin.copy(), guard)

    def _packets(self) -> Iterator[Packet]:
        data = mapped(self._path)
        start_us = self._start_us
        position = self._start(self._damage)
        if start_us is not None:
            position = self._nearest(data, start_us - self.lead_us).copy(self._damage)
        for packet in self._decoded(data, position):
            self._bytes_read = position.offset
            wanted = packet if start_us is None else _since(packet, start_us)
            if len(wanted) or wanted.frames or wanted.imu.size or wanted.triggers.size:
                yield wanted

    def _nearest(self, data: NDArray[np.uint8], t_us: int) -> _Position:
        """Return the last mark before a time, setting marks up to there first."""
        if self._mark_times_us[-1] < t_us:
            ahead = self._marks[-1].copy(DamageReport())
            for _ in self._decoded(data, ahead):
                if self._mark_times_us[-1] >= t_us:
                    break
        return self._marks[max(0, bisect_left(self._mark_times_us, t_us) - 1)]

    def _decoded(self, data: NDArray[np.uint8], position: _Position) -> Iterator[Packet]:
        """Yield what may pass the guard, moving `position` along."""
        guard = position.guard
        while position.offset < data.size:
            start = position.offset
            step = position.decoder.step(data, start)
            position.offset = step.after
            for damage in step.damage:
                guard.damage.add(damage)
            events = guard.admit(step.events, byte_start=start, byte_end=step.after)
            packet = _packet(Events(events, self.info.sensor), step, guard.shift_us)
            self._mark(position)
            yield packet
        yield Packet(Events(guard.flush(), self.info.sensor))

    def _mark(self, position: _Position) -> None:
        if position.offset >= self._marks[-1].offset + MARK_BYTES:
            self._marks.append(position.copy(DamageReport()))
            self._mark_times_us.append(position.guard.last_us)


def mapped(path: Path) -> NDArray[np.uint8]:
    """Return the bytes of a file that is not empty, mapped rather than read."""
    return np.asarray(np.memmap(path, np.uint8, "r"))


def pixels_used(path: Path, decoder: Decoder, begin: int) -> PixelCounts:
    """Read a recording once for the pixels that saw something; `decoder` is left as it was.

    Raises:
        FormatError: If there is no event.
    """
    data, counts, at, decoder = mapped(path), PixelCounts(), begin, decoder.copy()
    while at < data.size:
        step = decoder.step(data, at)
        counts.add(step.events["x"], step.events["y"])
        at = step.after
    if not len(counts):
        problem = "its sensor size is unknown (no pixel was seen)"
        raise FormatError(path, problem, "give it, such as 346x260")
    return counts


def _packet(events: Events, step: Step, shift_us: int) -> Packet:
    if shift_us:
        step.imu["t"] += shift_us
        step.triggers["t"] += shift_us
    frames = step.frames
    if shift_us and frames:
        frames = tuple(
            Frame(frame.t_us + shift_us, frame.exposure_us, frame.pixels, frame.x, frame.y)
            for frame in frames
        )
    return Packet(events, frames, step.imu, step.triggers)


def _since(packet: Packet, t_us: int) -> Packet:
    """Return what of a packet is not earlier than a time."""
    data = packet.events.data
    return Packet(
        Events(data[np.searchsorted(data["t"], t_us) :], packet.sensor),
        tuple(frame for frame in packet.frames if frame.t_us >= t_us),
        packet.imu[packet.imu["t"] >= t_us],
        packet.triggers[packet.triggers["t"] >= t_us],
    )
