"""Finds the events among stored arrays: columns, a structured array, or an (N, 4) table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, FormatError
from eventvision.io._text.columns import checked_order, guess_order, role_of
from eventvision.io._time_unit import TimeUnit

from .arrays import READ_ERRORS, Run, StoredArray

Columns = dict[str, NDArray[Any]]
"""Equally long one-dimensional arrays under `t`, `x`, `y`, `p`."""

_SAMPLE_ROWS = 65_536

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """Events as four columns, wherever they are stored.

    Attributes:
        rows: How many events the file promises.
        stored_rows: How many are there.
        unit: Unit of the times, where a name states it.
        note: How the columns were recognised, one sentence, or an empty string.
    """

    rows: int
    stored_rows: int
    unit: TimeUnit | None
    note: str
    _runs: tuple[Run, ...]
    _places: Mapping[str, tuple[int, str | None]]

    def blocks(
        self, rows: int, start: int = 0, stop: int | None = None, *, only: str = ""
    ) -> Iterator[Columns]:
        """Yield rows `[start, stop)` in blocks of `rows`; `only` names the columns wanted."""
        stop = self.stored_rows if stop is None else min(stop, self.stored_rows)
        wanted = {role: self._places[role] for role in only or self._places}
        runs = {index: self._runs[index] for index, _ in wanted.values()}
        for parts in zip(*(run.blocks(rows, start, stop) for run in runs.values()), strict=True):
            whole = min(part.size for part in parts)
            block = {index: part[:whole] for index, part in zip(runs, parts, strict=True)}
            yield {
                role: block[index] if field is None else block[index][field]
                for role, (index, field) in wanted.items()
            }


def find_table(path: Path, arrays: Mapping[str, StoredArray], columns: str | None) -> Table:
    """Return the events among the arrays of a file.

    Args:
        path: For messages.
        arrays: What the file holds.
        columns: Order of the columns of an (N, 4) array, where the user gave it.

    Raises:
        FormatError: If there are none, or their columns do not fit together.
    """
    if (named := _named(list(arrays.items()))) is not None:
        return _from_columns(path, *named)
    for array in arrays.values():
        if (fields := _named([(name, name) for name in array.dtype.names or ()])) is not None:
            return _from_records(path, array, *fields)
    for array in arrays.values():
        if array.dtype.kind in "iufb" and len(array.shape) == 2 and 4 in array.shape:
            return _from_matrix(path, array, columns)
    found = ", ".join(f"{a.name or 'array'} {a.dtype} {a.shape}" for a in arrays.values())
    raise FormatError(
        path,
        f"holds no events (found {found[:200]})",
        "store columns t, x, y, p, a structured array of them, or an (N, 4) array",
    )


def _named(items: list[tuple[str, T]]) -> tuple[dict[str, T], TimeUnit | None] | None:
    """Pick what is called t, x, y and p; None unless all four are there."""
    roles: dict[str, T] = {}
    unit: TimeUnit | None = None
    for name, item in items:
        if (role := role_of(name)) is not None and role[0] not in roles:
            roles[role[0]] = item
            unit = role[1] or unit
    return (roles, unit) if roles.keys() >= set("txyp") else None


def _from_columns(path: Path, roles: dict[str, StoredArray], unit: TimeUnit | None) -> Table:
    for array in roles.values():
        if len(array.shape) != 1 or array.dtype.kind not in "iufb":
            problem = f"array {array.name!r} is {array.dtype} {array.shape}, not a row of numbers"
            raise FormatError(path, problem, "export it again")
    if len({array.shape for array in roles.values()}) != 1:
        lengths = ", ".join(f"{array.name} {array.shape[0]}" for array in roles.values())
        raise FormatError(path, f"its columns differ in length ({lengths})", "export it again")
    runs = tuple(Run(array, array.dtype, 0, array.shape[0]) for array in roles.values())
    places = {role: (index, None) for index, role in enumerate(roles)}
    return _table(runs, places, unit, "")


def _from_records(
    path: Path, array: StoredArray, fields: dict[str, str], unit: TimeUnit | None
) -> Table:
    if len(array.shape) != 1 or any(
        array.dtype[name].kind not in "iufb" for name in fields.values()
    ):
        raise FormatError(path, "its structured array is no row of numbers", "export it again")
    run = Run(array, array.dtype, 0, array.shape[0])
    if array.dtype == EVENT_DTYPE:
        unit = "us"
    return _table((run,), {role: (0, name) for role, name in fields.items()}, unit, "")


def _from_matrix(path: Path, array: StoredArray, columns: str | None) -> Table:
    rows_first = array.shape[1] == 4
    rows = array.shape[0] if rows_first else array.shape[1]
    if rows_first != array.fortran:
        fields = np.dtype([(str(index), array.dtype) for index in range(4)])
        runs: tuple[Run, ...] = (Run(array, fields, 0, rows),)
        places: list[tuple[int, str | None]] = [(0, str(index)) for index in range(4)]
    else:
        runs = tuple(Run(array, array.dtype, index * rows, rows) for index in range(4))
        places = [(index, None) for index in range(4)]
    unordered = _table(runs, dict(zip("0123", places, strict=True)), None, "")
    order = (columns and checked_order(columns)) or _sampled_order(unordered)
    if order is None:
        raise FormatError(
            path,
            f"its {array.shape} array does not look like columns of t, x, y and polarity",
            "give their order, such as columns=txyp",
        )
    note = f"Column order {' '.join(order)} {'as given' if columns else 'taken from the content'}."
    return _table(runs, dict(zip(order, places, strict=True)), None, note)


def _sampled_order(table: Table) -> str | None:
    try:
        sample = next(table.blocks(_SAMPLE_ROWS), {})
    except READ_ERRORS:
        return None
    if not sample:
        return "txyp"
    return guess_order(np.stack([sample[role].astype(np.float64) for role in "0123"], axis=1))


def _table(
    runs: tuple[Run, ...],
    places: Mapping[str, tuple[int, str | None]],
    unit: TimeUnit | None,
    note: str,
) -> Table:
    stored = min(run.stored for run in runs)
    return Table(runs[0].count, stored, unit, note, runs, places)
