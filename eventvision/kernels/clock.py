"""Times of few bits, continued beyond their range.

A clock of n bits shows the time modulo 2**n. Each reading is taken for the time nearest to a
reference, ahead or behind. A single false reading then shifts nothing for good: the way there and
the way back are the same. A quiet time of more than half the range cannot be told from a step
back, which is 35 minutes for 32 bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline

REFERENCES = 64
"""How many records share a reference, which is the time of the last one before them."""

LONGEST_STEP_US = 1_000_000
"""From one record to the next; more than that counts as a break, as does any step back."""


@inline
def nearest(reference: int, reading: int, half: int) -> int:
    """Return the time nearest to `reference` at which a clock of range `2 * half` shows that."""
    ahead = (reading - reference) & (2 * half - 1)
    return reference + ((ahead ^ half) - half)


def first_reference(readings: NDArray[np.integer], bits: int) -> int:
    """Return a reference for the beginning of a stream.

    It is the first reading, unless those that follow step back or leap ahead, which says that
    some are false; then it is their median.

    Args:
        readings: Shape (N,): the first readings of the stream.
        bits: Bits of the clock.
    """
    if readings.size == 0:
        return 0
    half = 1 << (bits - 1)
    values = readings.astype(np.int64)
    steps = (np.diff(values) & (2 * half - 1) ^ half) - half
    even = ((steps >= 0) & (steps <= LONGEST_STEP_US)).all()
    return int(values[0] if even else np.sort(values)[values.size // 2])
