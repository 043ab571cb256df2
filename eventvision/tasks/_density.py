"""Density levels for clustering, adapted to the scene.

AMD-DBSCAN's idea, made linear: the distances of a sample of points to their k-th neighbour tell
which neighbourhood sizes the scene asks for, dense ones first; points that one level leaves over
are tried at the next. On a grid, sizes are whole cells and the sample is a few thousand of them.
What is everywhere is background, be it sensor noise or texture seen by a moving camera: the median
of the local densities says how many neighbours a cell has without belonging to an object, and a
core cell needs clearly more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.clusters import neighbour_distances

Indices = NDArray[np.int64]

NEIGHBOUR = 4
"""The k of the k-th neighbour; a core cell has at least this many besides itself."""

FARTHEST = 3
QUANTILES = (0.25, 0.5, 0.9)
SAMPLE = 2_000
TILES = 8
SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class Level:
    """One density: neighbours are within `reach` cells, a core cell has `needed` with itself."""

    reach: int
    needed: int


def reaches(places: NDArray[np.int32], counts: NDArray[np.int32]) -> tuple[int, ...]:
    """Return the neighbourhood sizes that active cells ask for, ascending, at most 3 cells.

    Args:
        places: Row and column of the active cells, shape (N, 2).
        counts: Their running counts, shape (rows + 1, columns + 1).
    """
    if len(places) == 0:
        return (1,)
    sample = np.ascontiguousarray(places[:: -(-len(places) // SAMPLE)])
    distances = neighbour_distances(sample, counts, NEIGHBOUR, FARTHEST)
    found = np.quantile(distances, QUANTILES, method="higher")
    return tuple(sorted({min(int(distance), FARTHEST) for distance in found}))


def background(counts: NDArray[np.int32]) -> float:
    """Return the share of active cells in a typical part of the grid, 0 to 1."""
    rows, columns, areas = _tiles(counts.shape[0] - 1, counts.shape[1] - 1)
    corners = counts[rows[:, None], columns]
    within = corners[1:, 1:] - corners[1:, :-1] - corners[:-1, 1:] + corners[:-1, :-1]
    shares = np.sort(within / areas, axis=None)
    return float(shares[shares.size // 2])


@lru_cache(maxsize=8)
def _tiles(rows: int, columns: int) -> tuple[Indices, Indices, Indices]:
    """Cut a grid into parts as equal as whole cells allow: edges down and across, and areas."""
    down, across = (
        np.unique(np.linspace(0, size, TILES + 1).astype(np.int64)) for size in (rows, columns)
    )
    return down, across, np.outer(np.diff(down), np.diff(across))


def levels(counts: NDArray[np.int32], sizes: tuple[int, ...]) -> tuple[Level, ...]:
    """Return a level per neighbourhood size; each asks for more than the background gives."""
    share = background(counts)
    found = []
    for reach in sizes:
        expected = share * (2 * reach + 1) ** 2
        chance = math.ceil(expected + SIGMAS * math.sqrt(expected))
        found.append(Level(reach, max(NEIGHBOUR + 1, chance)))
    return tuple(found)
