"""Events counted in blocks of pixels, by polarity: what a trigger sees of a short time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, on, row


@kernel
def count_blocks(words: NDArray[np.uint64], shift: int, counts: NDArray[np.float32]) -> None:
    """Add events to counts.

    Args:
        words: Events, shape (2 * N,).
        shift: A block is 2 ** shift pixels wide and high.
        counts: Shape (2, rows, columns): OFF, then ON; grows.
    """
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        counts[on(address), row(address) >> shift, column(address) >> shift] += np.float32(1)
