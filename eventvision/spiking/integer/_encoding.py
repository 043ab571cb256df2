"""Real values that come into an integer network: how large one unit is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._nodes import Input

_LEAST_SIZE = 1e-3


def units_in_one(node: Input, values: NDArray[np.float32]) -> np.float32:
    """Return how many units 1.0 is, for the values of one step.

    Args:
        node: The input.
        values: Any shape; looked at only where the input is normalised.
    """
    if not node.normalise:
        return np.float32(2.0**-node.exponent)
    from eventvision.kernels.integer_pack import sum_of_squares

    total, active = sum_of_squares(np.ascontiguousarray(values).reshape(-1))
    size = max(_LEAST_SIZE, (total / max(active, 1)) ** 0.5)
    return np.float32(2.0**-node.exponent / size)
