"""The intensity filter against its definition in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels import fibar

POLE = 1 - 2 * np.pi / 40
HEIGHT, WIDTH = 21, 37


def random_events(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = np.sort(rng.integers(0, 50_000, count))
    data["x"] = rng.integers(0, WIDTH, count)
    data["y"] = rng.integers(0, HEIGHT, count)
    data["on"] = rng.random(count) < 0.6
    return data


def at_pixel(on: list[bool], x: int = 5, y: int = 4) -> np.ndarray:
    data = np.zeros(len(on), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = np.arange(len(on)), x, y, on
    return data


def filtered(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pixels, clocks = fibar.new_state(HEIGHT, WIDTH)
    fibar.integrate(events, pixels, clocks, POLE)
    return pixels, clocks


def by_definition(events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    level, mean = np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH))
    seen = np.zeros((HEIGHT, WIDTH), np.uint32)
    clocks: dict[tuple[int, int], int] = {}
    for _, x, y, on in events.tolist():
        polarity = 1.0 if on else -1.0
        mean[y, x] += (1 - POLE) * (polarity - mean[y, x])
        level[y, x] = POLE * level[y, x] + polarity - mean[y, x]
        tile = (y // 16, x // 16)
        clock = clocks.get(tile, int(fibar.LONG_AGO))
        clocks[tile] = clock + (clock - int(seen[y, x]) > fibar.RENEWAL_TICKS)
        seen[y, x] = clocks[tile]
    return level, mean, seen


def test_the_filter_agrees_with_its_definition():
    events = random_events(5_000)
    pixels, _ = filtered(events)
    level, mean, seen = by_definition(events)
    np.testing.assert_allclose(pixels["level"], level, atol=1e-4)
    np.testing.assert_allclose(pixels["mean"], mean, atol=1e-5)
    np.testing.assert_array_equal(pixels["seen"], seen)


@pytest.mark.parametrize("cut", [0, 1, 7, 999, 1_000])
def test_the_state_does_not_depend_on_how_the_stream_is_cut(cut):
    events = random_events(1_000)
    whole, whole_clocks = filtered(events)
    pixels, clocks = fibar.new_state(HEIGHT, WIDTH)
    for part in (events[:cut], events[cut:]):
        fibar.integrate(part, pixels, clocks, POLE)
    assert pixels.tobytes() == whole.tobytes()
    np.testing.assert_array_equal(clocks, whole_clocks)


def test_a_step_of_brightness_shows_at_once_and_a_drift_is_forgotten():
    step, _ = filtered(at_pixel([True] * 4))
    drift, _ = filtered(at_pixel([True] * 400))
    assert step["level"][4, 5] > 1.5
    assert abs(drift["level"][4, 5]) < 0.01


def test_unequal_thresholds_do_not_tilt_the_level():
    on = [True, True, False] * 300
    levels = [filtered(at_pixel(on[:count]))[0]["level"][4, 5] for count in range(600, 630)]
    assert abs(np.mean(levels)) < 0.1


def freshness_of(pixels: np.ndarray, clocks: np.ndarray) -> np.ndarray:
    levels, fresh = np.empty(pixels.shape, np.float32), np.empty(pixels.shape, np.float32)
    fibar.read_out(pixels, clocks, levels, fresh)
    np.testing.assert_array_equal(levels, pixels["level"])
    return fresh


def test_a_pixel_is_fresh_when_seen_and_ages_as_others_of_its_tile_fire():
    events = random_events(300)
    events = events[(events["x"] != 5) | (events["y"] != 4)]
    fresh = freshness_of(*filtered(np.concatenate([at_pixel([True]), events])))
    assert freshness_of(*filtered(at_pixel([True])))[4, 5] == 1
    assert 0 < fresh[4, 5] < 0.9


def test_pixels_that_never_fired_are_not_fresh():
    fresh = freshness_of(*filtered(at_pixel([True] * 3)))
    assert np.count_nonzero(fresh) == 1


def test_a_hot_pixel_does_not_age_its_neighbours():
    calm = at_pixel([True], x=6)
    fresh = freshness_of(*filtered(np.concatenate([calm, at_pixel([True, False] * 5_000)])))
    assert fresh[4, 6] > 0.95


def test_a_pixel_of_long_ago_has_no_freshness_left():
    pixels, clocks = filtered(at_pixel([True]))
    clocks += np.uint32(10_000_000)
    assert freshness_of(pixels, clocks).max() == 0


def test_clocks_go_on_past_their_largest_number():
    pixels, clocks = fibar.new_state(HEIGHT, WIDTH)
    clocks[:] = 2**32 - 3
    fibar.integrate(random_events(500), pixels, clocks, POLE)
    fresh = freshness_of(pixels, clocks)
    assert clocks.min() < 1_000
    assert fresh[pixels["level"] != 0].min() > 0


def test_weights_are_freshness_as_far_as_the_neighbours_share_it():
    rng = np.random.default_rng(2)
    fresh = (rng.random((9, 11)) * (rng.random((9, 11)) < 0.4)).astype(np.float32)
    padded = np.pad(fresh, 1, mode="edge")
    around = sum(padded[y : y + 9, x : x + 11] for y in range(3) for x in range(3)) - fresh
    expected = np.clip(fresh * np.minimum(around / 2, 1), fibar.LEAST_WEIGHT, fibar.MOST_WEIGHT)
    weights = np.empty_like(fresh)
    fibar.support(fresh, weights)
    np.testing.assert_allclose(weights, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 3), (33, 50)])
def test_smoothing_leaves_an_even_image_as_it_is(shape):
    values = np.full(shape, 0.7, np.float32)
    weights = np.full(shape, 0.1, np.float32)
    fibar.smooth(values, weights)
    np.testing.assert_allclose(values, 0.7, atol=1e-6)


def test_smoothing_keeps_sure_pixels():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(33, 50)).astype(np.float32)
    before = values.copy()
    fibar.smooth(values, np.ones_like(values))
    np.testing.assert_allclose(values, before, atol=1e-6)


def test_smoothing_melts_a_lone_unsure_pixel_into_its_surroundings():
    values = np.zeros((32, 32), np.float32)
    values[10, 11] = 1
    fibar.smooth(values, np.full_like(values, fibar.LEAST_WEIGHT))
    assert 0 < values[10, 11] < 0.25
    assert values.max() == values[10, 11]


def test_smoothing_keeps_an_edge_between_sure_pixels_that_unsure_ones_would_lose():
    values = np.zeros((32, 32), np.float32)
    values[:, 15:] = 1
    sure, unsure = values.copy(), values.copy()
    fibar.smooth(sure, np.full_like(values, fibar.MOST_WEIGHT))
    fibar.smooth(unsure, np.full_like(values, fibar.LEAST_WEIGHT))
    assert np.diff(sure[16])[14] > 2 * np.diff(unsure[16])[14]


def test_swing_is_a_quantile_of_the_pixels_that_fired():
    pixels, _ = filtered(random_events(400))
    fired = pixels["level"] != 0
    values = np.ascontiguousarray(pixels["level"])
    found = fibar.swing(values, pixels, 0.9, 0.01)
    assert found == pytest.approx(
        np.quantile(abs(values[fired]), 0.9, method="inverted_cdf"), abs=0.011
    )


def test_swing_of_an_unseen_scene_is_zero():
    pixels, _ = fibar.new_state(HEIGHT, WIDTH)
    assert fibar.swing(np.zeros((HEIGHT, WIDTH), np.float32), pixels, 0.9, 0.01) == 0


def test_grey_is_the_share_of_the_range():
    values = np.array([[-3, -2, -1, 0, 1, 2, 9]], np.float32)
    fibar.to_grey(values, 2.0)
    np.testing.assert_allclose(values, [[0, 0, 0.25, 0.5, 0.75, 1, 1]])


def test_swing_looks_at_every_nth_row_of_a_large_sensor():
    pixels, _ = fibar.new_state(400, 1_000)
    pixels["level"] = 1
    values = np.ones((400, 1_000), np.float32)
    values[::10] = 2
    assert fibar.swing(values, pixels, 0.9, 0.01) == pytest.approx(2, abs=0.02)
