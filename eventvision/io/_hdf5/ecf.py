"""Events of Prophesee HDF5 files: chunks that only a filter of their own can decompress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.ecf import HEADER_BYTES, decode_ecf

if TYPE_CHECKING:
    import h5py

FILTER = 0x8ECF
"""Number under which the filter is registered."""

_MOST_EVENTS = 1 << 16


class EcfTable:
    """A dataset of events, decoded chunk by chunk without the filter's library.

    Attributes:
        rows: How many events the dataset promises.
        stored_rows: How many are there.
        chunk_rows: How many events a chunk has.
        block_rows: How many are best read at once: as many.
    """

    def __init__(self, dataset: h5py.Dataset, stored_rows: int) -> None:
        self._dataset = dataset
        self.rows, self.stored_rows = int(dataset.shape[0]), stored_rows
        self.chunk_rows = self.block_rows = int(dataset.chunks[0])
        self._block: tuple[int, NDArray[np.void]] = -1, np.empty(0, EVENT_DTYPE)

    def read(self, first: int, stop: int) -> dict[str, NDArray[np.generic]]:
        """Return rows `[first, stop)` of one chunk as columns t, x, y, p.

        Raises:
            ValueError: If the chunk is damaged.
            OSError: If it cannot be read.
        """
        begin = first - first % self.block_rows
        if self._block[0] != begin:
            self._block = begin, self._decoded(begin)
        events = self._block[1][first - begin : stop - begin]
        return {"t": events["t"], "x": events["x"], "y": events["y"], "p": events["on"]}

    def time(self, row: int) -> int:
        """Return the time of a row in microseconds; raises as `read` does."""
        return int(self.read(row, row + 1)["t"][0])

    def place(self, row: int) -> tuple[int, int]:
        """Return where in the file the chunk of a row lies."""
        chunk = self._dataset.id.get_chunk_info_by_coord((row - row % self.block_rows,))
        return int(chunk.byte_offset), int(chunk.byte_offset + chunk.size)

    def _decoded(self, begin: int) -> NDArray[np.void]:
        stored = self._dataset.id.get_chunk_info_by_coord((begin,))
        if stored.size > self._dataset.file.id.get_filesize():
            raise ValueError(f"a chunk claims {stored.size} bytes")
        skipped, raw = self._dataset.id.read_direct_chunk((begin,))
        expected = min(self.block_rows, self.rows - begin)
        events = self._plain(raw) if skipped else _compressed(raw)
        if events.size < expected:
            raise ValueError(f"a chunk has {events.size} of {expected} events")
        return events[:expected]

    def _plain(self, raw: bytes) -> NDArray[np.void]:
        stored = np.frombuffer(raw, self._dataset.dtype, len(raw) // self._dataset.dtype.itemsize)
        events = np.zeros(stored.size, EVENT_DTYPE)
        for name in "txy":
            events[name] = stored[name]
        events["on"] = stored["p"] > 0
        return events


def _compressed(raw: bytes) -> NDArray[np.void]:
    data = np.frombuffer(raw, np.uint8)
    claimed = int.from_bytes(raw[:4], "little") >> 2
    if data.size < HEADER_BYTES or claimed > _MOST_EVENTS:
        raise ValueError(f"a chunk of {data.size} bytes claims {claimed} events")
    events = np.zeros(claimed, EVENT_DTYPE)
    if decode_ecf(data, events.view(np.int64)) != claimed:
        raise ValueError("a chunk contradicts itself")
    return events
