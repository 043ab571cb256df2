"""The geometry kernels against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.geometry import keep_inside, map_pixels
from eventvision.kernels.words import as_events, as_words


def random_events(count, width, height):
    rng = np.random.default_rng(count)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = np.sort(rng.integers(-(2**40), 2**40, count))
    data["x"], data["y"] = rng.integers(0, width, count), rng.integers(0, height, count)
    data["on"] = rng.random(count) < 0.5
    return data


@pytest.mark.parametrize("count", [0, 1, 500])
def test_the_rectangle_is_half_open(count):
    data = random_events(count, 9, 7)
    out = np.zeros(2 * count, np.uint64)
    kept = keep_inside(as_words(data), out, 2, 0, 5, 7)
    np.testing.assert_array_equal(
        as_events(out[: 2 * kept]), data[(data["x"] >= 2) & (data["x"] < 5)]
    )


@pytest.mark.parametrize("count", [0, 1, 500])
def test_pixels_move_and_the_rest_of_the_event_stays(count):
    data = random_events(count, 65_535, 65_535)
    out = np.zeros(2 * count, np.uint64)
    map_pixels(as_words(data), out, np.array([[0, -1, 65_534], [1, 0, 0]]))
    expected = data.copy()
    expected["x"], expected["y"] = 65_534 - data["y"].astype(int), data["x"]
    np.testing.assert_array_equal(as_events(out), expected)
