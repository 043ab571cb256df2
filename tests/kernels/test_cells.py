"""Charging, activating and measuring grid cells against plain references."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels import cells as kernel

HEIGHT, WIDTH, SIDE = 31, 47, 3
MEMORIES_US = (4_000, 20_000, 200_000)
TABLES = kernel.decay_tables(MEMORIES_US)


def pack(t, x, y, on) -> np.ndarray:
    data = np.zeros(len(t), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = t, x, y, on
    return data


def random_events(count: int, until_us: int = 40_000) -> np.ndarray:
    rng = np.random.default_rng(4)
    return pack(
        np.sort(rng.integers(0, until_us, count)),
        rng.integers(0, WIDTH, count),
        rng.integers(0, HEIGHT, count),
        rng.random(count) < 0.5,
    )


def charged(parts: list[np.ndarray], times_us: list[int]) -> np.ndarray:
    """Return the cells after parts that end at the times, from time 0."""
    pixels = kernel.new_pixels(HEIGHT, WIDTH)
    cells = kernel.new_cells(HEIGHT, WIDTH, SIDE)
    for part, from_us, until_us in zip(parts, [0, *times_us], times_us, strict=False):
        kernel.charge(part, pixels, cells, SIDE, from_us, until_us, TABLES)
    return cells


def by_definition(events: np.ndarray, until_us: int) -> np.ndarray:
    cells = np.zeros((math.ceil(HEIGHT / SIDE), math.ceil(WIDTH / SIDE)), kernel.CELL_DTYPE)
    history: dict[tuple[int, int], tuple[int, bool, int]] = {}
    for t, x, y, on in events.tolist():
        previous = history.get((x, y))
        turns = 0
        if previous is not None and t - previous[0] <= kernel.QUICK_US:
            turns = previous[2] + (on != previous[1])
        history[x, y] = (t, on, turns)
        recent, middle, long = (math.exp(-(until_us - t) / memory) for memory in MEMORIES_US)
        cell = cells[y // SIDE, x // SIDE]
        if turns >= kernel.FLICKER_TURNS:
            cell["flicker"] += long
            continue
        cell["charge"] += middle
        cell["balance"] += middle if on else -middle
        cell["recent"] += recent
        cell["steady"] += long
    return cells


@pytest.mark.parametrize("field", ["charge", "balance", "recent", "steady", "flicker", "usual"])
def test_charges_agree_with_their_definition(field):
    events = random_events(20_000)
    found = charged([events], [40_000])
    np.testing.assert_allclose(
        found[field], by_definition(events, 40_000)[field], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("cut_us", [0, 1, 17_003, 39_999])
def test_charges_do_not_depend_on_how_the_stream_is_cut(cut_us):
    events = random_events(20_000)
    at = np.searchsorted(events["t"], cut_us)
    whole = charged([events], [40_000])
    parts = charged([events[:at], events[at:]], [cut_us, 40_000])
    for field in kernel.CELL_DTYPE.names:
        np.testing.assert_allclose(parts[field], whole[field], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [1, 2, 3, 7, 64])
def test_every_pixel_charges_the_cell_that_covers_it(side):
    y, x = (axis.ravel() for axis in np.mgrid[:HEIGHT, :WIDTH])
    cells = kernel.new_cells(HEIGHT, WIDTH, side)
    events = pack(np.full(x.size, 10), x, y, np.ones(x.size, bool))
    kernel.charge(events, kernel.new_pixels(HEIGHT, WIDTH), cells, side, 0, 10, TABLES)
    expected = np.zeros(cells.shape)
    np.add.at(expected, (y // side, x // side), 1)
    np.testing.assert_array_equal(cells["charge"], expected)


def test_coordinates_of_the_largest_sensor_find_their_cell():
    events = pack([0], [65_534], [0], [True])
    cells = kernel.new_cells(1, 65_535, 3)
    kernel.charge(events, kernel.new_pixels(1, 65_535), cells, 3, 0, 0, TABLES)
    assert cells["charge"][0, 65_534 // 3] == 1


def test_a_long_silence_leaves_exactly_nothing():
    cells = charged([random_events(5_000), random_events(0)], [40_000, 40_000 + 10**12])
    assert all(not cells[field].any() for field in kernel.CELL_DTYPE.names)


def test_charges_that_fade_slice_by_slice_end_at_exactly_nothing():
    parts = [random_events(100), *[random_events(0)] * 60]
    cells = charged(parts, [40_000 + 10_000 * step for step in range(61)])
    assert not cells["recent"].any()


def test_a_lamp_flickers_and_an_edge_does_not():
    times_us = np.arange(0, 100_000, 5_000)
    lamp = pack(times_us, [10] * 20, [10] * 20, [True, False] * 10)
    edge = pack(times_us // 10, [20] * 20, [20] * 20, [True] * 10 + [False] * 10)
    events = np.concatenate([lamp, edge])
    cells = charged([events[np.argsort(events["t"], kind="stable")]], [100_000])
    assert cells["flicker"][3, 3] > 4 * cells["steady"][3, 3]
    assert cells["flicker"][6, 6] == 0


def grid(charges: np.ndarray, **fields: np.ndarray) -> np.ndarray:
    cells = np.zeros(charges.shape, kernel.CELL_DTYPE)
    cells["charge"] = charges
    for field, values in fields.items():
        cells[field] = values
    return cells


def activated(cells: np.ndarray, least: float, most: int) -> np.ndarray:
    """Return which cells are active, at a usual share of 0.7."""
    places = kernel.activate(cells, 0.7, least, most)
    np.testing.assert_array_equal(places, sorted(places.tolist()) or places)
    active = np.zeros(cells.shape, bool)
    active[places[:, 0], places[:, 1]] = True
    return active


def test_active_is_what_exceeds_the_usual():
    charges = np.array([[0.5, 1.5, 5.0, 9.0]])
    usual = np.array([[0.0, 0.0, 6.0, 6.0]])
    active = activated(grid(charges, usual=usual), 1.0, 4)
    np.testing.assert_array_equal(active, [[False, True, False, True]])


def test_where_too_much_is_active_only_cells_that_stand_out_are():
    charges = np.random.default_rng(5).uniform(4, 6, (40, 40))
    charges[3, 4:8] = 18
    expected = charges > kernel.STANDS_OUT * np.median(charges)
    np.testing.assert_array_equal(activated(grid(charges), 1.0, 100), expected)
    assert activated(grid(charges), 1.0, 1_600).all()


def test_a_grid_of_equal_charges_does_not_stand_out():
    assert not activated(grid(np.full((9, 9), 7.0)), 1.0, 5).any()


def test_learning_moves_the_usual_towards_the_charge():
    cells = grid(np.full((2, 2), 8.0), usual=np.full((2, 2), 4.0))
    kernel.learn_usual(cells, 0.25)
    assert (cells["usual"] == 5).all()


def test_cells_near_flicker_are_dropped_and_others_stay():
    flicker = np.zeros((20, 20))
    flicker[5, 5] = 10
    cells = grid(np.ones((20, 20)), steady=np.ones((20, 20)), flicker=flicker)
    active = np.ones((20, 20), bool)
    active[0, 0] = False
    kept = kernel.drop_flickering(np.argwhere(active).astype(np.int32), cells, 2, 0.15)
    active[3:8, 3:8] = False
    np.testing.assert_array_equal(kept, np.argwhere(active))


@pytest.mark.parametrize(("outside", "expected"), [(0.0, 1.0), (0.5, 0.75), (2.0, 0.0), (9.0, 0.0)])
def test_contrast_is_what_a_box_has_more_than_the_frame_around_it(outside, expected):
    charges = np.full((30, 40), outside)
    charges[10:16, 20:28] = 2
    boxes = np.array([[20.0, 10.0, 28.0, 16.0]])
    np.testing.assert_allclose(kernel.contrast(boxes, grid(charges)), [expected], atol=1e-6)


def test_a_box_as_large_as_the_grid_or_without_charge_has_full_contrast():
    boxes = np.array([[0.0, 0.0, 8.0, 6.0], [1.0, 1.0, 3.0, 3.0]])
    np.testing.assert_array_equal(kernel.contrast(boxes[:1], grid(np.ones((6, 8)))), [1])
    np.testing.assert_array_equal(kernel.contrast(boxes[1:], grid(np.zeros((6, 8)))), [1])
    assert kernel.contrast(boxes[:0], grid(np.ones((6, 8)))).shape == (0,)


PLACES = np.array([(2, 3), (2, 4), (3, 3), (8, 9)], np.int32)


def test_a_cluster_is_measured_by_its_heavy_cells():
    charges = np.zeros((10, 12))
    charges[2, 3], charges[2, 4], charges[3, 3], charges[8, 9] = 5, 5, 0.5, 4
    cells = grid(charges, balance=-charges)
    found, sums = kernel.measure(PLACES, np.array([1, 1, 1, 2], np.int32), 2, cells, 1.0, 0.35)
    np.testing.assert_array_equal(found, [[2, 3, 2, 4, 2], [8, 9, 8, 9, 1]])
    np.testing.assert_allclose(sums, [[10.5, -10.5], [4, -4]])


def test_a_busy_cluster_is_measured_where_it_is_now():
    charges, recent = np.zeros((10, 12)), np.zeros((10, 12))
    for place in PLACES[:3]:
        charges[tuple(place)] = 9
    recent[3, 3] = 6
    cells = grid(charges, recent=recent)
    labels = np.array([1, 1, 1, 0], np.int32)
    busy, _ = kernel.measure(PLACES, labels, 1, cells, 5.0, 0.35)
    quiet, _ = kernel.measure(PLACES, labels, 1, cells, 50.0, 0.35)
    np.testing.assert_array_equal(busy, [[3, 3, 3, 3, 1]])
    np.testing.assert_array_equal(quiet, [[2, 3, 3, 4, 3]])


def test_no_clusters_have_no_measures():
    found, sums = kernel.measure(
        PLACES[:0], np.empty(0, np.int32), 0, grid(np.zeros((4, 4))), 1.0, 0.35
    )
    assert found.shape == (0, 5)
    assert sums.shape == (0, 2)
