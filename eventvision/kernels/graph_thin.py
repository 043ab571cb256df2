"""Leave events out evenly where there are too many.

The rate is measured with an exponential memory, n events being in it: n / memory a second. Where
that is above the budget, every event adds budget / rate to a sum and passes when the sum reaches
1, so that passing events are spread evenly over those that come, wherever they are on the sensor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

NEVER_US = -(2.0**62)


@kernel
def thin(
    words: NDArray[np.uint64],
    state: NDArray[np.float64],
    most: float,
    memory_us: float,
    kept: NDArray[np.uint64],
) -> int:
    """Copy the events that pass.

    Args:
        words: Events, shape (2 * N,), see `words`.
        state: Time of the last event, events in memory, the sum; changed in place. At first
            `NEVER_US`, 0, 0.
        most: Events in memory at the budget.
        memory_us: Time constant of the memory.
        kept: Gets what passes, shape (2 * N,).

    Returns:
        How many pass.
    """
    last_us, within, total = state[0], state[1], state[2]
    count = 0
    for i in range(words.size // 2):
        t_us = np.float64(np.int64(words[2 * i]))
        if t_us > last_us:
            within *= np.exp((last_us - t_us) / memory_us)
            last_us = t_us
        within += 1.0
        total += min(1.0, most / within)
        if total >= 1.0:
            total -= 1.0
            kept[2 * count], kept[2 * count + 1] = words[2 * i], words[2 * i + 1]
            count += 1
    state[0], state[1], state[2] = last_us, within, total
    return count
