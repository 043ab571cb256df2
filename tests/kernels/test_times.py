"""Latest times relative to an origin that moves along."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.times import NEVER, REACH_US, TimeMap


def enter(times, moments_us, cell):
    """Write absolute times into a cell the way that kernels do; return what the map holds."""
    t = np.array(moments_us, np.int64)
    for part in times.stretches(t):
        relative = t[part] - times.origin_us
        assert relative.min() >= 0
        assert relative.max() < 2**31
        times.cells[cell] = relative[-1]
    return times.cells


@pytest.mark.parametrize("start_us", [0, -(2**40), 2**31 - 1, 1_605_537_493_718_345])
def test_the_first_time_becomes_the_origin(start_us):
    times = TimeMap(3)
    assert enter(times, [start_us, start_us + 5], 1).tolist() == [NEVER, 5, NEVER]
    assert times.origin_us == start_us


def test_older_times_stay_comparable_when_the_origin_moves():
    times = TimeMap(3)
    enter(times, [0], 0)
    enter(times, [REACH_US - 1], 1)
    enter(times, [REACH_US + 10], 2)
    assert times.origin_us == REACH_US + 10
    assert times.cells.tolist() == [NEVER, -11, 0]


def test_a_long_gap_is_the_same_as_a_fresh_start():
    times = TimeMap(2)
    enter(times, [0], 0)
    assert enter(times, [10**15], 1).tolist() == [NEVER, 0]


def test_one_run_may_span_more_time_than_fits():
    times = TimeMap(1)
    assert enter(times, [0, 2**31 - 1, 2**31, 2**33, 2**33 + 7], 0).tolist() == [7]


def test_cleared_times_are_forgotten():
    times = TimeMap(2)
    enter(times, [50], 0)
    times.clear()
    assert enter(times, [20], 1).tolist() == [NEVER, 0]
