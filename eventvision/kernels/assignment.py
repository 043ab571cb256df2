"""Optimal assignment: one column for each row, at the least total cost, exactly.

Shortest augmenting paths (Jonker and Volgenant 1987, in the rectangular form of Crouse 2016): rows
are taken up one by one; each finds the cheapest way to a free column, along which rows that have
one already move on to another. Prices of rows and columns keep all reduced costs at 0 or above, so
that the way can be found as Dijkstra does. It takes at most N² M steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

_FREE = -1


@inline
def _cheapest_way(
    cost: NDArray[np.float64],
    row: int,
    row_of: NDArray[np.int64],
    prices: tuple[NDArray[np.float64], NDArray[np.float64]],
    lengths: NDArray[np.float64],
    came_from: NDArray[np.int64],
    left: NDArray[np.int64],
) -> tuple[int, float, int]:
    """Search from a row to a free column.

    Fills `lengths` and `came_from` by column; `left` ends with the columns that were settled.

    Returns:
        The column, the length of the way, and how many columns were not settled.
    """
    row_price, column_price = prices
    columns = cost.shape[1]
    for column in range(columns):
        left[column], lengths[column] = column, np.inf
    at, way, count = row, 0.0, columns
    while True:
        nearest, nearest_length = 0, np.inf
        for place in range(count):
            column = left[place]
            length = way + cost[at, column] - row_price[at] - column_price[column]
            if length < lengths[column]:
                lengths[column], came_from[column] = length, at
            length = lengths[column]
            closer = length < nearest_length
            if closer or (length == nearest_length and row_of[column] == _FREE):
                nearest, nearest_length = place, length
        column, way = left[nearest], nearest_length
        count -= 1
        left[nearest], left[count] = left[count], column
        if row_of[column] == _FREE:
            return column, way, count
        at = row_of[column]


@kernel
def assign(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a column for each row; no two rows get the same, and the sum of costs is least.

    Args:
        cost: Finite, shape (N, M) with N <= M, C order.

    Returns:
        Columns, shape (N,).
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    column_of, row_of = np.full(rows, _FREE), np.full(columns, _FREE)
    lengths, came_from = np.empty(columns), np.empty(columns, np.int64)
    left = np.empty(columns, np.int64)
    for row in range(rows):
        column, way, unsettled = _cheapest_way(
            cost, row, row_of, (row_price, column_price), lengths, came_from, left
        )
        row_price[row] += way
        for place in range(unsettled, columns):
            settled = left[place]
            spare = way - lengths[settled]
            column_price[settled] -= spare
            if row_of[settled] != _FREE:
                row_price[row_of[settled]] += spare
        while True:
            at = came_from[column]
            row_of[column] = at
            column_of[at], column = column, column_of[at]
            if at == row:
                break
    return column_of
