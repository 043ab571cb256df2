"""Counting and voxel kernels against plain numpy twins."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.activity import count_until_active
from eventvision.kernels.scatter import GROUP, add_counts, add_voxels, clear_touched
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


class Marks:
    """Flags of groups of pixels, one by one and by eights."""

    def __init__(self, lead, pixels=PIXELS):
        self.eights = np.zeros(-(-(pixels + lead) // (8 * GROUP)), np.uint64)
        self.flags = self.eights.view(np.bool_)
        self.lead, self.pixels = lead, pixels

    def clear(self, planes):
        groups = np.empty(self.flags.size, np.int64)
        clear_touched(planes, self.flags, self.eights, groups, self.lead, self.pixels)


def groups_of(data, lead):
    return np.unique((data["y"].astype(int) * WIDTH + data["x"] + lead) // GROUP)


@pytest.mark.parametrize("lead", [0, 5, 15])
@pytest.mark.parametrize("start_us", STARTS)
@pytest.mark.parametrize("count", [0, 1, 400])
def test_counts_are_per_pixel_and_polarity(count, start_us, lead):
    data = random_events(count, start_us, 700)
    planes, marks = np.zeros(2 * PIXELS, np.float32), Marks(lead)
    add_counts(as_words(data), planes, marks.flags, lead, WIDTH, PIXELS)
    np.testing.assert_array_equal(planes.reshape(2, HEIGHT, WIDTH), counts_of(data))
    np.testing.assert_array_equal(np.flatnonzero(marks.flags), groups_of(data, lead))


def draw_voxels(data, bins, t0_us, duration_us, lead=0):
    planes, marks = np.zeros(bins * PIXELS, np.float32), Marks(lead)
    add_voxels(as_words(data), planes, marks.flags, lead, WIDTH, PIXELS, t0_us, duration_us)
    return planes, marks


@pytest.mark.parametrize("bins", [1, 2, 5, 8])
@pytest.mark.parametrize("start_us", STARTS)
@pytest.mark.parametrize("count", [0, 1, 400])
@pytest.mark.parametrize("duration_us", [1, 701, 2**33 + 1])
def test_voxels_share_polarity_between_two_planes(count, start_us, bins, duration_us):
    data = random_events(count, start_us, duration_us)
    planes, marks = draw_voxels(data, bins, start_us, duration_us, lead=3)
    expected = voxels_of(data, bins, start_us, start_us + duration_us)
    np.testing.assert_allclose(planes.reshape(expected.shape), expected, atol=1e-5)
    np.testing.assert_array_equal(np.flatnonzero(marks.flags), groups_of(data, 3))


def test_an_event_on_an_instant_counts_there_alone():
    data = random_events(1, 1_000, 1)
    for k in range(4):
        data["t"] = 1_000 + 25 * k
        planes, _ = draw_voxels(data, 5, 1_000, 100)
        assert np.flatnonzero(planes) // PIXELS == [k]


@pytest.mark.parametrize("lead", range(GROUP))
@pytest.mark.parametrize("corner", [0, PIXELS // 2, PIXELS - 1])
def test_clearing_what_was_touched_clears_every_plane(lead, corner):
    data = random_events(3, 0, 100)
    data["y"], data["x"] = divmod(corner, WIDTH)
    planes, marks = draw_voxels(data, 5, 0, 100, lead)
    assert planes.any()
    marks.clear(planes)
    assert not planes.any()
    assert not marks.flags.any()


def test_few_touched_groups_are_cleared_by_themselves():
    planes, marks = np.ones(2 * 40 * GROUP, np.float32), Marks(0, pixels=40 * GROUP)
    touched = [0, 7, 8, 17, 39]
    marks.flags[touched] = True
    marks.clear(planes)
    expected = np.ones((2, 40, GROUP))
    expected[:, touched] = 0
    np.testing.assert_array_equal(planes.reshape(2, 40, GROUP), expected)


def test_many_touched_groups_are_cleared_with_all_others():
    planes, marks = np.ones(2 * 40 * GROUP, np.float32), Marks(0, pixels=40 * GROUP)
    marks.flags[::2] = True
    marks.clear(planes)
    assert not planes.any()
    assert not marks.flags.any()


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
