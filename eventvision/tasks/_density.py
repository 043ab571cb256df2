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

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.clusters import neighbour_distances

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


def reaches(places: NDArray[np.int32], shape: tuple[int, int]) -> tuple[int, ...]:
    """Return the neighbourhood sizes that active cells ask for, ascending, at most 3 cells.

    Args:
        places: Row and column of the active cells, shape (N, 2).
        shape: Rows and columns of the grid.
    """
    if len(places) == 0:
        return (1,)
    sample = np.ascontiguousarray(places[:: -(-len(places) // SAMPLE)])
    distances = neighbour_distances(places, sample, *shape, NEIGHBOUR, FARTHEST)
    found = np.quantile(distances, QUANTILES, method="higher")
    return tuple(sorted({min(int(distance), FARTHEST) for distance in found}))


def background(active: NDArray[np.bool_]) -> float:
    """Return the share of active cells in a typical part of the grid, 0 to 1."""
    tile_rows, tile_columns = (max(size // TILES, 1) for size in active.shape)
    rows, columns = tile_rows * (active.shape[0] // tile_rows), 0
    columns = tile_columns * (active.shape[1] // tile_columns)
    tiles = active[:rows, :columns].reshape(
        rows // tile_rows, tile_rows, columns // tile_columns, tile_columns
    )
    return float(np.median(tiles.mean(axis=(1, 3))))


def levels(active: NDArray[np.bool_], sizes: tuple[int, ...]) -> tuple[Level, ...]:
    """Return a level per neighbourhood size; each asks for more than the background gives."""
    share = background(active)
    found = []
    for reach in sizes:
        expected = share * (2 * reach + 1) ** 2
        chance = math.ceil(expected + SIGMAS * math.sqrt(expected))
        found.append(Level(reach, max(NEIGHBOUR + 1, chance)))
    return tuple(found)
