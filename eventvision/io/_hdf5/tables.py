"""Events in datasets of an HDF5 file, read block by block as far as they are sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .chunks import check_chunks
from .ecf import EcfTable

if TYPE_CHECKING:
    import h5py

READ_ERRORS = (OSError, RuntimeError, ValueError, TypeError, LookupError, OverflowError)
"""What reading a damaged dataset raises."""

_BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Column:
    """Where one column is stored: in a dataset, a field of it, or a column of it."""

    dataset: h5py.Dataset
    field: str | None = None
    index: int | None = None

    def read(self, first: int, stop: int) -> NDArray[Any]:
        """Return rows `[first, stop)`."""
        check_chunks(self.dataset, first, stop)
        if self.index is not None:
            return np.asarray(self.dataset[first:stop, self.index])
        rows = self.dataset.fields(self.field) if self.field else self.dataset
        return np.asarray(rows[first:stop])


class ColumnTable:
    """Events in four columns.

    Attributes:
        rows: How many events the file promises.
        stored_rows: How many are there.
        chunk_rows: How many are compressed together.
        block_rows: How many are best read at once.
    """

    def __init__(self, columns: Mapping[str, Column], file_bytes: int) -> None:
        self._columns = columns
        datasets = [column.dataset for column in columns.values()]
        self.rows = max(int(dataset.shape[0]) for dataset in datasets)
        self.stored_rows = min(stored_rows(dataset, file_bytes) for dataset in datasets)
        self.chunk_rows = int((columns["t"].dataset.chunks or (_BLOCK_ROWS,))[0])
        self.block_rows = self.chunk_rows * max(1, _BLOCK_ROWS // self.chunk_rows)

    def read(self, first: int, stop: int, roles: str = "txyp") -> dict[str, NDArray[Any]]:
        """Return rows `[first, stop)`; raises one of `READ_ERRORS` where they are damaged."""
        return {role: self._columns[role].read(first, stop) for role in roles}

    def time(self, row: int) -> Any:
        """Return the time of a row as stored; raises as `read` does."""
        return self._columns["t"].read(row, row + 1)[0]

    def place(self, row: int) -> tuple[None, None]:
        """Return where in the file a row lies: in several places, so none."""
        del row
        return None, None


Table = ColumnTable | EcfTable
"""Events, however they are stored."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, read or lost.

    Attributes:
        rows: How many.
        columns: Arrays under t, x, y, p; None if they cannot be read.
        problem: Why not.
        byte_start: Where the rows lie in the file; None if in several places.
        byte_end: Where they end.
    """

    rows: int
    columns: dict[str, NDArray[Any]] | None
    problem: str = ""
    byte_start: int | None = None
    byte_end: int | None = None


def read_blocks(table: Table, first: int, stop: int) -> Iterator[Block]:
    """Yield rows `[first, stop)`; where that fails, half of them at a time, chunks at least."""
    place: tuple[int | None, int | None] = None, None
    try:
        place = table.place(first)
        block = Block(stop - first, table.read(first, stop), "", *place)
    except READ_ERRORS as error:
        step = table.chunk_rows
        if stop - first > step:
            middle = first + max(1, (stop - first) // (2 * step)) * step
            yield from read_blocks(table, first, middle)
            yield from read_blocks(table, middle, stop)
            return
        block = Block(stop - first, None, first_line(error), *place)
    yield block


def first_line(error: BaseException) -> str:
    """Return what an error says, shortened to a line."""
    return (str(error) or type(error).__name__).splitlines()[0]


def stored_rows(data: h5py.Dataset, file_bytes: int) -> int:
    """Return how many rows there can be; a damaged header may promise any number."""
    rows = int(data.shape[0])
    if data.chunks:
        return min(rows, min(file_bytes, int(data.id.get_num_chunks())) * int(data.chunks[0]))
    row_bytes: int = max(1, data.dtype.itemsize * int(np.prod(data.shape[1:])))
    if data.id.get_offset() is None:
        return min(rows, int(data.id.get_storage_size()) // row_bytes)
    return max(0, min(rows, (file_bytes - int(data.id.get_offset())) // row_bytes))
