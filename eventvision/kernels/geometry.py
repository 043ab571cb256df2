"""Where events lie: keep those of a rectangle, mirror and turn coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, moved, row

_ONE = np.uint64(1)


@kernel
def keep_inside(
    words: NDArray[np.uint64], out: NDArray[np.uint64], x0: int, y0: int, x1: int, y1: int
) -> int:
    """Copy the events of the rectangle [x0, x1) by [y0, y1) to the front of `out`; return how many.

    Args:
        words: Events, shape (2 * N,).
        out: At least as long; receives the kept events, coordinates as they were.
        x0: First column.
        y0: First row.
        x1: One past the last column.
        y1: One past the last row.
    """
    kept = np.uint64(0)
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        x, y = np.int64(column(address)), np.int64(row(address))
        out[kept + kept] = words[2 * i]
        out[kept + kept + _ONE] = address
        kept += np.uint64((x >= x0) & (x < x1) & (y >= y0) & (y < y1))
    return int(kept)


@kernel
def map_pixels(
    words: NDArray[np.uint64], out: NDArray[np.uint64], affine: NDArray[np.int64]
) -> None:
    """Move every event to another pixel.

    Args:
        words: Events, shape (2 * N,).
        out: Of the same shape (may be `words`); receives them with new coordinates.
        affine: Shape (2, 3), rows x and y: the new coordinate is the row times (x, y, 1).
    """
    xx, xy, x1 = affine[0]
    yx, yy, y1 = affine[1]
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        x, y = np.int64(column(address)), np.int64(row(address))
        out[2 * i] = words[2 * i]
        out[2 * i + 1] = moved(
            address, np.uint32(xx * x + xy * y + x1), np.uint32(yx * x + yy * y + y1)
        )
