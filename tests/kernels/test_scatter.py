"""Counting and voxel kernels against plain numpy twins."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.activity import count_until_active
from eventvision.kernels.scatter import add_counts, add_voxels, clear_cells
from eventvision.kernels.words import as_words

WIDTH, HEIGHT = 9, 6
PIXELS = WIDTH * HEIGHT
STARTS = [0, -500, 2**31 - 400, 1_605_537_493_718_345]


def random_events(count, start_us, duration_us):
    rng = np.random.default_rng(count)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = start_us + np.sort(rng.integers(0, duration_us, count))
    data["x"], data["y"] = rng.integers(0, WIDTH, count), rng.integers(0, HEIGHT, count)
    data["on"] = rng.random(count) < 0.5
    return data


def counts_of(data):
    planes = np.zeros((2, HEIGHT, WIDTH))
    np.add.at(planes, (data["on"].astype(int), data["y"], data["x"]), 1)
    return planes


def voxels_of(data, bins, t0_us, t1_us):
    """Every event weighs max(0, 1 - |b - k|) in every plane k."""
    planes = np.zeros((bins, HEIGHT, WIDTH))
    position = (bins - 1) * (data["t"] - t0_us) / (t1_us - t0_us)
    sign = np.where(data["on"], 1.0, -1.0)
    for k in range(bins):
        weight = np.maximum(0, 1 - np.abs(position - k))
        np.add.at(planes[k], (data["y"], data["x"]), sign * weight)
    return planes


def stops_of(data, bins, t0_us, duration_us):
    position = (data["t"].astype(object) - t0_us) * (bins - 1)
    interval = np.array([p // duration_us for p in position], int)
    return np.array([np.sum(interval <= k) for k in range(max(bins - 1, 1))], np.int64)


@pytest.mark.parametrize("start_us", STARTS)
@pytest.mark.parametrize("count", [0, 1, 400])
def test_counts_are_per_pixel_and_polarity(count, start_us):
    data = random_events(count, start_us, 700)
    planes, written = np.zeros(2 * PIXELS, np.float32), np.full(count, -1, np.int32)
    add_counts(as_words(data), planes, written, WIDTH, PIXELS)
    np.testing.assert_array_equal(planes.reshape(2, HEIGHT, WIDTH), counts_of(data))
    assert set(written.tolist()) == set(np.flatnonzero(planes).tolist())


@pytest.mark.parametrize("bins", [1, 2, 5, 8])
@pytest.mark.parametrize("start_us", STARTS)
@pytest.mark.parametrize("count", [0, 1, 400])
def test_voxels_share_polarity_between_two_planes(count, start_us, bins):
    duration_us = 701
    data = random_events(count, start_us, duration_us)
    step = PIXELS if bins > 1 else 0
    planes, written = np.zeros(bins * PIXELS, np.float32), np.empty(count, np.int32)
    stops = stops_of(data, bins, start_us, duration_us)
    add_voxels(as_words(data), planes, written, stops, WIDTH, step, start_us, duration_us)
    expected = voxels_of(data, bins, start_us, start_us + duration_us)
    np.testing.assert_allclose(planes.reshape(expected.shape), expected, atol=1e-5)
    clear_cells(planes, written, step)
    assert not planes.any()


def test_an_event_on_an_instant_counts_there_alone():
    data = random_events(1, 1_000, 1)
    for k in range(4):
        data["t"] = 1_000 + 25 * k
        planes, written = np.zeros(5 * PIXELS, np.float32), np.empty(1, np.int32)
        stops = stops_of(data, 5, 1_000, 100)
        add_voxels(as_words(data), planes, written, stops, WIDTH, PIXELS, 1_000, 100)
        assert np.flatnonzero(planes) // PIXELS == [k]


def test_activity_is_counted_per_cell_until_enough_cells_are_active():
    columns, rows = np.arange(WIDTH) // 3, np.arange(HEIGHT) // 3 * 3
    data = random_events(300, 0, 10_000)
    cells = rows[data["y"]] + columns[data["x"]]
    seen = np.array([(np.bincount(cells[:n], minlength=6) >= 20).sum() for n in range(1, 301)])
    for earliest_us in (-(2**60), 0, 6_000):
        expected = np.argmax((seen >= 4) & (data["t"] >= earliest_us)) + 1
        counts, taken, active, ended = np.zeros(6, np.int64), 0, 0, False
        for start in range(0, 300, 7):
            words = as_words(data[start : start + 7])
            more, active, ended = count_until_active(
                words, columns, rows, counts, active, 20, 4, earliest_us
            )
            taken += more
            if ended:
                break
        assert (taken, active, ended) == (expected, seen[expected - 1], True)
        assert counts.sum() == taken
