"""Slices are shown at a constant rate, however long they are and whenever they come."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from eventvision_apps.gui.playout import Playout

from eventvision.core import Events, SensorSize, Slice, SliceResult

SENSOR = SensorSize(8, 8)


def result(t0_us: int, t1_us: int, count: int = 10) -> SliceResult:
    t = np.linspace(t0_us, t1_us - 1, count).astype(np.int64)
    zeros = np.zeros(count, np.int64)
    events = Events.from_columns(t, zeros, zeros, zeros, sensor=SENSOR)
    return SliceResult(Slice(0, events, t0_us, t1_us, "time"))


def shown(playout: Playout, elapsed_s: float, speed: float | None) -> tuple[list[int], int]:
    """Return the times of the events that came, and how many slices ended."""
    portions = list(playout.advance(elapsed_s, speed))
    times = [int(t) for portion in portions for t in portion.events["t"]]
    return times, sum(portion.is_last for portion in portions)


def test_without_a_speed_everything_is_shown_at_once():
    playout = Playout()
    playout.put(result(0, 10_000))
    playout.put(result(10_000, 20_000))
    times, ended = shown(playout, 0.0, None)
    assert len(times) == 20
    assert ended == 2
    assert playout.now_us == 20_000
    assert playout.is_empty


def test_in_slow_motion_a_slice_is_shown_bit_by_bit():
    playout = Playout()
    playout.put(result(0, 10_000, 100))
    seen = []
    for _ in range(40):
        times, _ = shown(playout, 1 / 30, 0.01)
        seen.append(len(times))
    assert sum(seen) == 100
    assert max(seen) <= 8
    assert playout.is_empty


def test_every_event_is_shown_once_and_in_order():
    playout = Playout()
    draw = np.random.default_rng(1)
    edges = np.concatenate([[0], np.cumsum(draw.integers(500, 40_000, 30))])
    slices = [result(int(a), int(b), 50) for a, b in itertools.pairwise(edges)]
    seen: list[int] = []
    for slice_ in slices:
        playout.put(slice_)
        seen += shown(playout, 1 / 30, 0.5)[0]
    seen += shown(playout, 0.0, None)[0]
    assert seen == [int(t) for slice_ in slices for t in slice_.slice.events.t]


def test_the_clock_runs_at_the_playing_speed():
    playout = Playout()
    for start in range(0, 200_000, 10_000):
        playout.put(result(start, start + 10_000))
    shown(playout, 0.0, 1.0)
    before = playout.now_us
    shown(playout, 0.02, 1.0)
    assert playout.now_us - before == 20_000


def test_the_clock_does_not_lag_behind_for_long():
    playout = Playout()
    for start in range(0, 1_000_000, 10_000):
        playout.put(result(start, start + 10_000))
    shown(playout, 0.0, 1.0)
    assert playout.now_us >= 1_000_000 - 120_000


def test_a_result_comes_with_the_last_of_its_events():
    playout = Playout()
    playout.put(result(0, 10_000, 100))
    assert shown(playout, 0.0, 0.01)[1] == 0
    assert shown(playout, 0.5, 0.01)[1] == 0
    assert shown(playout, 0.6, 0.01)[1] == 1


def test_slices_that_come_late_are_shown_bit_by_bit():
    playout, pictures = Playout(), 0
    for picture in range(300):
        if picture % 4 == 0:  # a quarter of real time is all that comes, of slices of 33 ms
            start = picture // 4 * 33_000
            playout.put(result(start, start + 33_000, 100))
        times, _ = shown(playout, 1 / 30, 1.0)
        pictures += bool(times)
    assert pictures > 270
    assert playout.now_us >= 74 * 33_000 - 50_000  # and the clock does not fall behind


def test_what_was_cleared_does_not_come():
    playout = Playout()
    playout.put(result(0, 10_000))
    playout.clear()
    assert shown(playout, 1.0, None) == ([], 0)
    assert playout.now_us is None


@pytest.mark.parametrize("speed", [0.01, 1.0, 100.0, None])
def test_an_empty_slice_moves_the_clock(speed):
    playout = Playout()
    playout.put(result(0, 10_000, 0))
    for _ in range(100):
        shown(playout, 0.1, speed)
    assert playout.now_us == 10_000
    assert playout.is_empty
