"""The denoising kernels against plain Python twins, which are their specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.denoise import keep_rested, keep_supported, keep_unmarked
from eventvision.kernels.times import TimeMap
from eventvision.kernels.words import as_events, as_words

WIDTH, HEIGHT = 7, 5
LATE_US = 1_605_537_493_718_345


def make_events(rows, start_us=0):
    data = np.zeros(len(rows), EVENT_DTYPE)
    for i, (t, x, y, on) in enumerate(rows):
        data[i] = (start_us + t, x, y, on)
    return data


def supported(rows, window_us):
    """Events with an earlier event on one of the eight neighbours, at most a window before."""
    return [
        i
        for i, (t, x, y, _) in enumerate(rows)
        if any(
            max(abs(x - a), abs(y - b)) == 1 and t - before <= window_us
            for before, a, b, _ in rows[:i]
        )
    ]


def rested(rows, period_us):
    """Events whose pixel has kept none for a period."""
    kept, latest = [], {}
    for i, (t, x, y, _) in enumerate(rows):
        if t - latest.get((x, y), -np.inf) >= period_us:
            latest[x, y] = t
            kept.append(i)
    return kept


streams = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.integers(0, WIDTH - 1),
        st.integers(0, HEIGHT - 1),
        st.booleans(),
    ),
    max_size=60,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
starts = st.sampled_from([0, -1_000, 2**31 - 150, 2**32 - 150, LATE_US])
stretches = st.sampled_from([1, 250, 400, 10_000_000])


def run_supported(data, window_us):
    latest = TimeMap((WIDTH + 2) * (HEIGHT + 2) + 1, reach_us=window_us)
    return run(keep_supported, data, latest, WIDTH + 2, window_us)


def run_rested(data, period_us):
    latest = TimeMap(WIDTH * HEIGHT, reach_us=period_us)
    return run(keep_rested, data, latest, WIDTH, period_us)


def run(keep, data, latest, pitch, span_us):
    words, out = as_words(data), np.zeros(2 * data.size, np.uint64)
    kept = 0
    for start, stop in latest.stretches(data["t"]):
        part, room = words[2 * start : 2 * stop], out[2 * kept :]
        kept += keep(part, room, latest.cells, pitch, latest.origin_us, span_us)
    return as_events(out[: 2 * kept])


@pytest.mark.parametrize(
    ("kernel", "reference"), [(run_supported, supported), (run_rested, rested)]
)
@settings(deadline=None, max_examples=60)
@given(rows=streams, span_us=st.integers(1, 120), start_us=starts, stretch=stretches)
def test_kernel_keeps_what_its_definition_says(kernel, reference, rows, span_us, start_us, stretch):
    rows = [(t * stretch, *rest) for t, *rest in rows]
    data = make_events(rows, start_us)
    expected = data[reference(rows, span_us * stretch)]
    np.testing.assert_array_equal(kernel(data, span_us * stretch), expected)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([], []),
        ([(0, 3, 2, True)], []),
        ([(0, 3, 2, True), (0, 4, 3, False)], [1]),
        ([(0, 3, 2, True), (0, 3, 2, True)], []),
        ([(0, 0, 0, True), (5, 6, 0, True), (5, 0, 4, True), (5, 6, 4, True)], []),
        ([(0, 6, 0, True), (9, 0, 1, True), (9, 0, 2, False)], [2]),
        ([(0, 3, 2, True), (100, 4, 2, True), (201, 4, 3, True)], [1]),
    ],
    ids=[
        "none",
        "one",
        "same-time",
        "own-pixel",
        "corners",
        "rows-do-not-wrap",
        "window-is-closed",
    ],
)
def test_support_comes_from_the_eight_neighbours_within_the_window(rows, kept):
    data = make_events(rows)
    np.testing.assert_array_equal(run_supported(data, 100), data[kept])


def test_unmarked_pixels_pass_and_all_are_counted():
    data = make_events([(0, 0, 0, True), (1, 6, 4, False), (2, 0, 0, False), (3, 6, 4, True)])
    marked = np.zeros(WIDTH * HEIGHT, np.bool_)
    marked[-1] = True
    counts = np.zeros(WIDTH * HEIGHT, np.int64)
    out = np.zeros(8, np.uint64)
    kept = keep_unmarked(as_words(data), out, marked, counts, WIDTH)
    np.testing.assert_array_equal(as_events(out[: 2 * kept]), data[[0, 2]])
    assert (counts[0], counts[-1], counts.sum()) == (2, 2, 4)
