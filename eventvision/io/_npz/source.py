"""NumPy recordings: `.npz` with columns, `.npy` with a structured or an (N, 4) array.

Columns are called t, x, y and p or on, or one of their usual aliases. They are read from the
archive in blocks, so memory does not grow with the file. Polarity is brighter where it is above
zero, which serves 0/1 and -1/1 alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Literal

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
from eventvision.io._time_unit import TIME_UNITS, TimeUnit, guess_time_unit, to_us

from .arrays import READ_ERRORS, StoredArray, StoredArrays, read_arrays
from .samples import SAMPLE_GAP_US, EndToEnd, Samples, find_samples
from .table import Columns, Table, find_table

_SIZE_NAMES = ("sensor", "sensor_size", "resolution")
_BLOCK_ROWS = 65_536
_OUTSIDE = 65_535


class NpzSource(FileSource):
    """Reads a `.npz` or `.npy` recording.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the file says.
        columns: Order of the columns of an (N, 4) array, such as `xytp`; None to detect it.
        time_unit: Unit of the times; None to detect it.
        sample: Number of the one sample of a collection to read; None for all, end to end.
        packet_events: Events in a packet, and the most that are lost before a damaged place; up to
            64 that were held back may come on top.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it holds no events that can be read.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize | None = None,
        columns: str | None = None,
        time_unit: TimeUnit | None = None,
        sample: int | None = None,
        packet_events: int = 8192,
    ) -> None:
        if packet_events < 1:
            raise ValueError(f"packet_events must be positive, got {packet_events}")
        found = checked_path(path)
        with ExitStack() as stack:
            stored = read_arrays(found, stack)
            arrays = stored.arrays
            table = _table(found, stored, columns)
            if table.rows > 0 and table.stored_rows == 0:
                raise FormatError(path, "is cut before its first event", "copy it again")
            samples = find_samples(found, arrays, table.rows)
            size, size_from, size_note = _sensor(found, arrays, table, sensor)
            unit, unit_note = _time_unit(arrays, table, time_unit, size)
        self._columns, self._unit, self._packet_events = columns, unit, packet_events
        self._problem = stored.problem
        self._first, self._stop, rows_note = _rows(found, table.rows, samples, sample)
        self._samples = samples if sample is None else None
        info = SourceInfo(
            name=str(path) if sample is None else f"{path}#{sample}",
            format="NPY" if "" in arrays else "NPZ",
            sensor=size,
            sensor_from=size_from,
            notes=tuple(note for note in (table.note, unit_note, size_note, rows_note) if note),
        )
        super().__init__(found, info)

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self._info.sensor, self._damage)
        for data in self._admitted(guard):
            wanted = data if self._start_us is None else data[data["t"] >= self._start_us]
            if wanted.size:
                yield Packet(Events(wanted, self._info.sensor))

    def _admitted(self, guard: StreamGuard) -> Iterator[NDArray[np.void]]:
        row = self._first
        clock = None if self._samples is None else EndToEnd(self._samples)
        if self._problem:
            message = f"the archive's directory cannot be read ({self._problem})"
            self._damage.add(Damage(kind="no-directory", message=message))
        try:
            with ExitStack() as stack:
                table = _table(self._path, read_arrays(self._path, stack), self._columns)
                for columns in table.blocks(self._packet_events, row, self._stop):
                    data = _packed(columns, self._unit)
                    if clock is not None:
                        data["t"] = clock.lay(data["t"], row)
                    row += data.size
                    self._bytes_read = self._bytes_total * row // max(1, self._stop)
                    yield guard.admit(data)
        except READ_ERRORS as error:
            self._lost("corrupt-block", f"the archive is damaged ({error})", self._stop - row)
        else:
            self._lost("truncated", "the file ends early", self._stop - row)
        yield guard.flush()

    def _lost(self, kind: str, message: str, events: int) -> None:
        if events > 0:
            self._damage.add(Damage(kind=kind, message=message, events_skipped=events))


