"""Fading pictures against plain numpy twins."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.surface import accumulate, decay_exponents, enter_times
from eventvision.kernels.words import as_words

WIDTH, HEIGHT = 9, 6
PIXELS = WIDTH * HEIGHT
NEVER = -(2**31)


def random_events(count, start_us):
    rng = np.random.default_rng(count)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = start_us + np.sort(rng.integers(0, 1_000, count))
    data["x"], data["y"] = rng.integers(0, WIDTH, count), rng.integers(0, HEIGHT, count)
    data["on"] = rng.random(count) < 0.5
    return data


@pytest.mark.parametrize("start_us", [0, -500, 2**31 - 400, 1_605_537_493_718_345])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_the_latest_time_of_each_pixel_and_polarity_remains(count, start_us):
    data = random_events(count, start_us)
    latest = np.full(2 * PIXELS, NEVER, np.int32)
    enter_times(as_words(data), latest, WIDTH, PIXELS, start_us)
    expected = np.full((2, HEIGHT, WIDTH), NEVER)
    for event in data:
        expected[int(event["on"]), event["y"], event["x"]] = event["t"] - start_us
    np.testing.assert_array_equal(latest.reshape(expected.shape), expected)


def test_exponents_are_ages_in_time_constants():
    latest = np.array([NEVER, 0, -2_000, 500], np.int32)
    out = np.empty(4, np.float32)
    decay_exponents(latest, out, NEVER, 1_000, 100.0)
    np.testing.assert_allclose(out, [-np.inf, -10, -30, -5])


def test_what_cannot_be_seen_any_more_is_gone():
    latest = np.array([0, 1], np.int32)
    out = np.empty(2, np.float32)
    decay_exponents(latest, out, NEVER, 2**40, 1.0)
    assert np.exp(out).tolist() == [0, 0]


def test_a_pixel_without_a_time_stays_dark_however_slow_the_decay():
    out = np.empty(1, np.float32)
    decay_exponents(np.array([NEVER], np.int32), out, NEVER, 0, 1e12)
    assert out[0] == -np.inf


@pytest.mark.parametrize("start_us", [0, -500, 2**31 - 400, 1_605_537_493_718_345])
@pytest.mark.parametrize("count", [0, 1, 400])
def test_sums_fade_exponentially(count, start_us):
    data = random_events(count, start_us)
    now_us, decay_us = start_us + 1_500, 300.0
    before = np.linspace(-2, 2, PIXELS, dtype=np.float32)
    expected = before.reshape(HEIGHT, WIDTH) * 0.25
    weight = 0.2 * np.exp((data["t"] - now_us) / decay_us) * np.where(data["on"], 1, -1)
    np.add.at(expected, (data["y"], data["x"]), weight)
    state = before.copy()
    accumulate(as_words(data), state, WIDTH, 0.25, now_us, decay_us, 0.2)
    np.testing.assert_allclose(state.reshape(HEIGHT, WIDTH), expected, atol=1e-5)


def test_faded_sums_become_zero_and_never_denormal():
    state = np.array([1e-9, -1e-9, 1.0], np.float32)
    nothing = as_words(np.zeros(0, EVENT_DTYPE))
    accumulate(nothing, state, 3, 0.5, 0, 1.0, 1.0)
    assert state.tolist() == [0, 0, 0.5]
