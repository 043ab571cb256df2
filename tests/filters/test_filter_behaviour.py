"""What each filter keeps, and what it does to frames."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, Frame, Packet, SensorSize
from eventvision.filters import (
    BackgroundActivity,
    Flip,
    HotPixels,
    Refractory,
    RegionOfInterest,
    Rotate,
    find_hot,
)

SENSOR = SensorSize(6, 4)


def packet(*rows, frames=()):
    t, x, y, on = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Packet(Events.from_columns(t, x, y, on, sensor=SENSOR), frames=frames)


def rows_of(out):
    return [tuple(int(value) for value in event) for event in out.events.data]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BackgroundActivity(SENSOR, window_us=0), "window_us must be 1 to 2147483647"),
        (lambda: BackgroundActivity(SENSOR, window_us=2**31), "window_us must be"),
        (lambda: Refractory(SENSOR, period_us=-1), "period_us must be"),
        (lambda: HotPixels(SENSOR, factor=1.0), "factor must be above 1"),
        (lambda: HotPixels(SENSOR, factor=float("nan")), "factor must be above 1"),
        (lambda: RegionOfInterest(SENSOR, x=0, y=0, width=0, height=1), "not empty"),
        (lambda: RegionOfInterest(SENSOR, x=-1, y=0, width=2, height=1), "starts at 0"),
        (lambda: RegionOfInterest(SENSOR, x=3, y=0, width=4, height=1), "leaves the sensor 6x4"),
        (lambda: Flip(SENSOR, axis="z"), "axis must be 'x' or 'y'"),
    ],
)
def test_impossible_settings_are_refused_at_construction(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_background_activity_needs_a_recent_neighbour():
    stage = BackgroundActivity(SENSOR, window_us=100)
    out = stage.process(packet((0, 2, 2, 1), (50, 3, 2, 0), (60, 5, 0, 1), (151, 3, 1, 1)))
    assert rows_of(out) == [(50, 3, 2, 0)]
    assert stage.removed == 3


def test_a_single_pixel_cannot_support_itself():
    stage = BackgroundActivity(SENSOR)
    assert rows_of(stage.process(packet((0, 2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 0)))) == []


def test_dropped_events_do_not_prolong_the_refractory_period():
    stage = Refractory(SENSOR, period_us=100)
    out = stage.process(packet((0, 1, 1, 1), (60, 1, 1, 0), (100, 1, 1, 0), (130, 2, 1, 1)))
    assert [row[0] for row in rows_of(out)] == [0, 100, 130]


@pytest.mark.parametrize(
    ("crop", "rows"), [(False, [(1, 2, 1, 1), (2, 4, 2, 0)]), (True, [(1, 0, 0, 1), (2, 2, 1, 0)])]
)
def test_region_keeps_coordinates_unless_cropped(crop, rows):
    stage = RegionOfInterest(SENSOR, x=2, y=1, width=3, height=2, crop=crop)
    out = stage.process(
        packet((0, 1, 1, 1), (1, 2, 1, 1), (2, 4, 2, 0), (3, 5, 2, 1), (4, 3, 3, 1))
    )
    assert rows_of(out) == rows
    assert out.sensor == (SensorSize(3, 2) if crop else SENSOR)


def test_a_crop_cuts_frames_and_drops_those_outside():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    frames = (Frame(0, 0, pixels, x=1, y=0), Frame(1, 0, pixels[:1, :1], x=0, y=3))
    stage = RegionOfInterest(SENSOR, x=2, y=1, width=4, height=3, crop=True)
    (frame,) = stage.process(packet(frames=frames)).frames
    np.testing.assert_array_equal(frame.pixels, pixels[1:, 1:])
    assert (frame.x, frame.y) == (0, 0)


PICTURE = np.arange(24, dtype=np.uint8).reshape(SENSOR.shape)


@pytest.mark.parametrize(
    ("make", "turned"),
    [
        (lambda: Flip(SENSOR, axis="x"), np.fliplr(PICTURE)),
        (lambda: Flip(SENSOR, axis="y"), np.flipud(PICTURE)),
        *[
            (lambda turns=turns: Rotate(SENSOR, quarter_turns=turns), np.rot90(PICTURE, -turns))
            for turns in (0, 1, 2, 3, -1, 5)
        ],
    ],
)
def test_events_and_frames_turn_like_a_picture(make, turned):
    stage = make()
    every_pixel = [(0, x, y, 1) for y in range(4) for x in range(6)]
    part = Frame(0, 0, PICTURE[1:3, 2:], x=2, y=1)
    out = stage.process(packet(*every_pixel, frames=(Frame(0, 0, PICTURE), part)))
    assert stage.sensor.shape == turned.shape
    np.testing.assert_array_equal(turned[out.events.y, out.events.x], PICTURE.reshape(-1))
    whole, part = out.frames
    np.testing.assert_array_equal(whole.pixels, turned)
    height, width = part.pixels.shape
    window = turned[part.y : part.y + height, part.x : part.x + width]
    np.testing.assert_array_equal(part.pixels, window)


def burst(t_us, count, x=3, y=1):
    return [(t_us, x, y, 1)] * count


def test_hot_pixels_are_isolated_and_far_above_the_typical_pixel():
    counts = np.ones((12, 12), np.int64)
    counts[2:6, 2:6] = 200
    counts[9, 9] = 100
    counts[0, 11] = 60
    assert np.argwhere(find_hot(counts, factor=10)).tolist() == [[0, 11], [9, 9]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2)])
def test_small_sensors_have_no_hot_pixels_when_all_fire_alike(shape):
    assert not find_hot(np.full(shape, 50), factor=2).any()
    assert not find_hot(np.zeros(shape, np.int64), factor=2).any()


def test_hot_pixels_pass_until_the_first_review_and_never_after():
    stage = HotPixels(SENSOR)
    scene = [(t, t // 100 % 3, 3, 1) for t in range(0, 49_000, 1_000)]
    early = stage.process(packet(*scene, *burst(49_999, 200)))
    assert len(early) == 249
    late = stage.process(packet(*burst(50_000, 7), (50_001, 0, 0, 1), *burst(10**15, 7)))
    assert rows_of(late) == [(50_001, 0, 0, 1)]
    assert stage.hot[1, 3]
    assert stage.hot.sum() == 1


def test_a_pixel_that_calms_down_comes_back():
    stage = HotPixels(SENSOR, factor=3)
    stage.process(packet((0, 0, 0, 1), *burst(10, 40), *[(20, x, 3, 1) for x in range(5)]))
    assert len(stage.process(packet(*burst(60_000, 1)))) == 0
    everywhere = [(70_000, x, y, 1) for x in range(6) for y in range(4)] * 50
    stage.process(packet(*everywhere))
    assert len(stage.process(packet(*burst(80_000_000, 1)))) == 1


def test_learned_hot_pixels_are_out_from_the_first_event_and_stay_so():
    recording = [packet(*burst(10, 50)), packet((20, 0, 0, 1), (30, 1, 0, 1), (40, 2, 0, 1))]
    stage = HotPixels(SENSOR)
    stage.learn(recording)
    for _ in range(2):
        assert [len(stage.process(part)) for part in recording] == [0, 3]
        assert stage.removed == 50
        stage.reset()
