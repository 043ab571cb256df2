"""Where the windows of a convolution lie, along one axis, as seen from what comes in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
"""Stands for a place that a pool does not take up."""


class Windows(NamedTuple):
    """For every place along an axis: the windows that cover it.

    Attributes:
        covering: How many, shape (length,).
        first: The first of them; 0 where there is none.
        kernel: The place in the kernel that meets it in that window; with each further window it
            goes back by the stride.
    """

    covering: NDArray[np.int64]
    first: NDArray[np.int64]
    kernel: NDArray[np.int64]


def pooled_places(
    places: NDArray[np.int64], extent: int, step: int, pad: int, number: int
) -> NDArray[np.int64]:
    """Return in which window of a pool each place lies, `NOWHERE` where in none.

    Args:
        places: Where they are before the pool, or `NOWHERE`.
        extent: Length of a window, at most `step`.
        step: From one window to the next.
        pad: Places outside, before the first.
        number: How many windows there are.
    """
    window, within = np.divmod(places + pad, step)
    lies = (places != NOWHERE) & (within < extent) & (window < number)
    return np.where(lies, window, NOWHERE)


def windows_over(
    places: NDArray[np.int64], extent: int, step: int, pad: int, number: int
) -> Windows:
    """Return which windows of a convolution cover each place.

    Args:
        places: Where they are in the plane that the convolution reads, or `NOWHERE`.
        extent: Length of the kernel.
        step: The stride.
        pad: Places outside, before the first.
        number: How many windows there are.
    """
    last = np.minimum((places + pad) // step, number - 1)
    first = np.maximum(-((extent - 1 - pad - places) // step), 0)
    count = np.where(places == NOWHERE, 0, np.maximum(last - first + 1, 0))
    covered = count > 0
    first = np.where(covered, first, 0)
    return Windows(count, first, np.where(covered, places + pad - first * step, 0))
