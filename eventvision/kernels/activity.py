"""How much of the scene has been active: events counted per cell of a coarse grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, row


@kernel
def count_until_active(
    words: NDArray[np.uint64],
    column_cell: NDArray[np.int64],
    row_cell: NDArray[np.int64],
    counts: NDArray[np.int64],
    active: int,
    busy_count: int,
    needed: int,
    earliest_us: int,
) -> tuple[int, int, bool]:
    """Count events until enough cells are active and it is late enough, or to the end.

    Args:
        words: Events, shape (2 * N,).
        column_cell: Column of the grid for each column of the sensor.
        row_cell: First cell of the grid's row for each row of the sensor.
        counts: Events per cell; grows.
        active: Cells that have reached `busy_count` before.
        busy_count: Events that make a cell active.
        needed: Active cells that end the count.
        earliest_us: Time of the first event that may end it.

    Returns:
        How many events were counted, how many cells are active now, and whether that ended it.
    """
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        cell = row_cell[row(address)] + column_cell[column(address)]
        counts[cell] += 1
        active += counts[cell] == busy_count
        if active >= needed and np.int64(words[2 * i]) >= earliest_us:
            return i + 1, active, True
    return words.size // 2, active, False
