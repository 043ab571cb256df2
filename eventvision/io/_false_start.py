"""Wrong times at the beginning of a stream, where nothing before tells what is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.guard import JITTER_US, LONGEST_GAP_US

START_EVENTS = 64
"""So many events judge the first ones."""

MOST_FALSE = 8
_FEWEST_JUDGES = 8


def false_start(t: NDArray[np.int64]) -> int:
    """Return how many events at the beginning most of those after them contradict.

    An event is contradicted by later ones that lie further behind it than clocks jitter, and so
    are all before a step of more than an hour. More than `MOST_FALSE` are no accident but a clock
    that was set.

    >>> import numpy as np
    >>> false_start(np.array([500_000, *range(20)])), false_start(np.array([0, *[1 << 40] * 20]))
    (1, 1)

    Args:
        t: Shape (N,), times of the first events in us, as they came.
    """
    leaps = np.flatnonzero(np.diff(t[: MOST_FALSE + 1]) > LONGEST_GAP_US)
    if leaps.size and _most(t[leaps[0] + 1 :] > t[leaps[0]] + LONGEST_GAP_US):
        return int(leaps[0]) + 1
    for count in range(min(MOST_FALSE + 1, t.size)):
        if not _most(t[count + 1 :] < t[count] - JITTER_US):
            return count
    return 0


def _most(verdicts: NDArray[np.bool_]) -> bool:
    return verdicts.size >= _FEWEST_JUDGES and 4 * int(verdicts.sum()) >= 3 * verdicts.size
