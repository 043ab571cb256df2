"""The best way to cut a whole stream, known afterwards: what a trigger is to guess beforehand.

Each slice costs a price, and each cell the difference between the scene and how it looked when the
slice before ended. From the end of the stream to its start, dynamic programming finds for every
cell where a slice that begins there should end so that all that follows costs least. The price is
the one at which the asked number of slices is best for this very stream, so that streams of fast
and of slow scenes, of sensitive and of dull cameras, all teach where slices belong and none teaches
how many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._places import Cut, Place
from ._recipe import TriggerRecipe
from ._streams import CellStream

_HALVINGS = 24
_LEAST_PRICE, _HIGHEST_PRICE = 1e-7, 1e3
_EVERY_PIXEL = 2
"""Shades are compared at every second row and column."""


class Whole:
    """Knows the best slices of all streams.

    Args:
        streams: The streams.
        recipe: Says what a slice may last and how often it is asked for.
    """

    def __init__(self, streams: Sequence[CellStream], recipe: TriggerRecipe) -> None:
        self._lengths = [
            best_lengths(stream, asked_cells=recipe.asked_cells, most_cells=recipe.most_cells)
            for stream in streams
        ]

    def cut(self, place: Place, cells: int, width: int) -> Cut:
        """See `Teacher`; what it costs is by how many cells the slice is off."""
        del width
        best = int(self._lengths[place.course.number][place.first])
        place.first += cells
        return Cut(best - 1, abs(best - cells))


def ageing(stream: CellStream, most_cells: int) -> NDArray[np.float64]:
    """Return how wrong a picture of the scene is after some cells.

    Returns:
        Shape (cells + 1, most_cells): mean absolute difference between the scene at the start of a
        cell and so many cells later, 0 to 1; 0 beyond the end of the stream.
    """
    shades = stream.shades[:, ::_EVERY_PIXEL, ::_EVERY_PIXEL].astype(np.int16)
    found = np.zeros((stream.cells + 1, most_cells))
    for later in range(1, min(most_cells, stream.cells + 1)):
        apart = np.abs(shades[later:] - shades[:-later])
        found[: stream.cells + 1 - later, later] = apart.mean(axis=(1, 2)) / 255
    return found


def cheapest_lengths(errors: NDArray[np.float64], price: float) -> NDArray[np.int64]:
    """Return how many cells a slice should last that begins with a cell, shape (cells,).

    Args:
        errors: As `ageing` gives them.
        price: Of a slice.
    """
    cells, most = len(errors) - 1, errors.shape[1]
    waited = errors.cumsum(axis=1)
    left, lengths = np.zeros(cells + 1), np.zeros(cells, np.int64)
    for first in range(cells - 1, -1, -1):
        end = min(first + most, cells)
        costs = waited[first, : end - first] + left[first + 1 : end + 1]
        best = int(costs.argmin())
        left[first], lengths[first] = costs[best] + price, best + 1
    return lengths


def ends_of(lengths: NDArray[np.int64]) -> list[int]:
    """Return where the slices of a stream end that are as long as their first cells say."""
    ends, first = [], 0
    while first < len(lengths):
        first += int(lengths[first])
        ends.append(first)
    return ends


def best_lengths(stream: CellStream, *, asked_cells: float, most_cells: int) -> NDArray[np.int64]:
    """Return `cheapest_lengths` at the price that holds the asked rate.

    Args:
        stream: What is cut.
        asked_cells: Mean length of slices that is asked for.
        most_cells: Longest slice.
    """
    errors = ageing(stream, most_cells)
    wanted = stream.cells / asked_cells
    low, high = _LEAST_PRICE, _HIGHEST_PRICE
    nearest, found = math.inf, np.ones(stream.cells, np.int64)
    for _ in range(_HALVINGS):
        price = math.sqrt(low * high)
        lengths = cheapest_lengths(errors, price)
        count = len(ends_of(lengths))
        if abs(count - wanted) < nearest:
            nearest, found = abs(count - wanted), lengths
        low, high = (price, high) if count > wanted else (low, price)
    return found
