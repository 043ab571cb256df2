"""What is inferred where a file is silent: sensor, time unit, column order."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.io._geometry import PixelCounts, smallest_known_sensor
from eventvision.io._text.columns import guess_order, role_of
from eventvision.io._time_unit import guess_time_unit, to_us


@pytest.mark.parametrize(
    ("max_x", "max_y", "size"),
    [
        (0, 0, "34x34"),
        (33, 34, "128x128"),
        (239, 179, "240x180"),
        (303, 239, "304x240"),
        (319, 239, "320x240"),
        (319, 319, "320x320"),
        (345, 259, "346x260"),
        (639, 479, "640x480"),
        (1279, 719, "1280x720"),
        (4000, 10, "4001x11"),
    ],
)
def test_the_smallest_sensor_that_holds_the_pixels_is_taken(max_x, max_y, size):
    assert str(smallest_known_sensor(max_x, max_y)) == size


def test_no_sensor_has_negative_pixels():
    with pytest.raises(ValueError, match="start at 0"):
        smallest_known_sensor(-1, 5)


def counted(x, y):
    counts = PixelCounts()
    for part_x, part_y in zip(np.array_split(x, 3), np.array_split(y, 3), strict=True):
        counts.add(part_x, part_y)
    return counts


def test_a_few_stray_events_do_not_make_the_sensor_larger():
    x, y = np.arange(10_000) % 240, np.arange(10_000) % 180
    x[:5], y[5:10] = 5000, 60_000
    assert counted(x, y).sensor() == SensorSize(240, 180)
    x[:500] = 5000
    y[5:10] = 0
    assert counted(x, y).sensor() == SensorSize(5001, 180)


@pytest.mark.parametrize(
    ("x", "problem"), [([], "no pixel"), ([65_535], "no pixel"), ([9000], "9000")]
)
def test_a_sensor_that_cannot_be_inferred_is_an_error(x, problem):
    with pytest.raises(ValueError, match=problem):
        counted(np.array(x, np.int64), np.zeros(len(x), np.int64)).sensor()


RANDOM = np.random.default_rng(0)
TICKS = np.cumsum(RANDOM.integers(0, 50, 20_000))


@pytest.mark.parametrize(
    ("times", "pixels", "unit"),
    [
        (TICKS, 346 * 260, "us"),
        (TICKS / 1e6, 346 * 260, "s"),
        (TICKS * 1000, 346 * 260, "ns"),
        (TICKS * 1000 + 777, 346 * 260, "ns"),
        (TICKS + 1_700_000_000_000_000_000, 346 * 260, "ns"),
        (TICKS + 1_700_000_000_000_000, 346 * 260, "us"),
        (TICKS // 1000, 128 * 128, "ms"),
        (TICKS // 1000 * 1000, 128 * 128, "us"),
        (np.arange(5), 100, "us"),
        (np.zeros(5000, np.int64), 100, "us"),
        (np.array([], np.int64), 100, "us"),
        (np.array([np.nan, np.inf, 1.0]), 100, "us"),
    ],
)
def test_time_units_follow_from_the_values(times, pixels, unit):
    assert guess_time_unit(times, pixels) == unit


@pytest.mark.parametrize(
    ("times", "unit", "us"),
    [
        (np.array([0.0000014, 0.0000016, -1.5]), "s", [1, 2, -1_500_000]),
        (np.array([1499, 1500, 1501, -600], np.int64), "ns", [1, 2, 2, -1]),
        (np.array([3, 4], np.uint8), "ms", [3000, 4000]),
        (np.array([np.nan, np.inf, -np.inf]), "us", [-1, 2**62, -(2**62)]),
        (np.array([2**64 - 1], np.uint64), "us", [2**62]),
        (np.array([2**62], np.int64), "s", [2**62 // 10**6 * 10**6]),
    ],
)
def test_times_become_whole_microseconds(times, unit, us):
    assert to_us(times, unit).tolist() == us


COUNT = 500
COLUMNS = {
    "t": np.sort(RANDOM.integers(0, 40_000, COUNT)),
    "x": RANDOM.integers(0, 240, COUNT),
    "y": RANDOM.integers(0, 180, COUNT),
    "p": RANDOM.integers(0, 2, COUNT),
}


@pytest.mark.parametrize("order", ["txyp", "xytp", "xypt"])
@pytest.mark.parametrize("damaged", [False, True])
def test_the_usual_column_orders_are_told_apart(order, damaged):
    columns = {name: column.copy() for name, column in COLUMNS.items()}
    if damaged:
        columns["t"][100:110] -= 30_000
        columns["x"][200:205] = 99_999
    table = np.stack([columns[role] for role in order], axis=1).astype(float)
    assert guess_order(table) == order


def test_decreasing_times_are_still_times():
    table = np.array([[30.0, 1, 1, 1], [20, 2, 2, 0], [10, 3, 3, 1]])
    assert guess_order(table) == "txyp"


@pytest.mark.parametrize("row", [[1, 2, 3, 4], [1, -2, 3, 1], [70_000, 80_000, 3, 1]])
def test_rows_that_are_no_events_have_no_order(row):
    assert guess_order(np.array([row] * 5, float)) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("T", ("t", None)),
        ("Time [s]", ("t", "s")),
        ("time_ms", ("t", "ms")),
        ("timestamp(µs)", ("t", "us")),
        ("ts", ("t", None)),
        ('"x"', ("x", None)),
        (" Polarity ", ("p", None)),
        ("x_ms", None),
        ("label", None),
        ("", None),
    ],
)
def test_columns_are_known_by_their_usual_names(name, role):
    assert role_of(name) == role
