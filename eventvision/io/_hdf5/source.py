"""HDF5 recordings: the layouts of DSEC and Prophesee, and columns or tables like them.

DSEC keeps columns `p`, `t`, `x`, `y` in `/events`, times from `/t_offset` on, and in `/ms_to_idx`
the first event of each millisecond. Prophesee keeps a table in `/CD/events` and edges of external
signals in `/EXT_TRIGGER/events`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    Damage,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io._base import FileSource, checked_path
from eventvision.io._geometry import PixelCounts
from eventvision.io._guard import StreamGuard
from eventvision.io._steady import runs_on, sample_places
from eventvision.io._time_unit import TimeUnit, guess_time_unit, to_us

from .attributes import stated_sensor, stored_number, stored_text, stored_triggers
from .chunks import check_chunks
from .layout import Layout, find_layout
from .tables import READ_ERRORS, Block, Table, first_line, read_blocks

if TYPE_CHECKING:
    import h5py

_CACHE_BYTES = 16 << 20
_LEAD_ROWS = 4096
_OUTSIDE = 65_535
_INSTALL = "install it with: pip install eventvision[hdf5]"
_MOST_PROBES = 64


class Hdf5Source(FileSource):
    """An HDF5 recording, read block by block in constant memory.

    Seeking looks for the time among those stored, with `ms_to_idx` where it is sound. In a file
    whose clock steps back, which a reading from the beginning closes up, it lands somewhere after
    a step, and times are as stored from there on.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.
        group: Group whose events to read, such as `prophesee/right`; None for the first.
        time_unit: Unit of the times; None to detect it.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it cannot be opened or holds no events that can be read, or a library for
            it is missing.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        group: str | None = None,
        time_unit: TimeUnit | None = None,
    ) -> None:
        found = checked_path(path)
        with _opened(found) as file:
            layout = find_layout(found, file, group)
            size, origin, size_note = _sensor(found, file, layout, sensor)
            unit, unit_note = _time_unit(layout, time_unit, size)
            self._offset_us = stored_number(file, "t_offset")
            self._triggers = stored_triggers(file)
            camera = stored_text(found, file, "camera") or stored_text(found, file, "serial_number")
        self._group, self._unit = layout.group, unit
        self._clock_runs_on: bool | None = None
        super().__init__(
            found,
            SourceInfo(
                name=str(path),
                format=f"HDF5, {layout.name}",
                sensor=size,
                sensor_from=origin,
                camera=camera,
                notes=tuple(note for note in (*layout.notes, unit_note, size_note) if note),
            ),
        )

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self.info.sensor, self._damage)
        edges, start_us = self._triggers.copy(), self._start_us
        if start_us is not None:
            edges = edges[edges["t"] >= start_us]
        for data in self._admitted(guard):
            events = data if start_us is None else data[np.searchsorted(data["t"], start_us) :]
            if not events.size:
                continue
            due = np.searchsorted(edges["t"] + guard.shift_us, events["t"][-1], side="right")
            yield Packet(
                Events(events, self.info.sensor), triggers=_shifted(edges[:due], guard.shift_us)
            )
            edges = edges[due:]
        if edges.size:
            rest = _shifted(edges, guard.shift_us)
            yield Packet(Events.empty(self.info.sensor), triggers=rest)

    def _admitted(self, guard: StreamGuard) -> Iterator[NDArray[np.void]]:
        with _opened(self._path) as file:
            layout = find_layout(self._path, file, self._group)
            table, stored = layout.table, layout.table.stored_rows
            seeks = self._start_us is not None and self._runs_on(table)
            row = self._first_row(file, layout, self._start_us or 0) if seeks else 0
            while row < stored:
                stop = min(stored, row - row % table.block_rows + table.block_rows)
                for block in read_blocks(table, row, stop):
                    if block.columns is None:
                        self._lost(block)
                        continue
                    events = self._packed(block.columns)
                    yield guard.admit(events, byte_start=block.byte_start, byte_end=block.byte_end)
                row = stop
                self._bytes_read = self._bytes_total * row // stored
            if table.rows > stored:
                message, lost = "the file holds less than it says", table.rows - stored
                damage = Damage(kind="truncated", message=message, events_skipped=lost)
                self._damage.add(damage)
        yield guard.flush()

    def _packed(self, columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
        events = np.zeros(columns["t"].size, EVENT_DTYPE)
        events["t"] = to_us(columns["t"], self._unit) + self._offset_us
        events["x"], events["y"] = _pixels(columns["x"]), _pixels(columns["y"])
        events["on"] = columns["p"] > 0
        return events

    def _runs_on(self, table: Table) -> bool:
        """Whether the clock seems to run on, so that a time can be looked for."""
        if self._clock_runs_on is None:
            places = sample_places(0, table.stored_rows) if table.stored_rows else ()
            try:
                times = np.asarray([table.time(row) for row in places])
                self._clock_runs_on = runs_on(to_us(times, self._unit).tolist())
            except READ_ERRORS:
                self._clock_runs_on = False
        return self._clock_runs_on

    def _first_row(self, file: h5py.File, layout: Layout, t_us: int) -> int:
        """Return a row somewhat before the first event at or after a time."""
        table = layout.table

        def is_before(row: int) -> bool:
            stored = to_us(np.asarray([table.time(row)]), self._unit)[0]
            return bool(stored + self._offset_us < t_us)

        try:
            low, high = _indexed_rows(file, t_us - self._offset_us, table.stored_rows)
            if low > 0 and not is_before(low - 1):
                low = 0
            if high < table.stored_rows and is_before(high):
                high = table.stored_rows
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if is_before(middle) else (low, middle)
        except READ_ERRORS:
            # The search met a damaged block; reading from the beginning steps over it.
            return 0
        return max(0, low - _LEAD_ROWS)

    def _lost(self, block: Block) -> None:
        damage = Damage(
            kind="corrupt-block",
            message=block.problem,
            byte_start=block.byte_start,
            byte_end=block.byte_end,
            events_skipped=block.rows,
        )
        self._damage.add(damage)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        import h5py
    except ImportError as error:
        raise FormatError(path, "needs the library h5py", _INSTALL) from error
    try:
        file = h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES)
    except READ_ERRORS as error:
        problem = f"cannot be opened as HDF5 ({first_line(error)})"
        raise FormatError(path, problem, "copy or record it again") from error
    with file:
        try:
            yield file
        except READ_ERRORS as error:
            problem = f"is damaged beyond reading ({first_line(error)})"
            raise FormatError(path, problem, "copy or record it again") from error


