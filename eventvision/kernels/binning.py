"""Events of a large sensor on a grid of fewer, larger pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel


@kernel
def bin_pixels(events: NDArray[np.void], factor: int, out: NDArray[np.void]) -> None:
    """Copy events, each to the large pixel that it lies in.

    Args:
        events: EVENT_DTYPE, shape (N,).
        factor: Width and height of a large pixel, in pixels.
        out: EVENT_DTYPE, shape (N,), written over.
    """
    width = np.uint16(factor)
    for i in range(events.size):
        event = events[i]
        target = out[i]
        target.t = event.t
        target.x = event.x // width
        target.y = event.y // width
        target.on = event.on
