"""Filters as users write them."""

from __future__ import annotations

import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.filters import FILTER_FORMS, parse_filters

SENSOR = SensorSize(346, 260)


@pytest.mark.parametrize(
    ("text", "names", "sensor"),
    [
        ("", [], SENSOR),
        (" ", [], SENSOR),
        ("background", ["BackgroundActivity"], SENSOR),
        (
            "background:5ms, refractory:500us,hot_pixels,hot_pixels:20",
            ["BackgroundActivity", "Refractory", "HotPixels", "HotPixels"],
            SENSOR,
        ),
        ("roi:100x80+10+20,flip:x", ["RegionOfInterest", "Flip"], SENSOR),
        ("crop:100x80+10+20,refractory", ["RegionOfInterest", "Refractory"], SensorSize(100, 80)),
        ("rotate:90,crop:260x300+0+46", ["Rotate", "RegionOfInterest"], SensorSize(260, 300)),
        ("rotate:270,rotate:180,flip:y", ["Rotate", "Rotate", "Flip"], SensorSize(260, 346)),
    ],
)
def test_a_chain_is_built_in_order_each_filter_for_the_sensor_it_sees(text, names, sensor):
    chain = parse_filters(text, SENSOR)
    assert [type(stage).__name__ for stage in chain] == names
    assert (chain[-1].sensor if chain else SENSOR) == sensor


@pytest.mark.parametrize("name", FILTER_FORMS)
def test_an_unknown_name_is_answered_with_all_names(name):
    with pytest.raises(ConfigError, match=name):
        parse_filters("blur", SENSOR)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("background,", "'' cannot be used"),
        ("background:", "nothing follows"),
        ("background:2", "a duration looks like"),
        ("background:4000s", "such as background:2ms"),
        ("refractory:fast", "a duration looks like"),
        ("hot_pixels:x", "such as hot_pixels:10"),
        ("hot_pixels:nan", "factor must be above 1"),
        ("roi", "a rectangle looks like"),
        ("roi:10,20,100x80", "a rectangle looks like"),
        ("roi:100x80+300+20", "leaves the sensor 346x260"),
        ("crop:0x80+0+0", "not empty"),
        ("flip:z", "flip:x or flip:y"),
        ("flip", "flip:x or flip:y"),
        ("rotate:45", "rotate:90, rotate:180 or rotate:270"),
    ],
)
def test_a_wrong_setting_names_the_item_and_the_form(text, message):
    with pytest.raises(ConfigError, match="filters: ") as caught:
        parse_filters(text, SENSOR)
    assert message in str(caught.value)
