"""Recordings without an index of their own: decoded step by step, places passed are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from eventvision.core import Damage, DamageReport, Events, FormatError, Packet, SourceInfo

from ._base import FileSource
from ._decoder import Decoder, Step
from ._file_bytes import FileBytes, FileShrankError
from ._geometry import PixelCounts
from ._guard import StreamGuard
from ._index_cache import IndexCache
from ._marks import Marks, Position
from ._skim import skimmed

BUILD_BYTES = 1 << 30
"""So much is indexed to the end when it is first sought in; of more, up to the time sought."""


class IndexedSource(FileSource):
    """Base of readers that decode one stream in constant memory.

    Seeking skims once what has not been read yet, and decodes it where anything is remarkable;
    places passed on the way are remembered, and kept in the user's cache folder for recordings
    that are not small, so that later seeks take a few milliseconds. What is delivered after a seek
    is exactly what a reading from the beginning delivers from that time on.
    """

    def __init__(self, path: Path, info: SourceInfo, decoder: Decoder, begin: int) -> None:
        super().__init__(path, info)
        self._origin = decoder
        self._begin = begin
        self._marks = Marks(self._start(DamageReport()))
        self._cache: IndexCache | None = None
        self._marks_kept = 0

    def _start(self, damage: DamageReport) -> Position:
        guard = StreamGuard(self.info.sensor, damage)
        return Position(self._begin, -1, self._origin.copy(), guard)

    def _packets(self) -> Iterator[Packet]:
        start_us = self._start_us
        self._load_marks()
        with closing(FileBytes(self._path)) as data:
            position = self._start(self._damage)
            if start_us is not None:
                position = self._nearest(data, start_us).copy(self._damage)
            for packet in self._decoded(data, position):
                self._bytes_read = position.offset
                wanted = packet if start_us is None else _since(packet, start_us)
                if len(wanted) or wanted.frames or wanted.imu.size or wanted.triggers.size:
                    yield wanted
        self._store_marks()

    def _nearest(self, data: FileBytes, t_us: int) -> Position:
        """Return the last mark before a time, setting marks up to there first."""
        marks = self._marks
        if not marks.is_complete and marks.last.latest_us < t_us:
            self._index(data, t_us)
            self._store_marks()
        return marks.before(t_us)

    def _index(self, data: FileBytes, t_us: int) -> None:
        """Set marks, to the end if that is near enough, else up to a time."""
        marks = self._marks
        ahead = marks.last.copy(DamageReport())
        with suppress(FileShrankError):
            while marks.last.latest_us < t_us or data.size - ahead.offset <= BUILD_BYTES:
                if ahead.offset >= data.size:
                    marks.is_complete = True
                    return
                ahead = self._leapt(data, ahead) or self._stepped(data, ahead)

    def _leapt(self, data: FileBytes, position: Position) -> Position | None:
        """Return a position further on that was reached by skimming; None where that fails."""
        due = self._marks.due
        ahead = skimmed(data, position, due, self.info.sensor) if due < data.size else None
        if ahead is None:
            return None
        # Two events in order show what is not known of those skimmed: see `StreamGuard.pass_over`.
        packet = self._step(data, ahead)
        if ahead.guard.damage or ahead.guard.is_in_doubt or len(packet.events) < 2:
            return None
        self._marks.note(ahead)
        return ahead

    def _stepped(self, data: FileBytes, position: Position) -> Position:
        """Return the position moved on by decoding: to the next mark where skimming has failed."""
        due = self._marks.due if position.guard.follows_us is not None else position.offset + 1
        while position.offset < min(due, data.size):
            self._step(data, position)
            self._marks.note(position)
        return position

    def _decoded(self, data: FileBytes, position: Position) -> Iterator[Packet]:
        """Yield what may pass the guard, moving `position` along."""
        guard = position.guard
        while position.offset < data.size:
            try:
                packet = self._step(data, position)
            except FileShrankError as error:
                guard.damage.add(_shrunk(position.offset, error.size, data.size))
                yield Packet(Events(guard.flush(), self.info.sensor))
                return
            self._marks.note(position)
            yield packet
        self._marks.is_complete = True
        yield Packet(Events(guard.flush(), self.info.sensor))

    def _step(self, data: FileBytes, position: Position) -> Packet:
        """Return the next packet, moving `position` behind it."""
        start, guard = position.offset, position.guard
        step = position.decoder.step(data, start)
        position.offset = step.after
        for damage in step.damage:
            guard.damage.add(damage)
        events = guard.admit(step.events, byte_start=start, byte_end=step.after)
        packet = _packet(Events(events, self.info.sensor), step, guard.shift_us)
        position.latest_us = _latest_us(position, packet)
        return packet

    def _load_marks(self) -> None:
        if self._cache is None:
            self._cache = IndexCache(self._path, self.info)
            self._marks = self._cache.load(self._marks)
            self._marks_kept = len(self._marks)

    def _store_marks(self) -> None:
        if self._cache is not None and len(self._marks) > self._marks_kept:
            self._cache.store(self._marks)
            self._marks_kept = len(self._marks)


def pixels_used(path: Path, decoder: Decoder, begin: int) -> PixelCounts:
    """Read a recording once for the pixels that saw something; `decoder` is left as it was.

    Raises:
        FormatError: If there is no event.
    """
    counts, at, decoder = PixelCounts(), begin, decoder.copy()
    with closing(FileBytes(path)) as data:
        while at < data.size:
            try:
                step = decoder.step(data, at)
            except FileShrankError:
                break
            counts.add(step.events["x"], step.events["y"])
            at = step.after
    if not len(counts):
        problem = "its sensor size is unknown (no pixel was seen)"
        raise FormatError(path, problem, "give it, such as 346x260")
    return counts


def _shrunk(start: int, size: int, size_before: int) -> Damage:
    return Damage(
        kind="truncated",
        message=f"the file was cut to {size} bytes while it was read",
        byte_start=start,
        byte_end=size_before,
    )


def _packet(events: Events, step: Step, shift_us: int) -> Packet:
    if shift_us:
        step.imu["t"] += shift_us
        step.triggers["t"] += shift_us
    frames = step.frames
    if shift_us and frames:
        frames = tuple(replace(frame, t_us=frame.t_us + shift_us) for frame in frames)
    return Packet(events, frames, step.imu, step.triggers)


def _latest_us(position: Position, packet: Packet) -> int:
    """Return the latest time of anything delivered up to and with this packet."""
    latest_us = max(position.latest_us, position.guard.last_us)
    for samples in (packet.imu, packet.triggers):
        if samples.size:
            latest_us = max(latest_us, int(samples["t"].max()))
    return max([latest_us, *(frame.t_us for frame in packet.frames)])


def _since(packet: Packet, t_us: int) -> Packet:
    """Return what of a packet is not earlier than a time."""
    data = packet.events.data
    return Packet(
        Events(data[np.searchsorted(data["t"], t_us) :], packet.sensor),
        tuple(frame for frame in packet.frames if frame.t_us >= t_us),
        packet.imu[packet.imu["t"] >= t_us],
        packet.triggers[packet.triggers["t"] >= t_us],
    )
