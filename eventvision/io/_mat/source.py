"""MATLAB recordings: (N, 4) matrices, and structures with fields x, y, p and ts.

Pixels are counted from 1 in MATLAB and from 0 by many who export to it: they are taken to count
from 0 if any of them is 0. Polarity is brighter where it is above zero, which serves 0/1 and -1/1
alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    Damage,
    Events,
    FormatError,
    Frame,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io._base import FileSource, checked_path
from eventvision.io._geometry import PixelCounts
from eventvision.io._grey_levels import INTERVAL_US, GreyScale, Measurements, grey_frames
from eventvision.io._guard import StreamGuard
from eventvision.io._npz.arrays import READ_ERRORS
from eventvision.io._npz.samples import SAMPLE_GAP_US, EndToEnd, Samples
from eventvision.io._npz.table import Columns, Table, find_table
from eventvision.io._time_unit import TimeUnit, guess_time_unit, to_us

from .arrays import MatVariable, read_variables

_BLOCK_ROWS = 65_536
_OUTSIDE = 65_535
_EXPOSURES = "EM"
_FEWEST_SHARED = 4
"""Events per distinct time from which times on a regular grid are no sensor's."""


class MatSource(FileSource):
    """Reads a MATLAB recording in constant memory, compressed or not.

    Args:
        path: The file.
        sensor: Size of the pixel array; inferred from the pixels used if not given.
        sample: Name or number of the one variable to read; None for all recordings, end to end.

    Exposure measurements of ATIS (a structure `EM` beside the events) become grey images.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it holds no events that can be read.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        sample: int | str | None = None,
    ) -> None:
        found = checked_path(path)
        tables, exposures = _tables(found, read_variables(found))
        self._tables, notes = _chosen(found, tables, sample)
        seen, self._first_pixel = _pixels_seen(self._tables)
        size = sensor or _inferred(found, seen)
        self._unit = _time_unit(self._tables[0].table, size)
        notes.append(f"Pixels count from {self._first_pixel}; times taken as {self._unit}.")
        if sensor is None:
            notes.append(f"The file states no sensor size; {size} holds the pixels seen.")
        info = SourceInfo(
            name=str(path) if sample is None else f"{path}#{sample}",
            format="MATLAB",
            sensor=size,
            sensor_from="user" if sensor else "data",
            notes=tuple(notes),
        )
        super().__init__(found, info)
        self._exposures = exposures if len(self._tables) == 1 else None
        self._scale = self._grey_scale()

    def _grey_scale(self) -> GreyScale | None:
        if self._exposures is None:
            return None
        scale = GreyScale.of(self._measurements(self._exposures), self._info.sensor)
        if scale is not None:
            self.add_note(
                f"Exposure measurements ({_EXPOSURES}) shown as images every "
                f"{INTERVAL_US // 1000} ms, on a logarithmic scale from {scale.black_us:.0f} us "
                f"(black) to {scale.white_us:.0f} us (white); pixels not measured yet are black."
            )
        return scale

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self._info.sensor, self._damage)
        frames = _Due(self._frames())
        for data in self._admitted(guard):
            due = frames.until(int(data["t"][-1]), guard.shift_us) if data.size else ()
            yield from self._wanted(data, due)
        yield from self._wanted(guard.flush(), frames.until(None, guard.shift_us))

    def _wanted(self, data: NDArray[np.void], frames: tuple[Frame, ...]) -> Iterator[Packet]:
        if self._start_us is not None:
            data = data[data["t"] >= self._start_us]
            frames = tuple(frame for frame in frames if frame.t_us >= self._start_us)
        if data.size or frames:
            yield Packet(Events(data, self._info.sensor), frames)

    def _admitted(self, guard: StreamGuard) -> Iterator[NDArray[np.void]]:
        offsets = np.cumsum([0, *(named.table.rows for named in self._tables)])
        clock = EndToEnd(Samples(offsets, ()))
        for named, start, stop in zip(self._tables, offsets, offsets[1:], strict=False):
            row = int(start)
            try:
                for columns in named.table.blocks(_BLOCK_ROWS):
                    data = self._packed(columns)
                    if len(self._tables) > 1:
                        data["t"] = clock.lay(data["t"], row)
                    row += data.size
                    self._bytes_read = self._bytes_total * row // max(1, int(offsets[-1]))
                    yield guard.admit(data)
            except READ_ERRORS as error:
                self._lost("corrupt-block", f"{named.name} is damaged ({error})", int(stop) - row)
            else:
                self._lost("truncated", f"{named.name} ends early", int(stop) - row)

    def _lost(self, kind: str, message: str, events: int) -> None:
        if events > 0:
            self._damage.add(Damage(kind=kind, message=message, events_skipped=events))

    def _frames(self) -> Iterator[Frame]:
        if self._exposures is None or self._scale is None:
            return
        runs = self._measurements(self._exposures)
        yield from grey_frames(runs, self._scale, self._info.sensor)

    def _measurements(self, exposures: Table) -> Iterator[Measurements]:
        try:
            for columns in exposures.blocks(_BLOCK_ROWS):
                data = self._packed(columns)
                t, x, y = (np.ascontiguousarray(data[name]) for name in ("t", "x", "y"))
                yield Measurements(t, x, y, np.ascontiguousarray(data["on"]))
        except READ_ERRORS as error:
            self._lost("corrupt-block", f"{_EXPOSURES} is damaged ({error})", 1)

    def _packed(self, columns: Columns) -> NDArray[np.void]:
        data = np.zeros(columns["t"].size, EVENT_DTYPE)
        data["t"] = to_us(columns["t"], self._unit)
        data["x"] = _pixels(columns["x"], self._first_pixel)
        data["y"] = _pixels(columns["y"], self._first_pixel)
        data["on"] = columns["p"] > 0
        return data


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    table: Table


class _Due:
    """Hands frames out as the events reach their times."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._next = next(frames, None)

    def until(self, t_us: int | None, shift_us: int) -> tuple[Frame, ...]:
        """Return frames up to a time, all that are left if it is None; `shift_us` is added."""
        due = []
        while self._next is not None and (t_us is None or self._next.t_us + shift_us <= t_us):
            frame = self._next
            due.append(Frame(frame.t_us + shift_us, frame.exposure_us, frame.pixels))
            self._next = next(self._frames, None)
        return tuple(due)


