"""Every pixel finds the nearest marked one."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.nearest import nearest_marked


def searched(marked: np.ndarray) -> np.ndarray:
    """Compare every pixel with every marked one; these come by column, then by row."""
    columns, rows = np.nonzero(marked.T)
    y, x = np.indices(marked.shape)
    distance = (y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2
    best = distance.argmin(axis=-1)
    return np.stack([rows[best], columns[best]])


@pytest.mark.parametrize("share", [0.003, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 30), (30, 1), (17, 23)])
def test_the_nearest_is_the_one_that_a_search_finds(shape, share):
    for seed in range(5):
        marked = np.random.default_rng(seed).random(shape) < share
        marked[shape[0] // 2, shape[1] // 3] = True
        assert (nearest_marked(marked) == searched(marked)).all()
