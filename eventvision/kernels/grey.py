"""Exposure measurements of ATIS: the time a pixel's light takes from one threshold to the next.

A measurement is two events of the pixel; brightness is the inverse of the time between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

NEVER = -1
BINS_PER_OCTAVE = 16
BINS = 32 * BINS_PER_OCTAVE


@kernel
def measure(
    t: NDArray[np.int64],
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    second: NDArray[np.bool_],
    began: NDArray[np.int64],
    took: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Enter events of measurements; those outside the sensor are passed over.

    Args:
        t: Shape (N,): times in us.
        x: Shape (N,): columns.
        y: Shape (N,): rows.
        second: Shape (N,): whether the second threshold was reached, else the first.
        began: Shape (height, width): time of the first threshold, `NEVER` where none is open.
        took: Shape (height, width): us of the latest whole measurement, `NEVER` where none was.
        counts: Shape (BINS,): measurements by the logarithm of their time.
    """
    height, width = began.shape
    for i in range(t.size):
        row, column = y[i], x[i]
        if row >= height or column >= width:
            continue
        if not second[i]:
            began[row, column] = t[i]
        elif began[row, column] != NEVER and t[i] >= began[row, column]:
            us = max(1, t[i] - began[row, column])
            took[row, column] = us
            began[row, column] = NEVER
            counts[min(BINS - 1, int(np.log2(us) * BINS_PER_OCTAVE))] += 1
