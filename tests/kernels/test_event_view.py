"""Pictures of events for a screen: each kernel against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, SensorSize
from eventvision.kernels.event_view import (
    NEVER,
    STEPS,
    count_by_time,
    count_near,
    enter_latest,
    paint_classes,
    paint_depth,
    paint_grey,
    paint_on_ground,
    paint_on_picture,
)
from eventvision.kernels.words import as_words

SENSOR = SensorSize(7, 5)
GROUND = 0xFF102030
OVER, UNDER = 0xFFC86432, 0xFF0A5096


@pytest.fixture
def events() -> Events:
    draw = np.random.default_rng(5)
    t = np.sort(draw.integers(100, 400, 60))
    x, y = draw.integers(0, 7, 60), draw.integers(0, 5, 60)
    return Events.from_columns(t, x, y, draw.integers(0, 2, 60), sensor=SENSOR)


@pytest.fixture
def cells(events):
    cells = np.full(SENSOR.pixels, NEVER, np.int64)
    enter_latest(as_words(events.data), SENSOR.width, cells)
    return cells


def blend(over: int, under: int, weight: int) -> int:
    """Return `weight` / 256 of a colour over another, channel by channel."""
    mixed = 0xFF000000
    for shift in (0, 8, 16):
        high, low = (over >> shift) & 255, (under >> shift) & 255
        mixed |= ((high * weight + low * (256 - weight)) >> 8) << shift
    return mixed


def latest_by_pixel(events: Events) -> dict[int, tuple[int, bool]]:
    return {int(e["y"]) * 7 + int(e["x"]): (int(e["t"]), bool(e["on"])) for e in events.data}


def test_a_cell_holds_the_latest_event_of_its_pixel(events, cells):
    expected = np.full(SENSOR.pixels, NEVER)
    for pixel, (t, on) in latest_by_pixel(events).items():
        expected[pixel] = 2 * t + on
    np.testing.assert_array_equal(cells, expected)


@pytest.mark.parametrize(("now_us", "window_us"), [(400, 50), (400, 1), (250, 100), (400, 10_000)])
def test_events_of_the_window_are_coloured_by_age(events, cells, now_us, window_us):
    ramps = np.arange(2 * STEPS, dtype=np.uint32).reshape(2, STEPS)
    out = np.empty(SENSOR.pixels, np.uint32)
    paint_on_ground(cells, now_us, window_us, ramps, GROUND, out)
    expected = np.full(SENSOR.pixels, GROUND, np.uint32)
    for pixel, (t, on) in latest_by_pixel(events).items():
        age = now_us - t
        if 0 <= age < window_us:
            expected[pixel] = ramps[
                int(on),
                min(STEPS - 1, int(np.float32(age) * np.float32(STEPS) / np.float32(window_us))),
            ]
    np.testing.assert_array_equal(out, expected)


def test_events_are_blended_over_a_picture_by_age(events, cells):
    picture = np.full(SENSOR.pixels, UNDER, np.uint32)
    colours = np.array([OVER, 0xFFFFFFFF], np.uint32)
    weights = np.linspace(256, 20, STEPS).astype(np.uint32)
    out = np.empty(SENSOR.pixels, np.uint32)
    paint_on_picture(cells, 400, 200, colours, weights, picture, out)
    expected = picture.copy()
    for pixel, (t, on) in latest_by_pixel(events).items():
        if 0 <= 400 - t < 200:
            step = min(STEPS - 1, int(np.float32(400 - t) * np.float32(STEPS) / np.float32(200)))
            expected[pixel] = blend(int(colours[int(on)]), UNDER, int(weights[step]))
    np.testing.assert_array_equal(out, expected)


def test_brightness_is_bounded_and_nothing_is_black():
    pixels = np.array([-1, 0, 0.5, 1, 7, np.nan], np.float32)
    out = np.empty(6, np.uint32)
    paint_grey(pixels, out)
    assert [f"{value:08x}" for value in out] == [
        "ff000000", "ff000000", "ff808080", "ffffffff", "ffffffff", "ff000000",
    ]  # fmt: skip


def test_depth_goes_from_the_first_colour_to_the_last_on_a_logarithmic_scale():
    ramp = np.array([0xFF000000 | step for step in range(STEPS)], np.uint32)
    depth = np.array([1, 10, 100, 0.1, 1000, 0, np.inf, np.nan], np.float32)
    out = np.empty(8, np.uint32)
    paint_depth(depth, np.ones(8, np.float32), 1.0, 100.0, ramp, GROUND, out)
    near, middle, far = ramp[0], ramp[127], ramp[255]
    assert out.tolist() == [near, middle, far, near, far, GROUND, GROUND, GROUND]


def test_unsure_depth_fades_into_the_ground():
    ramp = np.full(STEPS, OVER, np.uint32)
    out = np.empty(3, np.uint32)
    sure = np.array([0, 0.5, 1], np.float32)
    paint_depth(np.ones(3, np.float32), sure, 1.0, 2.0, ramp, GROUND, out)
    assert out.tolist() == [GROUND, blend(OVER, GROUND, 128), OVER]


def test_classes_tint_what_is_under_them():
    tints, weights = np.zeros(256, np.uint32), np.zeros(256, np.uint32)
    tints[2], weights[2] = OVER, 140
    under = np.full(3, UNDER, np.uint32)
    out = np.empty(3, np.uint32)
    paint_classes(np.array([0, 1, 2], np.uint8), tints, weights, under, out)
    assert out.tolist() == [UNDER, UNDER, blend(OVER, UNDER, 140)]


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 2), (6, 4), (-1, -1)])
def test_events_near_a_pixel_are_those_of_nine(events, x, y):
    near = sum(abs(int(e["x"]) - x) <= 1 and abs(int(e["y"]) - y) <= 1 for e in events.data)
    assert count_near(as_words(events.data), x, y) == near


def test_events_are_counted_by_time_and_polarity(events):
    counts = np.zeros((2, 10), np.int64)
    count_by_time(as_words(events.data), 100, 40, counts)
    expected = np.zeros((2, 10), np.int64)
    for event in events.data:
        expected[int(event["on"]), (int(event["t"]) - 100) // 40] += 1
    np.testing.assert_array_equal(counts, expected)
