"""Text recordings: one event a line, `.txt` or `.csv`.

Columns are separated by blanks, commas or semicolons. Polarity is 0/1, -1/1 or true/false. A line
that cannot be read is skipped and counted. Times in seconds are read as decimal numbers and
rounded to the nearest microsecond, exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    Damage,
    DamageReport,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io._base import FileSource, checked_path
from eventvision.io._geometry import PixelCounts
from eventvision.io._guard import StreamGuard
from eventvision.io._time_unit import US_EXPONENT, TimeUnit
from eventvision.kernels import text as kernel

from .layout import TextLayout, find_layout

_BLOCK_BYTES = 1 << 20
_BAD_RUNS = 256
_LONGEST_QUIET_US = 3_600_000_000
_ROLES = {"t": kernel.TIME, "x": kernel.X, "y": kernel.Y, "p": kernel.POLARITY, "-": kernel.SKIP}


class TextSource(FileSource):
    """Reads a text recording.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.
        columns: Order of the columns, such as `xytp`, with `-` for one to skip; None to detect it.
        time_unit: Unit of the times; None to detect it.
        packet_events: Events in a packet; up to 64 that were held back may come on top.

    Where no size is given or stated, the file is read once to infer it; `seek` is quick then.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If no line of it reads as an event.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        columns: str | None = None,
        time_unit: TimeUnit | None = None,
        packet_events: int = 65_536,
    ) -> None:
        if packet_events < 1:
            raise ValueError(f"packet_events must be positive, got {packet_events}")
        found = checked_path(path)
        with found.open("rb") as file:
            head = file.read(_BLOCK_BYTES)
        self._layout = find_layout(found, head, columns, time_unit)
        self._packet_events = packet_events
        self._index = _Index()
        size, size_from, note = self._sensor(found, sensor)
        info = SourceInfo(
            name=str(path),
            format="text",
            sensor=size,
            sensor_from=size_from,
            notes=(*self._layout.notes, *note),
        )
        super().__init__(found, info)

    def _sensor(
        self, path: Path, given: SensorSize | None
    ) -> tuple[SensorSize, Literal["header", "data", "user"], tuple[str, ...]]:
        if given is not None:
            return given, "user", ()
        if self._layout.sensor is not None:
            return self._layout.sensor, "header", ()
        seen = PixelCounts()
        for at, block in _line_blocks(path, self._layout.start):
            self._index.begin(at)
            for events in _parsed(block, at, self._layout, self._packet_events, DamageReport()):
                seen.add(events["x"], events["y"])
                self._index.pass_by(events["t"])
        try:
            size = seen.sensor()
        except ValueError as error:
            raise FormatError(
                path, f"its sensor size is unknown ({error})", "give it, such as 346x260"
            ) from error
        return size, "data", (f"The file states no sensor size; {size} holds the pixels seen.",)

    def _packets(self) -> Iterator[Packet]:
        for data in self._admitted():
            wanted = data if self._start_us is None else data[data["t"] >= self._start_us]
            if wanted.size:
                yield Packet(Events(wanted, self._info.sensor))

    def _admitted(self) -> Iterator[NDArray[np.void]]:
        guard = StreamGuard(self._info.sensor, self._damage)
        start = self._layout.start
        if self._start_us is not None:
            start = self._index.before(self._start_us, start)
        for at, block in _line_blocks(self._path, start):
            for events in _parsed(block, at, self._layout, self._packet_events, self._damage):
                yield guard.admit(events, byte_start=at, byte_end=at + len(block))
            self._bytes_read = at + len(block)
        yield guard.flush()


class _Index:
    """Where to begin reading for a given time, as far as times are in order.

    Once they are not, what comes out depends on all that was before, and no place is added.
    """

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._last_us = 0
        self._in_order = True

    def begin(self, at: int) -> None:
        """A block of lines begins at this byte."""
        if self._in_order:
            self._places.append((self._last_us, at))

    def pass_by(self, t: NDArray[np.int64]) -> None:
        """These events come next."""
        if t.size:
            steps = np.diff(t, prepend=self._last_us if len(self._places) > 1 else t[0])
            quiet = bool(((steps >= 0) & (steps < _LONGEST_QUIET_US)).all())
            self._in_order &= quiet and t[0] >= 0
            self._last_us = int(t[-1])

    def before(self, t_us: int, start: int) -> int:
        """Return the last byte known to come after earlier events only, `start` if none is."""
        found = bisect_left(self._places, (t_us, 0)) - 1
        return self._places[found][1] if found >= 0 else start


def _line_blocks(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines in blocks, each with the byte at which it begins.

    A line longer than a block is cut in two; neither part reads as an event.
    """
    rest, at = b"", start
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(_BLOCK_BYTES):
            text = rest + block
            stop = text.rfind(b"\n") + 1
            if stop == 0 and len(text) < _BLOCK_BYTES:
                rest = text
                continue
            lines = text[:stop] or text + b"\n"
            yield at, lines
            at += stop or len(text)
            rest = text[stop:] if stop else b""
    if rest:
        yield at, rest + b"\n"


def _parsed(
    block: bytes, at: int, layout: TextLayout, most: int, damage: DamageReport
) -> Iterator[NDArray[np.void]]:
    """Yield the events of whole lines; bad lines go into the damage report."""
    text = np.frombuffer(block, np.uint8)
    roles = np.array([_ROLES[role] for role in layout.order], np.int64)
    bad, result = np.empty((_BAD_RUNS, 3), np.int64), np.empty(3, np.int64)
    while text.size:
        events = np.empty(min(most, text.size // 8 + 1), EVENT_DTYPE)
        kernel.parse_events(text, roles, US_EXPONENT[layout.unit], events, bad, result)
        consumed, found, runs = (int(value) for value in result)
        for start, stop, lines in bad[:runs].tolist():
            damage.add(
                Damage(
                    kind="bad-line",
                    message=f"not columns {' '.join(layout.order)}",
                    byte_start=at + start,
                    byte_end=at + stop,
                    events_skipped=lines,
                )
            )
        yield events[:found]
        text = text[consumed:]
        at += consumed