def _tables(path: Path, variables: list[MatVariable]) -> tuple[list[_Named], Table | None]:
    """Return the recordings and the exposure measurements among the variables."""
    recordings, exposures, problem = [], None, None
    for variable in variables:
        try:
            table = find_table(path, variable.arrays, None)
        except FormatError as error:
            problem = error
            continue
        if variable.name == _EXPOSURES:
            exposures = table
        elif table.stored_rows:
            recordings.append(_Named(variable.name, table))
    if not recordings:
        remedy = "store a structure with x, y, p, ts or a matrix with these as columns"
        what = "nothing that can be read" if not variables else "no events"
        raise FormatError(path, f"holds {what}", remedy) from problem
    return recordings, exposures


def _chosen(
    path: Path, tables: list[_Named], sample: int | str | None
) -> tuple[list[_Named], list[str]]:
    """Return the recordings to read and notes about the choice."""
    names = [named.name for named in tables]
    if sample is not None:
        chosen = [t for i, t in enumerate(tables) if sample in (i, str(i), t.name)]
        if not chosen:
            remedy = f"choose one of {', '.join(names)} or 0 to {len(names) - 1}"
            raise FormatError(path, f"has no recording {sample}", remedy)
        return chosen[:1], [f"Variable {chosen[0].name}."]
    if len(tables) == 1:
        return tables, [f"Variable {names[0]}."]
    computed = [named for named in tables if _is_computed(named.table)]
    kept = [named for named in tables if named not in computed] or tables
    notes = [
        f"{', '.join(named.name for named in kept)} laid end to end, {SAMPLE_GAP_US // 1000} ms "
        "apart; #NAME opens one variable."
    ]
    if computed and kept is not tables:
        left_out = ", ".join(named.name for named in computed)
        notes.append(f"Left out, being computed (their times are a regular grid): {left_out}.")
    return kept, notes


def _is_computed(table: Table) -> bool:
    """Tell whether many events share each of few times on a grid, as in drawn examples."""
    try:
        block = next(table.blocks(_BLOCK_ROWS, only="t"), None)
    except READ_ERRORS:
        return False
    if block is None:
        return False
    times = np.unique(block["t"])
    steps = np.unique(np.diff(times))
    return times.size > 1 and steps.size == 1 and block["t"].size >= _FEWEST_SHARED * times.size


def _pixels_seen(tables: list[_Named]) -> tuple[PixelCounts, int]:
    """Return how often columns and rows occur, and the number of the first."""
    seen, lowest = (PixelCounts(), PixelCounts()), _OUTSIDE
    for named in tables:
        try:
            for block in named.table.blocks(_BLOCK_ROWS, only="xy"):
                for first, counts in enumerate(seen):
                    counts.add(_pixels(block["x"], first), _pixels(block["y"], first))
                lowest = min(lowest, *(int(_pixels(block[side], 0).min()) for side in "xy"))
        except READ_ERRORS:
            continue
    first_pixel = 0 if lowest == 0 else 1
    return seen[first_pixel], first_pixel


def _inferred(path: Path, seen: PixelCounts) -> SensorSize:
    try:
        return seen.sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error


def _time_unit(table: Table, sensor: SensorSize) -> TimeUnit:
    if table.unit is not None:
        return table.unit
    try:
        block: dict[str, NDArray[Any]] | None = next(table.blocks(_BLOCK_ROWS, only="t"), None)
    except READ_ERRORS:
        block = None
    return "us" if block is None else guess_time_unit(block["t"], sensor.pixels)


def _pixels(values: NDArray[Any], first_pixel: int) -> NDArray[np.uint16]:
    """Return coordinates from 0; what no sensor has becomes 65535, which the guard turns away."""
    whole = np.rint(values).astype(np.float64) - first_pixel
    return np.where((whole >= 0) & (whole < _OUTSIDE), whole, _OUTSIDE).astype(np.uint16)
