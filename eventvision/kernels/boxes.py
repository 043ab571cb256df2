"""Uniting boxes of clusters that are parts of one object.

Parts overlap or nearly touch, or they are the two edges of an even surface: moving, it makes events
only at its front and its back, of opposite polarity, with nothing between. Two thin boxes that face
each other, about equally long, of opposite polarity and no farther apart than an object of that
length is deep, are therefore one.

A box is a row of corners (left, top, right, bottom) and a row of figures (charge, balance, cells);
balance is the charge with OFF events counted negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

ONE_SIDED = 0.3
ALIGNED = 0.6
DEEPEST = 1.5


@inline
def _gap(corners: NDArray[np.float64], first: int, second: int, axis: int) -> float:
    """Return the distance along an axis (0 across, 1 down); negative where they overlap."""
    before = corners[first, axis] - corners[second, axis + 2]
    after = corners[second, axis] - corners[first, axis + 2]
    return float(max(before, after))


@inline
def _facing(
    corners: NDArray[np.float64], figures: NDArray[np.float64], first: int, second: int, axis: int
) -> float:
    """Return the gap between two edges of one surface, infinity if they are none."""
    other = 1 - axis
    apart = _gap(corners, first, second, axis)
    longest, thickest = 0.0, 0.0
    for box in (first, second):
        length = corners[box, other + 2] - corners[box, other]
        longest = max(longest, length)
        thickest = max(thickest, (corners[box, axis + 2] - corners[box, axis]) / length)
    one = figures[first, 1] / max(figures[first, 0], 1e-30)
    two = figures[second, 1] / max(figures[second, 0], 1e-30)
    opposite = min(one, two) < -ONE_SIDED and max(one, two) > ONE_SIDED
    aligned = -_gap(corners, first, second, other) >= ALIGNED * longest
    if opposite and aligned and thickest <= 1.0 and 0.0 <= apart <= DEEPEST * longest:
        return apart
    return np.inf


@inline
def _join(
    corners: NDArray[np.float64], figures: NDArray[np.float64], into: int, gone: int, count: int
) -> None:
    """Unite two boxes, and close the gap that the second leaves among the first `count`."""
    for side in range(2):
        corners[into, side] = min(corners[into, side], corners[gone, side])
        corners[into, side + 2] = max(corners[into, side + 2], corners[gone, side + 2])
    for i in range(figures.shape[1]):
        figures[into, i] += figures[gone, i]
    for box in range(gone, count - 1):
        for i in range(corners.shape[1]):
            corners[box, i] = corners[box + 1, i]
        for i in range(figures.shape[1]):
            figures[box, i] = figures[box + 1, i]


@inline
def _unite_near(
    corners: NDArray[np.float64], figures: NDArray[np.float64], count: int, gap: float
) -> int:
    first = 0
    while first < count:
        second = 0
        while second < count:
            across, down = _gap(corners, first, second, 0), _gap(corners, first, second, 1)
            if second != first and max(across, down) < gap:
                into, gone = min(first, second), max(first, second)
                _join(corners, figures, into, gone, count)
                count -= 1
                first, second = into, 0
            else:
                second += 1
        first += 1
    return count


@inline
def _unite_facing(corners: NDArray[np.float64], figures: NDArray[np.float64], count: int) -> int:
    """Unite the two facing edges that are nearest to each other, again and again."""
    while True:
        best, into, gone = np.inf, 0, 0
        for first in range(count):
            for second in range(first + 1, count):
                for axis in range(2):
                    apart = _facing(corners, figures, first, second, axis)
                    if apart < best:
                        best, into, gone = apart, first, second
        if best == np.inf:
            return count
        _join(corners, figures, into, gone, count)
        count -= 1


@kernel
def unite(corners: NDArray[np.float64], figures: NDArray[np.float64], gap: float) -> int:
    """Unite boxes that overlap, are less than `gap` apart or are two edges of one surface.

    Args:
        corners: Shape (N, 4), of positive size; the united boxes come first.
        figures: Shape (N, 3); added up likewise.
        gap: Distance in the unit of the corners, both across and down.

    Returns:
        How many boxes are left.
    """
    count = _unite_near(corners, figures, corners.shape[0], gap)
    count = _unite_facing(corners, figures, count)
    return _unite_near(corners, figures, count, gap)
