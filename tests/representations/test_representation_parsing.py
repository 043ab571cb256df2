"""Representations as users write them."""

from __future__ import annotations

import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.representations import REPRESENTATION_FORMS, parse_representation

SENSOR = SensorSize(346, 260)


@pytest.mark.parametrize(
    ("text", "name", "shape"),
    [
        ("voxel", "VoxelGrid", (5, 260, 346)),
        (" voxel:3", "VoxelGrid", (3, 260, 346)),
        ("histogram", "PolarityHistogram", (2, 260, 346)),
        ("surface", "TimeSurface", (2, 260, 346)),
        ("surface:50ms", "TimeSurface", (2, 260, 346)),
        ("accumulation", "Accumulation", (260, 346)),
        ("accumulation:1s", "Accumulation", (260, 346)),
    ],
)
def test_text_gives_the_representation(text, name, shape):
    representation = parse_representation(text, SENSOR)
    assert (type(representation).__name__, representation.shape) == (name, shape)


@pytest.mark.parametrize("name", REPRESENTATION_FORMS)
def test_an_unknown_name_is_answered_with_all_forms(name):
    with pytest.raises(ConfigError, match=name):
        parse_representation("picture", SENSOR)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("voxel:0", "a count looks like"),
        ("voxel:1M", "2**31 cells"),
        ("histogram:2", "it has no setting"),
        ("surface:50", "a duration looks like"),
        ("accumulation:-1ms", "a duration looks like"),
    ],
)
def test_a_wrong_setting_names_the_form(text, message):
    with pytest.raises(ConfigError, match="representation: ") as caught:
        parse_representation(text, SENSOR)
    assert message in str(caught.value)
