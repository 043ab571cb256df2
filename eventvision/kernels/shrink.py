"""Pictures and cells in the size of a screen: every pixel counts, so no event vanishes.

Where the screen has more pixels than the source, blocks may be empty: then the pixel at which they
begin stands for them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@kernel
def shrink(
    picture: NDArray[np.uint32],
    row_edges: NDArray[np.int64],
    column_edges: NDArray[np.int64],
    out: NDArray[np.uint32],
) -> None:
    """Average blocks of pixels, 4096 at most in each.

    Args:
        picture: Shape (height, width), 0xFFRRGGBB.
        row_edges: Where the blocks of each row of `out` begin, and the end, shape (rows + 1,);
            never decreasing.
        column_edges: The same for columns, shape (columns + 1,).
        out: Shape (rows, columns), 0xFFRRGGBB; written.
    """
    sums = np.empty(picture.shape[1], np.uint64)
    for row in range(out.shape[0]):
        top, bottom = row_edges[row], row_edges[row + 1]
        for x in range(sums.size):
            sums[x] = _spread(picture[top, x])
        for y in range(top + 1, bottom):
            for x in range(sums.size):
                sums[x] += _spread(picture[y, x])
        left = column_edges[0]
        for column in range(out.shape[1]):
            right = column_edges[column + 1]
            total = sums[left]
            for x in range(left + 1, right):
                total += sums[x]
            out[row, column] = _mean(total, max(bottom - top, 1) * max(right - left, 1))
            left = right


@kernel
def latest_of_blocks(
    cells: NDArray[np.int64],
    row_edges: NDArray[np.int64],
    column_edges: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None:
    """Take the latest event of each block of pixels: the highest cell.

    Args:
        cells: Shape (height, width), see `event_view`.
        row_edges: Where the blocks of each row of `out` begin, and the end, shape (rows + 1,).
        column_edges: The same for columns, shape (columns + 1,).
        out: Shape (rows, columns); written.
    """
    highest = np.empty(cells.shape[1], np.int64)
    for row in range(out.shape[0]):
        top = row_edges[row]
        for x in range(highest.size):
            highest[x] = cells[top, x]
        for y in range(top + 1, row_edges[row + 1]):
            for x in range(highest.size):
                highest[x] = max(highest[x], cells[y, x])
        left = column_edges[0]
        for column in range(out.shape[1]):
            right = column_edges[column + 1]
            found = highest[left]
            for x in range(left + 1, right):
                found = max(found, highest[x])
            out[row, column] = found
            left = right


@inline
def _spread(colour: np.uint32) -> np.uint64:
    """Return the three channels with room for sums between them."""
    wide, low = np.uint64(colour), np.uint64(0xFF)
    return np.uint64(
        (wide & low)
        | (wide & low << np.uint64(8)) << np.uint64(12)
        | (wide & low << np.uint64(16)) << np.uint64(24)
    )


@inline
def _mean(total: np.uint64, count: int) -> np.uint32:
    """Return the colour that is the mean of `count` whose channels were added."""
    share, half = (np.uint64(1) << np.uint64(32)) // np.uint64(count), np.uint64(1 << 31)
    low, shift = np.uint64(0xFFFFF), np.uint64(32)
    red = ((total >> np.uint64(40)) * share + half) >> shift
    green = ((total >> np.uint64(20) & low) * share + half) >> shift
    blue = ((total & low) * share + half) >> shift
    return np.uint32(np.uint64(0xFF000000) | red << np.uint64(16) | green << np.uint64(8) | blue)
