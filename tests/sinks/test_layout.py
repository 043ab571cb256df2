"""Geometry: whole-numbered zoom, even sizes, nothing overlaps."""

from __future__ import annotations

import itertools

import pytest

from eventvision.core import SensorSize
from eventvision.sinks import Layout
from eventvision.sinks._layout import PANELS

SIZES = ["1x1", "34x34", "128x128", "240x180", "346x260", "640x480", "480x640", "1280x720",
         "720x1280", "1279x719", "1920x1080", "4096x3000", "65535x1", "1x65535"]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "zoom"),
    [("34x34", 19), ("128x128", 5), ("240x180", 3), ("346x260", 2), ("640x480", 1), ("1280x720", 1),
     ("1279x719", 1), ("480x640", 1)],
)  # fmt: skip
def test_small_sensors_are_enlarged_by_a_whole_factor(size, zoom):
    assert Layout.fit(SensorSize.parse(size), ("events",)).zoom == zoom


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_panels_lie_apart_inside_a_picture_of_even_size_that_decoders_take(size, count):
    layout = Layout.fit(SensorSize.parse(size), PANELS[:count])
    assert (layout.width % 2, layout.height % 2) == (0, 0)
    assert layout.width <= 4096
    areas = []
    for index in range(count):
        left, top = layout.origin(index)
        assert left >= 0
        assert left + layout.panel_w <= layout.width
        assert top + layout.panel_h <= layout.height - layout.footer_h
        areas.append((left, top - layout.title_h, left + layout.panel_w, top + layout.panel_h))
    for one, other in itertools.combinations(areas, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart


@pytest.mark.parametrize(
    ("size", "columns"),
    [("34x34", 2), ("128x128", 2), ("346x260", 2), ("640x480", 2), ("1280x720", 2), ("54x239", 4)],
)
def test_four_panels_are_laid_out_like_a_screen(size, columns):
    assert Layout.fit(SensorSize.parse(size), PANELS).columns == columns


def test_large_sensors_are_shrunk_to_a_screen():
    layout = Layout.fit(SensorSize(4096, 3000), ("events",))
    assert (layout.panel_w, layout.panel_h) == (1475, 1080)
