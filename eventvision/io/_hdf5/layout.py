"""Finds the events in an HDF5 file: columns in a group, a compound dataset, or an (N, 4) table.

Links out of the file, and datasets that draw on other files, are never followed: opening a
recording must not read anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eventvision.core import FormatError
from eventvision.io._text.columns import guess_order, role_of
from eventvision.io._time_unit import TimeUnit

from .chunks import check_chunks
from .ecf import FILTER, EcfTable
from .tables import READ_ERRORS, Column, ColumnTable, Table, stored_rows

if TYPE_CHECKING:
    import h5py

_MOST_OBJECTS = 10_000
_MOST_CHUNK_BYTES = 1 << 28
_SAMPLE_ROWS = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The events of a file.

    Attributes:
        table: The events.
        group: Path of the group that holds them, without a slash at the end.
        name: How the layout is called.
        unit: Unit of the times; None if it must be judged by the values.
        notes: How they were recognised.
    """

    table: Table
    group: str
    name: str
    unit: TimeUnit | None
    notes: tuple[str, ...] = ()


def find_layout(path: Path, file: h5py.File, group: str | None) -> Layout:
    """Return the first events in a file, or those in a group.

    Args:
        path: For messages and for the size of the file.
        file: The open file.
        group: Group to look in; None for the whole file.

    Raises:
        FormatError: If there are none, or they cannot be decompressed.
    """
    datasets = _datasets(file)
    if group is not None:
        inside = group.strip("/")
        datasets = {name: data for name, data in datasets.items() if _parent(name) == inside}
    found = list(_candidates(datasets, path.stat().st_size))
    if not found:
        listed = ", ".join(f"{name} {data.dtype} {data.shape}" for name, data in datasets.items())
        problem = f"holds no events (found {listed[:200] or 'no datasets'})"
        raise FormatError(path, problem, "store columns t, x, y, p in one group")
    first, *others = found
    for data in datasets.values():
        if _parent(data.name) == first.group:
            _check_filters(path, data)
    if not others:
        return first
    names = ", ".join(f"/{other.group}" for other in others)
    note = f"Events of group /{first.group}; those of {names} are left out."
    return Layout(
        table=first.table,
        group=first.group,
        name=first.name,
        unit=first.unit,
        notes=(*first.notes, note),
    )


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return the datasets of a file that lie in it, by name, as far as it is sound."""
    from h5py import Dataset

    found: dict[str, h5py.Dataset] = {}
    seen = 0

    def visit(name: str, item: Any) -> bool | None:
        nonlocal seen
        seen += 1
        with suppress(*READ_ERRORS):
            if isinstance(item, Dataset) and not item.is_virtual and not item.external:
                found[name] = item
        return True if seen > _MOST_OBJECTS else None

    with suppress(*READ_ERRORS):
        file.visititems(visit)
    return found


def _candidates(datasets: Mapping[str, h5py.Dataset], file_bytes: int) -> Iterator[Layout]:
    usable = {name: data for name, data in datasets.items() if _is_usable(data)}
    for group in dict.fromkeys(map(_parent, usable)):
        roles: dict[str, Column] = {}
        unit: TimeUnit | None = None
        for name, data in usable.items():
            role = role_of(name.rpartition("/")[2]) if _parent(name) == group else None
            if role and role[0] not in roles and data.ndim == 1 and data.dtype.kind in "iufb":
                roles[role[0]], unit = Column(data), role[1] or unit
        if roles.keys() >= set("txyp"):
            yield _columns(group, roles, unit, datasets, file_bytes)
    for name, data in usable.items():
        if (layout := _compound(name, data, file_bytes)) is not None:
            yield layout
    for name, data in usable.items():
        if data.ndim == 2 and data.shape[1] == 4 and data.dtype.kind in "iuf":
            layout = _matrix(name, data, file_bytes)
            if layout is not None:
                yield layout


def _columns(
    group: str,
    roles: Mapping[str, Column],
    unit: TimeUnit | None,
    datasets: Mapping[str, h5py.Dataset],
    file_bytes: int,
) -> Layout:
    table = ColumnTable(roles, file_bytes)
    if "ms_to_idx" in datasets or "t_offset" in datasets:
        return Layout(table=table, group=group, name="DSEC layout", unit="us")
    return Layout(table=table, group=group, name="columns", unit=unit)


def _compound(name: str, data: h5py.Dataset, file_bytes: int) -> Layout | None:
    roles: dict[str, Column] = {}
    unit: TimeUnit | None = None
    for field in data.dtype.names or ():
        role = role_of(field)
        if role is not None and role[0] not in roles and data.dtype[field].kind in "iufb":
            roles[role[0]], unit = Column(data, field), role[1] or unit
    if data.ndim != 1 or not roles.keys() >= set("txyp"):
        return None
    if FILTER in _filters(data):
        table = EcfTable(data, stored_rows(data, file_bytes))
        return Layout(table=table, group=_parent(name), name="Prophesee, ECF", unit="us")
    is_prophesee = name == "CD/events"
    return Layout(
        table=ColumnTable(roles, file_bytes),
        group=_parent(name),
        name="Prophesee" if is_prophesee else "table",
        unit="us" if is_prophesee else unit,
    )


def _matrix(name: str, data: h5py.Dataset, file_bytes: int) -> Layout | None:
    try:
        check_chunks(data, 0, _SAMPLE_ROWS)
        order = guess_order(np.asarray(data[:_SAMPLE_ROWS], np.float64))
    except READ_ERRORS:
        return None
    if order is None:
        return None
    table = ColumnTable(
        {role: Column(data, index=order.index(role)) for role in "txyp"}, file_bytes
    )
    note = f"Column order {' '.join(order)} taken from the content."
    return Layout(table=table, group=_parent(name), name="table", unit=None, notes=(note,))


def _is_usable(data: h5py.Dataset) -> bool:
    if data.ndim not in (1, 2) or data.shape is None:
        return False
    chunk_bytes = int(np.prod(data.chunks or (0,), dtype=np.float64) * data.dtype.itemsize)
    return chunk_bytes <= _MOST_CHUNK_BYTES


def _check_filters(path: Path, data: h5py.Dataset) -> None:
    from h5py import h5z

    wanted = [code for code in _filters(data) if code != FILTER and not h5z.filter_avail(code)]
    if not wanted:
        return
    with suppress(ImportError):
        import hdf5plugin  # noqa: F401
    if missing := [code for code in wanted if not h5z.filter_avail(code)]:
        problem = f"dataset {data.name} is compressed with HDF5 filter {missing[0]}"
        raise FormatError(path, problem, "install it with: pip install eventvision[hdf5]")


def _filters(data: h5py.Dataset) -> list[int]:
    settings = data.id.get_create_plist()
    return [int(settings.get_filter(index)[0]) for index in range(settings.get_nfilters())]


def _parent(name: str) -> str:
    return name.strip("/").rpartition("/")[0]
