"""Marks events in a picture that remembers them: one byte per pixel, signed about 128.

128 is quiet; above it the pixel last saw an ON event, below it an OFF event; the distance from 128
says how strongly. A pixel of the other polarity starts anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

QUIET = 128


@kernel
def mark_events(events: NDArray[np.void], step: int, cells: NDArray[np.uint8]) -> None:
    """Move the cell of every event by `step` towards its polarity, up to 255 or down to 1.

    Args:
        events: Shape (N,), dtype `EVENT_DTYPE`, inside the picture.
        step: Strength of one event, 1 to 127.
        cells: Shape (height, width), changed in place.
    """
    for index in range(events.size):
        event = events[index]
        cell = int(cells[event.y, event.x])
        if event.on:
            cells[event.y, event.x] = min(255, max(cell, QUIET) + step)
        else:
            cells[event.y, event.x] = max(1, min(cell, QUIET) - step)
