"""Figures: units fit the size of the number, and every text fits its place."""

from __future__ import annotations

import pytest

from eventvision.core import Events, SensorSize, Slice
from eventvision.sinks import Layout
from eventvision.sinks._footer import _CELLS, _values, cell_lefts
from eventvision.sinks._text import BOLD, text_width


def slice_of(events: int, duration_us: int) -> Slice:
    sensor = SensorSize(40, 30)
    columns = ([7] * events, [0] * events, [0] * events, [1] * events)
    return Slice(123_456, Events.from_columns(*columns, sensor=sensor), 7, 7 + duration_us, "time")


@pytest.mark.parametrize(
    ("events", "duration_us", "count", "rate", "duration"),
    [
        (0, 10_000, "0", "0.0 kev/s", "10.0 ms"),
        (22, 137, "22", "0.16 Mev/s", "137 µs"),
        (5_461, 2_500_000, "5,461", "2.2 kev/s", "2.50 s"),
        (1_234_567, 100_000, "1.23 M", "12.35 Mev/s", "100.0 ms"),
    ],
)
def test_units_fit_the_numbers(events, duration_us, count, rate, duration):
    _, slice_text, count_text, rate_text, _ = _values(slice_of(events, duration_us), 7)
    assert (count_text, rate_text) == (count, rate)
    assert slice_text.endswith(duration)


@pytest.mark.parametrize(("events", "on"), [(0, "–"), (3, "100 %")])
def test_the_share_of_on_events_is_left_open_without_events(events, on):
    assert _values(slice_of(events, 10), 0)[-1] == on


@pytest.mark.parametrize("size", ["34x34", "640x480", "346x260", "1280x720"])
@pytest.mark.parametrize("panels", [("events",), ("events", "image")])
def test_long_values_fit_their_cells(size, panels):
    layout = Layout.fit(SensorSize.parse(size), panels)
    values = ("3723.456 s", "123456 · 100.0 ms", "999,999", "123.45 Mev/s", "100 %", "123")
    lefts = [*cell_lefts(layout), layout.width]
    for (name, _), value, left, right in zip(_CELLS, values, lefts, lefts[1:], strict=False):
        assert left + text_width(value, layout.px(15), BOLD) < right, name
