from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    EventBoundsError,
    EventOrderError,
    Events,
    SensorSize,
)

SENSOR = SensorSize(10, 8)


def events(*times_us: int) -> Events:
    count = len(times_us)
    return Events.from_columns(times_us, [1] * count, [2] * count, [1] * count, sensor=SENSOR)


def test_an_event_takes_sixteen_aligned_bytes():
    assert EVENT_DTYPE.itemsize == 16
    assert [EVENT_DTYPE.fields[name][1] for name in ("t", "x", "y", "on")] == [0, 8, 10, 12]


def test_columns_come_back_as_they_went_in():
    packed = Events.from_columns([1, 2], [3, 9], [4, 7], [-1, 1], sensor=SENSOR)
    assert (packed.t.tolist(), packed.x.tolist(), packed.y.tolist()) == ([1, 2], [3, 9], [4, 7])
    assert packed.on.tolist() == [False, True]


@pytest.mark.parametrize(
    ("x", "y", "where"),
    [(10, 0, r"\(10, 0\)"), (0, 8, r"\(0, 8\)"), (-1, 0, r"\(-1, 0\)"), (70_000, 1, "70000")],
)
def test_a_pixel_outside_the_sensor_is_refused_and_named(x, y, where):
    with pytest.raises(EventBoundsError, match=where) as refused:
        Events.from_columns([1, 2], [0, x], [0, y], [1, 1], sensor=SENSOR)
    assert refused.value.index == 1


def test_time_that_goes_backwards_is_refused_and_named():
    with pytest.raises(EventOrderError) as refused:
        events(1, 5, 4)
    assert (refused.value.index, refused.value.previous_us, refused.value.found_us) == (2, 5, 4)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Events.from_columns([1, 2], [1], [1], [1], sensor=SENSOR)


def test_a_window_is_half_open_and_shares_memory():
    whole = events(1, 2, 2, 3)
    window = whole.between(2, 3)
    assert window.t.tolist() == [2, 2]
    assert np.shares_memory(window.data, whole.data)


def test_joining_keeps_order_and_one_part_is_not_copied():
    parts = [events(1, 2), events(2, 3)]
    assert Events.join(parts).t.tolist() == [1, 2, 2, 3]
    assert Events.join(parts[:1]) is parts[0]


def test_joining_keeps_everything_of_an_event_also_of_every_other_one():
    columns = [np.arange(6), np.arange(6) + 3, np.arange(6) + 2, np.arange(6) % 3 == 0]
    events = Events.from_columns(*columns, sensor=SENSOR)
    halves = [Events(events.data[start::2], SENSOR) for start in (0, 1)]
    joined = Events.join(halves).data
    np.testing.assert_array_equal(joined, np.concatenate([half.data for half in halves]))


@pytest.mark.parametrize("parts", [[], [Events.empty(SENSOR), Events.empty(SensorSize(3, 3))]])
def test_joining_nothing_or_different_sensors_is_refused(parts):
    with pytest.raises(ValueError, match="all of one sensor"):
        Events.join(parts)


@pytest.mark.parametrize("text", ["346", "0x260", "346x-1", "ax b", "70000x2", ""])
def test_a_sensor_size_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"sensor"):
        SensorSize.parse(text)
