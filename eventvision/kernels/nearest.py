"""For every pixel, the nearest of those that are marked.

Along each column the nearest marked row is found in two sweeps; then each pixel looks to its left
and right for as long as a column there could still hold a nearer one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

_NONE = -1


@inline
def _nearest_rows(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, for each pixel, the nearest marked row of its column; the upper one of two."""
    height, width = marked.shape
    rows = np.full((height, width), _NONE)
    for column in range(width):
        last = _NONE
        for row in range(height):
            if marked[row, column]:
                last = row
            rows[row, column] = last
        last = _NONE
        for row in range(height - 1, -1, -1):
            if marked[row, column]:
                last = row
            above = rows[row, column]
            if last != _NONE and (above == _NONE or last - row < row - above):
                rows[row, column] = last
    return rows


@kernel
def nearest_marked(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return which marked pixel is nearest to each pixel, by exact Euclidean distance.

    Args:
        marked: Shape (height, width); at least one is.

    Returns:
        Shape (2, height, width): its row and its column; of several, the leftmost, then the
        uppermost.
    """
    height, width = marked.shape
    rows = _nearest_rows(marked)
    found = np.empty((2, height, width), np.int64)
    for row in range(height):
        for column in range(width):
            best, best_column = np.int64(1) << 62, column
            for apart in range(width):
                if apart * apart > best:
                    break
                for other in (column - apart, column + apart):
                    if 0 <= other < width and rows[row, other] != _NONE:
                        down = rows[row, other] - row
                        distance = apart * apart + down * down
                        if distance < best or (distance == best and other < best_column):
                            best, best_column = distance, other
            found[0, row, column], found[1, row, column] = rows[row, best_column], best_column
    return found
