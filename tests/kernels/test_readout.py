"""Delays and the bus against plain Python that does the same one event at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.order import order_by_time
from eventvision.kernels.readout import BUS_DTYPE, FREE, LAST, delay_events, read_out

WIDTH, HEIGHT = 12, 9


def random_events(count, span_us, seed=0):
    random = np.random.default_rng(seed)
    events = np.empty(count, EVENT_DTYPE)
    events["t"] = np.sort(random.integers(0, span_us, count))
    events["x"], events["y"] = random.integers(0, WIDTH, count), random.integers(0, HEIGHT, count)
    events["on"] = random.random(count) < 0.5
    return events


def run_bus(events, edges_us, *, by_columns=False, pass_us=0.0, line_us=0.0, event_us=0.0):
    """Send events over a bus, stretch of time by stretch; return what came out, and the lost."""
    bus = np.zeros(1, BUS_DTYPE)
    bus["pass_us"], bus["line_us"], bus["event_us"] = pass_us, line_us, event_us
    bus["by_columns"] = by_columns
    lines = WIDTH if by_columns else HEIGHT
    heads, tails = np.full(lines, LAST, np.int32), np.zeros(lines, np.int32)
    successors = np.full(WIDTH * HEIGHT, FREE, np.int32)
    polarities = np.zeros(WIDTH * HEIGHT, np.bool_)
    out = []
    for t0_us, t1_us in pairwise(edges_us):
        part = events[(events["t"] >= t0_us) & (events["t"] < t1_us)]
        buffer = np.empty(part.size + WIDTH * HEIGHT, EVENT_DTYPE)
        count = read_out(
            part, bus, heads, tails, successors, polarities, t1_us, WIDTH, buffer
        )  # fmt: skip
        assert np.all(buffer["t"][:count] < t1_us)
        out.append(buffer[:count])
    return np.concatenate(out), int(bus["lost"][0]), int(bus["waiting"][0])


def reference_bus(events, end_us, *, by_columns, pass_us, line_us, event_us):
    """One line after the other, with a list of who waits."""
    lines = WIDTH if by_columns else HEIGHT
    waiting, out, lost, line, now = {}, [], 0, 0, 0.0
    arrivals = [tuple(event) for event in events.tolist()]
    while True:
        while arrivals and (arrivals[0][0] <= now + pass_us or now + pass_us >= end_us):
            _, x, y, on = arrivals.pop(0)
            lost += (x, y) in waiting
            waiting.setdefault((x, y), on)
        if not waiting:
            if not arrivals:
                return out, lost, 0
            steps = int((arrivals[0][0] - now) / pass_us) + 1 if pass_us else 0
            line, now = (line + steps) % lines, now + steps * pass_us if pass_us else arrivals[0][0]
            continue
        if now + pass_us >= end_us:
            return out, lost, len(waiting)
        now, line = now + pass_us, (line + 1) % lines
        place = 0 if by_columns else 1
        if not pass_us:
            while not any(pixel[place] == line for pixel in waiting):
                line = (line + 1) % lines
        read = [pixel for pixel in waiting if pixel[place] == line]
        if read:
            out += [(int(now), *pixel, waiting.pop(pixel)) for pixel in read]
            now += line_us + len(read) * event_us


BUSES = [
    {"line_us": 2.0, "event_us": 0.5},
    {"line_us": 30.0, "event_us": 5.0},
    {"pass_us": 0.7},
    {"pass_us": 3.0, "line_us": 1.0, "event_us": 2.5, "by_columns": True},
    {"line_us": 0.5, "by_columns": True},
]


@pytest.mark.parametrize("bus", BUSES)
def test_the_bus_does_what_one_does_that_looks_at_every_line(bus):
    events = random_events(700, 4000)
    found, lost, waiting = run_bus(events, [0, 5000], **bus)
    settings = {"by_columns": False, "pass_us": 0.0, "line_us": 0.0, "event_us": 0.0} | bus
    expected, expected_lost, expected_waiting = reference_bus(events, 5000, **settings)
    assert found.tolist() == expected
    assert (lost, waiting) == (expected_lost, expected_waiting)
    assert found.size + lost + waiting == events.size


@pytest.mark.parametrize("bus", BUSES)
def test_the_bus_does_not_care_how_time_is_cut(bus):
    events = random_events(700, 4000, seed=1)
    whole, whole_lost, _ = run_bus(events, [0, 5000], **bus)
    cut, cut_lost, _ = run_bus(events, [0, 13, 14, 900, 2222, 3999, 5000], **bus)
    assert np.array_equal(whole, cut)
    assert whole_lost == cut_lost


def test_an_overloaded_bus_is_late_by_no_more_than_a_round_and_then_loses():
    events = random_events(20_000, 4000, seed=2)
    found, lost, waiting = run_bus(events, [0, 4000], line_us=1.0, event_us=1.0)
    assert lost + waiting > 10_000
    assert found.size == pytest.approx(4000 / (1 + HEIGHT / found.size), rel=0.15)
    assert np.all(np.diff(found["t"]) >= 0)


def test_delays_have_the_deviation_asked_for_and_are_never_negative():
    events = random_events(50_000, 10**9)
    before = events.copy()
    delay_events(events, 20.0, 7)
    delays = events["t"] - before["t"]
    assert delays.min() >= 0
    assert delays.max() <= 20 * 6.93
    assert delays.std() == pytest.approx(20, rel=0.02)
    assert delays.mean() == pytest.approx(20 * 3.464, rel=0.02)
    for name in ("x", "y", "on"):
        assert np.array_equal(events[name], before[name])


def test_delays_come_from_the_event_and_the_seed():
    events, same, other = (random_events(1000, 10_000) for _ in range(3))
    delay_events(events, 20.0, 7)
    delay_events(same[::-1], 20.0, 7)
    delay_events(other, 20.0, 8)
    assert np.array_equal(events, same)
    assert not np.array_equal(events, other)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_events_are_ordered_as_a_stable_sort_does(count):
    events = random_events(count, 300)
    np.random.default_rng(1).shuffle(events)
    events["t"] += 1000
    ordered = np.empty_like(events)
    order_by_time(events, 1000, np.empty(300, np.int32), ordered)
    assert np.array_equal(ordered, events[np.argsort(events["t"], kind="stable")])
