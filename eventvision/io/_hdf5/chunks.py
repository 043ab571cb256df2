"""What HDF5 must not be asked for."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

LEAST_BYTES = 4
"""Length of the checksum behind a chunk; HDF5 2.0 crashes where less is stored than that."""

MOST_CHUNKS = 1 << 18


def check_chunks(dataset: h5py.Dataset, first: int, stop: int) -> None:
    """Refuse rows `[first, stop)` that HDF5 could crash on.

    Raises:
        ValueError: If what they hold lies elsewhere, or a chunk is stored in too few bytes.
        RuntimeError: If the index of the chunks is damaged.
    """
    if dataset.dtype.hasobject:
        raise ValueError("rows are neither numbers nor records of numbers")
    if dataset.chunks is None:
        return
    rows, *others = dataset.chunks
    starts = [range(first - first % rows, min(stop, dataset.shape[0]), rows)]
    starts += [range(0, n, step) for n, step in zip(dataset.shape[1:], others, strict=True)]
    if prod(map(len, starts)) > MOST_CHUNKS:
        raise ValueError("there are too many chunks to look at")
    for place in product(*starts):
        stored = dataset.id.get_chunk_info_by_coord(place)
        if stored.byte_offset is not None and stored.size < LEAST_BYTES:
            raise ValueError(f"a chunk is stored in {stored.size} bytes")
