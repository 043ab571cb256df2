"""Slicers as users write them."""

from __future__ import annotations

import pytest

from eventvision.core import ConfigError, Events, Packet, SensorSize
from eventvision.slicing import parse_slicer

SENSOR = SensorSize(32, 32)


def ends(text, times_us):
    slicer = parse_slicer(text, SENSOR)
    pixels = [0] * len(times_us)
    events = Events.from_columns(times_us, pixels, pixels, pixels, sensor=SENSOR)
    return [s.t1_us for s in slicer.push(Packet(events))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time:10ms", [10_000, 20_000, 30_000]),
        (" time:0.02s", [20_000]),
        ("count:2", [1_001, 15_001]),
        ("count:4", [15_001]),
        ("activity", []),
        ("activity:25%+2", [1_001, 15_001]),
        ("activity:0.25+3", [14_001]),
        ("activity:0.5+1", []),
    ],
)
def test_text_gives_the_slicer(text, expected):
    assert ends(text, [0, 1_000, 14_000, 15_000, 30_000])[: len(expected)] == expected


@pytest.mark.parametrize("text", ["", "frames:3", "Time:10ms", "10ms"])
def test_an_unknown_slicer_is_answered_with_all_forms(text):
    with pytest.raises(ConfigError, match=r"time:10ms or count:EVENTS.*or activity"):
        parse_slicer(text, SENSOR)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time", "a duration looks like"),
        ("time:10", "a duration looks like"),
        ("count:-3", "a count looks like"),
        ("count:1.5", "a count looks like"),
        ("activity:many", "a share looks like"),
        ("activity:200%", "share must be above 0 and at most 1"),
        ("activity:10%+x", "a count looks like"),
    ],
)
def test_a_wrong_setting_names_the_form(text, message):
    with pytest.raises(ConfigError, match="slicer: ") as caught:
        parse_slicer(text, SENSOR)
    assert message in str(caught.value)
