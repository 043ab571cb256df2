"""Latest times relative to an origin that moves along."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.times import LONGEST_REACH_US, TimeMap

REACHES_US = [2_000, 2**15 - 1, 2**15, LONGEST_REACH_US]


def enter(times, moments_us, cell):
    """Write absolute times into a cell the way that kernels do; return the absolute contents."""
    t = np.array(moments_us, np.int64)
    for start, stop in times.stretches(t):
        relative = t[start:stop] - times.origin_us
        assert relative.min() >= 0
        assert relative.max() <= np.iinfo(times.cells.dtype).max
        times.cells[cell] = relative[-1]
    return [None if c == times.never else int(c) + times.origin_us for c in times.cells]


@pytest.mark.parametrize("reach_us", REACHES_US)
@pytest.mark.parametrize("start_us", [0, -(2**40), 2**31 - 1, 1_605_537_493_718_345])
def test_the_first_time_becomes_the_origin(start_us, reach_us):
    times = TimeMap(3, reach_us=reach_us)
    assert enter(times, [start_us, start_us + 5], 1) == [None, start_us + 5, None]
    assert times.origin_us == start_us


@pytest.mark.parametrize("reach_us", REACHES_US)
def test_times_within_reach_are_never_forgotten(reach_us):
    for now_us in range(0, 5 * reach_us, max(reach_us // 3, 1)):
        times = TimeMap(2, reach_us=reach_us)
        enter(times, [0, now_us], 0)
        assert enter(times, [now_us + reach_us // 2, now_us + reach_us], 1)[0] == now_us


def test_what_lies_too_far_back_is_forgotten_when_the_origin_moves():
    times = TimeMap(3, reach_us=1_000)
    enter(times, [0], 0)
    enter(times, [32_767], 1)
    assert enter(times, [32_769], 2) == [None, 32_767, 32_769]


@pytest.mark.parametrize("reach_us", REACHES_US)
def test_a_long_gap_is_the_same_as_a_fresh_start(reach_us):
    times = TimeMap(2, reach_us=reach_us)
    enter(times, [0], 0)
    assert enter(times, [2**62], 1) == [None, 2**62]


@pytest.mark.parametrize("reach_us", REACHES_US)
def test_one_run_may_span_more_time_than_fits(reach_us):
    times = TimeMap(1, reach_us=reach_us)
    moments_us = [0, 2**15 - 1, 2**15, 2**31 - 1, 2**31, 2**33, 2**33 + 7]
    assert enter(times, moments_us, 0) == [2**33 + 7]


def test_small_reaches_take_two_bytes_a_cell():
    sizes = [TimeMap(1, reach_us=reach_us).cells.itemsize for reach_us in REACHES_US]
    assert sizes == [2, 2, 4, 4]


def test_cleared_times_are_forgotten():
    times = TimeMap(2, reach_us=100)
    enter(times, [50], 0)
    times.clear()
    assert enter(times, [20], 1) == [None, 20]