def _table(path: Path, stored: StoredArrays, columns: str | None) -> Table:
    try:
        return find_table(path, stored.arrays, columns)
    except FormatError as error:
        if not stored.problem:
            raise
        problem = f"is cut or damaged ({stored.problem}), and of what is left: {error.problem}"
        raise FormatError(path, problem, "copy it again") from error


def _sensor(
    path: Path, arrays: Mapping[str, StoredArray], table: Table, given: SensorSize | None
) -> tuple[SensorSize, Literal["header", "data", "user"], str]:
    if given is not None:
        return given, "user", ""
    if (stored := _stored_sensor(arrays)) is not None:
        return stored, "header", ""
    seen = PixelCounts()
    with suppress(*READ_ERRORS):
        for block in table.blocks(_BLOCK_ROWS, only="xy"):
            seen.add(_pixels(block["x"]), _pixels(block["y"]))
    try:
        size = seen.sensor()
    except ValueError as error:
        raise FormatError(
            path, f"its sensor size is unknown ({error})", "give it, such as 346x260"
        ) from error
    return size, "data", f"The file states no sensor size; {size} holds the pixels seen."


def _stored_sensor(arrays: Mapping[str, StoredArray]) -> SensorSize | None:
    for names in (*((name,) for name in _SIZE_NAMES), ("width", "height")):
        if all(name in arrays for name in names):
            with suppress(*READ_ERRORS, ValueError, TypeError):
                values = [value for name in names for value in arrays[name].load().ravel()]
                width, height = (int(value) for value in values)
                return SensorSize(width, height)
    return None


def _stored_unit(arrays: Mapping[str, StoredArray]) -> TimeUnit | None:
    stated = ""
    if "time_unit" in arrays:
        with suppress(*READ_ERRORS, ValueError, TypeError):
            stated = str(arrays["time_unit"].load())
    return next((unit for unit in TIME_UNITS if unit == stated), None)


def _time_unit(
    arrays: Mapping[str, StoredArray], table: Table, given: TimeUnit | None, sensor: SensorSize
) -> tuple[TimeUnit, str]:
    if given is not None:
        return given, f"Times taken as {given}, as given."
    if (stated := _stored_unit(arrays)) is not None:
        return stated, ""
    if table.unit is not None:
        return table.unit, f"Times taken as {table.unit}, as the column is named."
    try:
        sample = next(table.blocks(_BLOCK_ROWS, only="t"), None)
    except READ_ERRORS:
        sample = None
    unit = "us" if sample is None else guess_time_unit(sample["t"], sensor.pixels)
    rounded = ", rounded to whole microseconds" if unit in ("s", "ns") else ""
    return unit, f"Times taken as {unit}, judged by their values{rounded}."


def _rows(
    path: Path, rows: int, samples: Samples | None, chosen: int | None
) -> tuple[int, int, str]:
    """Return first row, end row and a note."""
    if samples is None:
        if chosen is not None:
            raise FormatError(path, "has no numbered samples", f"leave out #{chosen}")
        return 0, rows, ""
    if chosen is None:
        gap_ms = SAMPLE_GAP_US // 1000
        note = f"{len(samples)} samples laid end to end, {gap_ms} ms apart; #N opens sample N."
        return 0, rows, note
    if not 0 <= chosen < len(samples):
        last = len(samples) - 1
        raise FormatError(path, f"has no sample {chosen}", f"choose one of 0 to {last}")
    label = f", label {samples.labels[chosen]}" if samples.labels else ""
    first, stop = (int(offset) for offset in samples.offsets[chosen : chosen + 2])
    return first, stop, f"Sample {chosen} of {len(samples)}{label}."


def _packed(columns: Columns, unit: TimeUnit) -> NDArray[np.void]:
    data = np.empty(columns["t"].size, EVENT_DTYPE)
    data["t"] = to_us(columns["t"], unit)
    data["x"], data["y"] = _pixels(columns["x"]), _pixels(columns["y"])
    data["on"] = columns["p"] > 0
    return data


def _pixels(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Return coordinates; what no sensor has becomes 65535, which the guard turns away."""
    whole = np.rint(values) if values.dtype.kind == "f" else values
    return np.where((whole >= 0) & (whole < _OUTSIDE), whole, _OUTSIDE).astype(np.uint16)
