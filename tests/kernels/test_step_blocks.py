"""Rows of a block of neurons against plain numpy."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from eventvision.kernels.step_blocks import BLOCK, enter, exp32, gather, leave, spread


@numba.njit
def exponentials(values, results):
    for index in range(values.size):
        results[index] = exp32(values[index])


def test_the_exponential_is_right_to_a_few_in_a_million():
    y = np.linspace(-87, 87, 100_001).astype(np.float32)
    found = np.empty_like(y)
    exponentials(y, found)
    relative = np.abs(found / np.exp(y.astype(np.float64)) - 1)
    assert relative.max() < 6e-6
    assert relative[np.abs(y) < 4].max() < 6e-7


def test_the_exponential_stays_finite_and_above_zero():
    y = np.array([-1e9, -200, 200, 1e9], np.float32)
    found = np.empty_like(y)
    exponentials(y, found)
    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert (found[:2] < 1e-37).all()


def scratch():
    return np.full(3 * BLOCK, -1.0, np.float32)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(50, dtype=np.float32), np.arange(20, 27)),
        (np.array([2.5], np.float32), [2.5] * 7),
        (np.empty(0, np.float32), [0.0] * 7),
    ],
    ids=["one each", "one for all", "none"],
)
def test_a_row_is_filled_with_the_values_of_its_neurons(values, expected):
    rows = scratch()
    enter(rows, 1, values, 20, 7)
    assert rows[BLOCK : BLOCK + 7].tolist() == list(expected)
    assert (np.delete(rows, range(BLOCK, BLOCK + 7)) == -1).all()


def test_a_row_goes_to_its_neurons_if_anybody_wants_it():
    rows, values = scratch(), np.zeros(30, np.float32)
    rows[2 * BLOCK : 2 * BLOCK + 5] = range(5)
    leave(values, 20, rows, 2, 5)
    assert values[20:25].tolist() == [0, 1, 2, 3, 4]
    assert values.sum() == 10
    leave(np.empty(0, np.float32), 20, rows, 2, 5)


@pytest.mark.parametrize("inner", [1, 3, 10, 1000])
@pytest.mark.parametrize("low", [0, 7, 995])
def test_channels_spread_over_their_neurons_and_gather_from_them(inner, low):
    channels, size = np.array([1.0, 2.0, 4.0], np.float32), 37
    which = np.arange(low, low + size) // inner % 3
    rows = scratch()
    spread(rows, 1, channels, low, size, inner)
    np.testing.assert_array_equal(rows[BLOCK : BLOCK + size], channels[which])

    totals = np.ones(3)
    gather(totals, rows, 1, low, size, inner)
    expected = 1 + np.bincount(which, weights=channels[which], minlength=3)
    np.testing.assert_allclose(totals, expected)

    total = np.zeros(1)
    gather(total, rows, 1, low, size, inner)
    np.testing.assert_allclose(total, channels[which].sum())
