"""Density clustering of grid cells in linear time.

DBSCAN on a grid: the neighbours of a cell are those at most `reach` rows and columns away, so that
counts come from running sums and links from a fixed window. A core cell has at least `needed`
active cells in its window, itself included; core cells in each other's reach share a cluster, and
other active cells join that of a core cell in reach. Labels are numbers from 1 in the order in
which a row-by-row scan first meets the clusters; 0 is no cluster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@kernel
def window_counts(active: NDArray[np.bool_], reach: int) -> NDArray[np.int32]:
    """Return how many cells at most `reach` rows and columns away are active, itself included."""
    rows, columns = active.shape
    across = np.zeros((rows, columns), np.int32)
    counts = np.zeros((rows, columns), np.int32)
    for row in range(rows):
        total = 0
        for column in range(-reach, columns):
            if column + reach < columns and active[row, column + reach]:
                total += 1
            if column - reach - 1 >= 0 and active[row, column - reach - 1]:
                total -= 1
            if column >= 0:
                across[row, column] = total
    sums = np.zeros(columns, np.int32)
    for row in range(-reach, rows):
        for column in range(columns):
            if row + reach < rows:
                sums[column] += across[row + reach, column]
            if row - reach - 1 >= 0:
                sums[column] -= across[row - reach - 1, column]
            if row >= 0:
                counts[row, column] = sums[column]
    return counts


@kernel
def neighbour_distances(
    active: NDArray[np.bool_], cells: NDArray[np.int64], nearest: int, farthest: int
) -> NDArray[np.int64]:
    """Return the distance of each listed cell to its `nearest`-th active neighbour.

    Args:
        active: Shape (rows, columns).
        cells: Flat indices, shape (N,).
        nearest: Which neighbour, from 1; the cell itself does not count.
        farthest: Where the search ends.

    Returns:
        Shape (N,); the larger of the row and the column distance, `farthest + 1` if there are
        too few within `farthest`.
    """
    rows, columns = active.shape
    distances = np.empty(cells.size, np.int64)
    for i in range(cells.size):
        row, column = cells[i] // columns, cells[i] % columns
        distance = 0
        while distance <= farthest:
            distance += 1
            found = -1
            for y in range(max(row - distance, 0), min(row + distance + 1, rows)):
                for x in range(max(column - distance, 0), min(column + distance + 1, columns)):
                    if active[y, x]:
                        found += 1
            if found >= nearest:
                break
        distances[i] = min(distance, farthest + 1)
    return distances


@inline
def _root(parents: NDArray[np.int32], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@inline
def _link(parents: NDArray[np.int32], first: int, second: int) -> int:
    """Join two clusters under the smaller number, and return it."""
    a, b = _root(parents, first), _root(parents, second)
    if a < b:
        parents[b] = a
        return a
    parents[a] = b
    return b


@inline
def _link_cores(
    cores: NDArray[np.bool_], reach: int, labels: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Number core cells, and return the parent of each number."""
    rows, columns = cores.shape
    parents = np.zeros(np.count_nonzero(cores) + 1, np.int32)
    used = 0
    for row in range(rows):
        for column in range(columns):
            if not cores[row, column]:
                continue
            label = 0
            for y in range(max(row - reach, 0), row + 1):
                last = column if y == row else min(column + reach + 1, columns)
                for x in range(max(column - reach, 0), last):
                    other = labels[y, x]
                    if label == 0:
                        label = other
                    elif other > 0 and other != label:
                        label = _link(parents, label, other)
            if label == 0:
                used += 1
                label = used
                parents[label] = label
            labels[row, column] = label
    return parents[: used + 1]


@inline
def _renumber(labels: NDArray[np.int32], parents: NDArray[np.int32]) -> int:
    """Give each cluster one number, from 1 without gaps; return how many there are."""
    final = np.zeros(parents.size, np.int32)
    count = 0
    for label in range(1, parents.size):
        root = _root(parents, label)
        if final[root] == 0:
            count += 1
            final[root] = count
        final[label] = final[root]
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            labels[row, column] = final[labels[row, column]]
    return count


@inline
def _join_borders(
    active: NDArray[np.bool_], cores: NDArray[np.bool_], reach: int, labels: NDArray[np.int32]
) -> None:
    """Let active cells join the lowest numbered cluster that has a core cell in reach."""
    rows, columns = active.shape
    for row in range(rows):
        for column in range(columns):
            if not active[row, column] or cores[row, column]:
                continue
            best = 0
            for y in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for x in range(max(column - reach, 0), min(column + reach + 1, columns)):
                    if cores[y, x] and (best == 0 or labels[y, x] < best):
                        best = labels[y, x]
            labels[row, column] = best


@kernel
def cluster(active: NDArray[np.bool_], reach: int, needed: int) -> tuple[NDArray[np.int32], int]:
    """Return the cluster of each cell, shape (rows, columns), and how many clusters there are."""
    counts = window_counts(active, reach)
    cores = active & (counts >= needed)
    labels = np.zeros(active.shape, np.int32)
    parents = _link_cores(cores, reach, labels)
    count = _renumber(labels, parents)
    _join_borders(active, cores, reach, labels)
    return labels, count


@kernel
def extents(
    labels: NDArray[np.int32], weights: NDArray[np.float32], count: int, least_share: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Measure clusters 1 to `count` by their heavy cells.

    A cell is heavy if it weighs at least `least_share` of what its cluster's cells weigh on
    average, each counted by its weight; the fading tail of a fast object is not.

    Returns:
        First row, first column, last row, last column and number of heavy cells, shape (count, 5),
        and the sum of all weights, shape (count,).
    """
    found = np.zeros((count, 5), np.int64)
    sums = np.zeros(count, np.float64)
    squares = np.zeros(count, np.float64)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            i = labels[row, column] - 1
            if i >= 0:
                sums[i] += weights[row, column]
                squares[i] += weights[row, column] * weights[row, column]
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            i = labels[row, column] - 1
            if i < 0 or weights[row, column] * sums[i] < least_share * squares[i]:
                continue
            one = found[i]
            if one[4] == 0:
                one[0], one[1], one[2], one[3] = row, column, row, column
            one[1], one[2], one[3] = min(one[1], column), row, max(one[3], column)
            one[4] += 1
    return found, sums
