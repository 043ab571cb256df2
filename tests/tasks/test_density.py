"""Density levels, adapted to what the grid shows."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.clusters import running_counts
from eventvision.tasks import _density


def counts_of(active: np.ndarray) -> np.ndarray:
    return running_counts(np.argwhere(active).astype(np.int32), *active.shape)


def reaches(active: np.ndarray) -> tuple[int, ...]:
    return _density.reaches(np.argwhere(active).astype(np.int32), counts_of(active))


def spaced(step: int) -> np.ndarray:
    active = np.zeros((60, 80), bool)
    active[::step, ::step] = True
    return active


@pytest.mark.parametrize(("step", "expected"), [(1, (1,)), (2, (2,)), (3, (3,)), (9, (3,))])
def test_the_reach_follows_the_spacing_of_the_cells(step, expected):
    assert reaches(spaced(step)) == expected


def test_two_densities_ask_for_two_reaches():
    active = spaced(2)
    active[:30] = True
    assert reaches(active) == (1, 2)


def test_an_empty_grid_asks_for_the_smallest():
    assert reaches(np.zeros((60, 80), bool)) == (1,)


def test_the_background_is_what_most_of_the_grid_shows():
    rng = np.random.default_rng(0)
    active = rng.random((64, 80)) < 0.1
    active[:20, :20] = True
    assert _density.background(counts_of(active)) == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 9), (61, 83)])
@pytest.mark.parametrize("filled", [False, True])
def test_the_background_of_an_even_grid_is_its_density(shape, filled):
    assert _density.background(counts_of(np.full(shape, filled))) == float(filled)


def test_a_busy_background_makes_core_cells_rarer():
    quiet, busy = np.zeros((64, 80), bool), np.random.default_rng(1).random((64, 80)) < 0.3
    (calm,) = _density.levels(counts_of(quiet), (2,))
    (strict,) = _density.levels(counts_of(busy), (2,))
    assert calm.needed == _density.NEIGHBOUR + 1
    assert strict.needed > 0.3 * 25 + 2
