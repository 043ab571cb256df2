"""Counts events by polarity, alone or in consecutive time bins, the fullest of them remembered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import on as is_on

ON, BIN_END_US, IN_BIN, FULLEST = range(4)
"""Places in the state."""


def new_tally(first_us: int, bin_us: int) -> NDArray[np.int64]:
    """Return the state before the first event, whose time opens the first bin."""
    return np.array([0, first_us + bin_us, 0, 0], np.int64)


@kernel
def tally(
    t: NDArray[np.int64], on: NDArray[np.bool_], bin_us: int, state: NDArray[np.int64]
) -> None:
    """Add events to the state; how a stream is cut into calls does not matter.

    Args:
        t: Shape (N,), times in microseconds, never decreasing.
        on: Shape (N,), polarity.
        bin_us: Width of a bin.
        state: From `new_tally`; `FULLEST` counts the bin under way as well.
    """
    brighter, bin_end, in_bin, fullest = state[ON], state[BIN_END_US], state[IN_BIN], state[FULLEST]
    for i in range(t.size):
        if t[i] >= bin_end:
            bin_end += ((t[i] - bin_end) // bin_us + 1) * bin_us
            in_bin = 0
        in_bin += 1
        fullest = max(fullest, in_bin)
        brighter += on[i]
    state[ON], state[BIN_END_US], state[IN_BIN], state[FULLEST] = brighter, bin_end, in_bin, fullest


@kernel
def count_on(words: NDArray[np.uint64]) -> int:
    """Return how many events are ON.

    Args:
        words: Shape (2 * N,), as `as_words` gives them.
    """
    count = np.uint64(0)
    for i in range(words.size // 2):
        count += is_on(words[2 * i + 1])
    return int(count)
