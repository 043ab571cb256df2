"""Brings events into the order of their times by counting, in two passes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel


@kernel
def order_by_time(
    events: NDArray[np.void], t0_us: int, counts: NDArray[np.int32], ordered: NDArray[np.void]
) -> None:
    """Copy events in order of time; those of one time keep their order.

    Args:
        events: Shape (N,), `EVENT_DTYPE`, with times in `[t0_us, t0_us + counts.size)`.
        t0_us: Earliest time there may be.
        counts: Memory to work with, one cell a microsecond.
        ordered: Shape (N,), `EVENT_DTYPE`: takes the events.
    """
    counts[:] = 0
    for index in range(events.size):
        counts[events[index].t - t0_us] += 1
    total = 0
    for cell in range(counts.size):
        count = counts[cell]
        counts[cell] = total
        total += count
    for index in range(events.size):
        cell = events[index].t - t0_us
        ordered[counts[cell]] = events[index]
        counts[cell] += 1
