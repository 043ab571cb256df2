"""Density clustering of grid cells in linear time.

DBSCAN on a grid: the neighbours of a cell are those at most `reach` rows and columns away, so that
counts come from running sums and links from runs of cells in nearby rows. A core cell has at least
`needed` active cells in its window, itself included; core cells in each other's reach share a
cluster, and so does another active cell that touches one (not any cell in reach, as in DBSCAN, lest
noise widen the box). Labels are numbers from 1 in the order in which a row-by-row scan first meets
the clusters; 0 is no cluster.

Active cells are given as `places`: row and column, in scan order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@kernel
def running_counts(places: NDArray[np.int32], rows: int, columns: int) -> NDArray[np.int32]:
    """Return how many places lie above and left of each corner, shape (rows + 1, columns + 1)."""
    counts = np.zeros((rows + 1, columns + 1), np.int32)
    for i in range(places.shape[0]):
        counts[places[i, 0] + 1, places[i, 1] + 1] = 1
    for row in range(1, rows + 1):
        across = np.int32(0)
        for column in range(1, columns + 1):
            across += counts[row, column]
            counts[row, column] = counts[row - 1, column] + across
    return counts


@inline
def _count_within(counts: NDArray[np.int32], row: int, column: int, reach: int) -> int:
    top, bottom = max(row - reach, 0), min(row + reach + 1, counts.shape[0] - 1)
    left, right = max(column - reach, 0), min(column + reach + 1, counts.shape[1] - 1)
    return int(
        counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
    )


@kernel
def neighbour_distances(
    places: NDArray[np.int32], counts: NDArray[np.int32], nearest: int, farthest: int
) -> NDArray[np.int64]:
    """Return the distance of some places to their `nearest`-th neighbour among all.

    Args:
        places: Those to look at, shape (N, 2).
        counts: Running counts of all places.
        nearest: Which neighbour, from 1; the place itself does not count.
        farthest: Where the search ends.

    Returns:
        Shape (N,); the larger of the row and the column distance, `farthest + 1` if there are
        too few within `farthest`.
    """
    distances = np.empty(places.shape[0], np.int64)
    for i in range(places.shape[0]):
        distance = 1
        while distance <= farthest:
            if _count_within(counts, places[i, 0], places[i, 1], distance) > nearest:
                break
            distance += 1
        distances[i] = distance
    return distances


@inline
def _find_runs(
    places: NDArray[np.int32],
    is_core: NDArray[np.bool_],
    rows: int,
    reach: int,
    run_of: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Find the runs of core cells in each row; gaps up to `reach` do not end a run.

    Args:
        places: Active cells, shape (N, 2).
        is_core: Which of them are core cells, shape (N,).
        rows: Height of the grid.
        reach: How far cells see each other.
        run_of: Shape (N,); gets the run of each core cell.

    Returns:
        Index of each row's first run, shape (rows + 1,); first and last column, shape (runs, 2).
    """
    starts = np.zeros(rows + 1, np.int32)
    spans = np.empty((places.shape[0], 2), np.int32)
    count, last_row = 0, -1
    for i in range(places.shape[0]):
        if not is_core[i]:
            continue
        row, column = places[i, 0], places[i, 1]
        if row == last_row and column - spans[count - 1, 1] <= reach:
            spans[count - 1, 1] = column
        else:
            spans[count, 0], spans[count, 1] = column, column
            count += 1
            starts[row + 1] = count
        last_row = row
        run_of[i] = count - 1
    for row in range(rows):
        starts[row + 1] = max(starts[row + 1], starts[row])
    return starts, spans[:count]


@inline
def _root(parents: NDArray[np.int32], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


@inline
def _link_runs(
    starts: NDArray[np.int32], spans: NDArray[np.int32], reach: int
) -> NDArray[np.int32]:
    """Return the parent of each run; the root of a cluster is its first run."""
    parents = np.empty(spans.shape[0], np.int32)
    for run in range(parents.size):
        parents[run] = run
    for row in range(starts.size - 1):
        for above in range(max(row - reach, 0), row):
            i, j = starts[above], starts[row]
            while i < starts[above + 1] and j < starts[row + 1]:
                if spans[i, 1] + reach >= spans[j, 0] and spans[j, 1] + reach >= spans[i, 0]:
                    one, other = _root(parents, i), _root(parents, j)
                    parents[max(one, other)] = min(one, other)
                if spans[i, 1] < spans[j, 1]:
                    i += 1
                else:
                    j += 1
    return parents


@inline
def _number_clusters(parents: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """Return the number of each run's cluster, from 1 without gaps, and how many there are."""
    numbers = np.zeros(parents.size, np.int32)
    count = 0
    for run in range(parents.size):
        root = _root(parents, run)
        if root == run:
            count += 1
            numbers[run] = count
        else:
            numbers[run] = numbers[root]
    return numbers, count


@inline
def _label_touching(
    places: NDArray[np.int32],
    is_core: NDArray[np.bool_],
    rows: int,
    columns: int,
    labels: NDArray[np.int32],
) -> None:
    """Give other cells the label of the first core cell in scan order that touches them."""
    grid = np.zeros((rows + 2, columns + 2), np.int32)
    for i in range(places.shape[0]):
        if is_core[i]:
            grid[places[i, 0] + 1, places[i, 1] + 1] = labels[i]
    for i in range(places.shape[0]):
        if is_core[i]:
            continue
        row, column = places[i, 0], places[i, 1]
        label = 0
        for y in range(row, row + 3):
            for x in range(column, column + 3):
                label = grid[y, x] if label == 0 else label
        labels[i] = label


@kernel
def cluster(
    places: NDArray[np.int32], counts: NDArray[np.int32], reach: int, needed: int
) -> tuple[NDArray[np.int32], int]:
    """Return the cluster of each place, shape (N,), and how many clusters there are.

    Args:
        places: Active cells, shape (N, 2).
        counts: Their running counts, shape (rows + 1, columns + 1).
        reach: How far cells see each other, at least 1.
        needed: Active cells within reach, itself included, that make a core cell.
    """
    rows, columns = counts.shape[0] - 1, counts.shape[1] - 1
    is_core = np.empty(places.shape[0], np.bool_)
    for i in range(places.shape[0]):
        is_core[i] = _count_within(counts, places[i, 0], places[i, 1], reach) >= needed
    labels = np.zeros(places.shape[0], np.int32)
    starts, spans = _find_runs(places, is_core, rows, reach, labels)
    numbers, count = _number_clusters(_link_runs(starts, spans, reach))
    for i in range(places.shape[0]):
        labels[i] = numbers[labels[i]] if is_core[i] else 0
    _label_touching(places, is_core, rows, columns, labels)
    return labels, count
