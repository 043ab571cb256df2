from __future__ import annotations

from pathlib import Path

import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.pipeline import RunConfig


def test_a_source_is_all_that_is_needed():
    config = RunConfig.checked(source="a.aedat4")
    assert (config.slicer, config.filters, config.speed) == ("time:10ms", "background", "max")


def test_a_sensor_may_be_given_as_text():
    assert RunConfig.checked(source="a", sensor="346x260").sensor == SensorSize(346, 260)


@pytest.mark.parametrize(
    ("options", "named", "expected"),
    [
        ({"speed": 0}, "speed", "max, or a factor above 0"),
        ({"speed": float("nan")}, "speed", "max, or a factor above 0"),
        ({"start_s": -1}, "start_s", "greater than or equal to 0"),
        ({"start_s": 2, "end_s": 1}, "options", r"end_s \(1\) must lie after start_s \(2\)"),
        ({"sensor": "big"}, "sensor", "346x260"),
        ({"video_fps": 0}, "video_fps", "greater than or equal to 1"),
        ({"video": Path("a"), "results": Path("a")}, "options", "different places"),
        ({"sourcery": 1}, "sourcery", "not permitted"),
    ],
)
def test_an_option_that_cannot_be_used_is_named_with_what_would_be_right(options, named, expected):
    with pytest.raises(ConfigError, match=expected) as refused:
        RunConfig.checked(source="a", **options)
    assert refused.value.option == named


def test_a_configuration_cannot_be_changed_afterwards():
    config = RunConfig.checked(source="a")
    with pytest.raises(ValueError, match="frozen"):
        config.source = "b"
