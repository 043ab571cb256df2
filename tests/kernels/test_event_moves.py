"""Moving and checking events at once, against moving first and checking then."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels import guard
from eventvision.kernels.event_copies import copy_checked

WIDTH, HEIGHT = 40, 30
SPOILED = {
    "a time before the one before": ("t", -1),
    "a negative time": ("t", -(1 << 62)),
    "a time far ahead": ("t", guard.DOUBT_US + 1),
    "a column outside": ("x", WIDTH),
    "a row outside": ("y", 65_535),
}


def words_of(events):
    return events.view(np.int64).reshape(-1, 2)


def made(count):
    random = np.random.default_rng(count)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 1000 + np.cumsum(random.integers(0, 30, count))
    events["x"], events["y"] = random.integers(0, WIDTH, count), random.integers(0, HEIGHT, count)
    events["on"] = random.integers(0, 2, count)
    return events


def moved(events, distance, before):
    """Move events down in memory by some bytes; return them there, the sign and the last time."""
    memory = np.zeros(events.nbytes + distance + 64, np.uint8)
    memory[distance : distance + events.nbytes] = events.view(np.uint8)
    start = memory.ctypes.data
    sign, last_us = copy_checked(
        start + distance, start, events.size, before, WIDTH - 1, HEIGHT - 1
    )
    return memory[: events.nbytes].view(EVENT_DTYPE), sign, last_us


@pytest.mark.parametrize("distance", [16, 28, 48, 49, 5000])
@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 17, 18, 100])
def test_clean_events_arrive_whole_also_where_both_places_overlap(count, distance):
    events = made(count)
    found, sign, last_us = moved(events, distance, 1000)
    np.testing.assert_array_equal(words_of(found), words_of(events))
    assert sign >= 0
    assert last_us == events["t"][-1]


def test_padding_becomes_zero_and_polarity_a_bit():
    events = made(20)
    dirty = events.copy()
    words_of(dirty)[:, 1] |= -1 << 33
    found, sign, _ = moved(dirty, 48, 1000)
    np.testing.assert_array_equal(words_of(found), words_of(events))
    assert sign >= 0


@pytest.mark.parametrize(("field", "value"), SPOILED.values(), ids=SPOILED.keys())
@pytest.mark.parametrize("index", range(19))
def test_one_event_that_is_not_clean_is_noticed_wherever_it_lies(index, field, value):
    events = made(19)
    before = 1000 if index == 0 else int(events["t"][index - 1])
    events[field][index] = value if field != "t" else before + value
    sign = moved(events, 48, 1000)[1]
    assert sign < 0
    assert not guard.is_clean(words_of(events), 1000, WIDTH, HEIGHT)


def test_no_events_change_nothing():
    found, sign, last_us = moved(made(0), 48, 77)
    assert (found.size, sign, last_us) == (0, 0, 77)
