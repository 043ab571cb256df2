"""Counting against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels import tally as kernel


def reference(events, bin_us):
    """Brighter events, and events in the fullest bin."""
    bins = (events["t"] - events["t"][0]) // bin_us
    return int(events["on"].sum()), int(np.unique(bins, return_counts=True)[1].max())


@pytest.mark.parametrize("pieces", [1, 2, 13])
@pytest.mark.parametrize("seed", range(4))
def test_counts_do_not_depend_on_how_a_stream_is_cut(seed, pieces):
    random = np.random.default_rng(seed)
    events = np.zeros(5000, EVENT_DTYPE)
    events["t"] = 12_345 + np.cumsum(random.choice((0, 1, 5, 700), 5000, p=(0.5, 0.3, 0.19, 0.01)))
    events["on"] = random.integers(0, 2, 5000)
    state = kernel.new_tally(int(events["t"][0]), 1000)
    for part in np.array_split(events, pieces):
        kernel.tally(part["t"], part["on"], 1000, state)
    assert (state[kernel.ON], state[kernel.FULLEST]) == reference(events, 1000)


def test_no_events_change_nothing():
    state = kernel.new_tally(5, 10)
    before = state.copy()
    none = np.empty(0, EVENT_DTYPE)
    kernel.tally(none["t"], none["on"], 10, state)
    assert np.array_equal(state, before)