def _indexed_rows(file: h5py.File, t_us: int, rows: int) -> tuple[int, int]:
    """Return between which rows `ms_to_idx` says that a time lies; all rows if it says nothing."""
    index = file.get("ms_to_idx")
    if index is None or getattr(index, "ndim", 0) != 1 or t_us < 0:
        return 0, rows
    first = t_us // 1000
    try:
        check_chunks(index, first, first + 2)
        check_chunks(index, max(0, index.shape[0] - 1), index.shape[0])
    except READ_ERRORS:
        return 0, rows
    found = [int(row) for row in index[first : first + 2]]
    low = found[0] if found else (int(index[-1]) if index.shape[0] else 0)
    high = found[1] + 1 if len(found) == 2 else rows
    return (low, min(high, rows)) if 0 <= low <= high else (0, rows)


def _sensor(
    path: Path, file: h5py.File, layout: Layout, given: SensorSize | None
) -> tuple[SensorSize, Literal["header", "data", "user"], str]:
    if given is not None:
        return given, "user", ""
    if (stated := stated_sensor(path, file)) is not None:
        return stated, "header", ""
    counts, stored = PixelCounts(), layout.table.stored_rows
    blocks = -(-stored // layout.table.block_rows)
    step = max(1, blocks // _MOST_PROBES)
    for block in range(0, blocks, step):
        first = block * layout.table.block_rows
        stop = min(stored, first + layout.table.block_rows)
        for found in read_blocks(layout.table, first, stop):
            if found.columns is not None:
                counts.add(_pixels(found.columns["x"]), _pixels(found.columns["y"]))
    try:
        size = counts.sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
    share = "" if step == 1 else f" in every {step}th block of events"
    return size, "data", f"The file states no sensor size; {size} holds the pixels seen{share}."


def _time_unit(layout: Layout, given: TimeUnit | None, sensor: SensorSize) -> tuple[TimeUnit, str]:
    if given is not None:
        return given, f"Times taken as {given}, as given."
    if layout.unit is not None:
        return layout.unit, ""
    try:
        sample = layout.table.read(0, min(layout.table.stored_rows, layout.table.block_rows))["t"]
    except READ_ERRORS:
        sample = np.empty(0, np.int64)
    unit = guess_time_unit(sample, sensor.pixels) if sample.size else "us"
    return unit, f"Times taken as {unit}, judged by their values."


def _shifted(edges: NDArray[np.void], shift_us: int) -> NDArray[np.void]:
    moved = edges.copy()
    moved["t"] += shift_us
    return moved


def _pixels(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Return coordinates; what no sensor has becomes 65535, which the guard turns away."""
    whole = np.rint(values) if values.dtype.kind == "f" else values
    return np.where((whole >= 0) & (whole < _OUTSIDE), whole, _OUTSIDE).astype(np.uint16)
