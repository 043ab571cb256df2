"""Small objects of one size: found apart, at their places, whatever they look like."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import ConfigError, Events, SensorSize, Slice
from eventvision.tasks import SpotDetection, SpotSettings, build_tasks
from eventvision.tasks._spots import template

SENSOR = SensorSize(80, 60)


def events_of(light):
    """Return as many events of a pixel as its light says, OFF where it is negative."""
    counts = np.rint(light).astype(int)
    y, x = np.nonzero(counts)
    times = np.abs(counts[y, x])
    y, x, on = np.repeat(y, times), np.repeat(x, times), np.repeat(counts[y, x] > 0, times)
    return Events.from_columns(np.full(len(x), 500), x, y, on, sensor=SENSOR)


def disc(centre, radius, height=4.0):
    y, x = np.mgrid[: SENSOR.height, : SENSOR.width] + 0.5
    return height * (np.hypot(x - centre[0], y - centre[1]) < radius)


def cell(centre):
    return disc(centre, 4, -4.0) + disc(centre, 2.4, 7.0)


LOOKS = {
    "spots": lambda centre: disc(centre, 4),
    "dark-spots": lambda centre: -disc(centre, 4),
    "cells": cell,
}
CENTRES = [(12.5, 12.5), (22.0, 12.5), (12.5, 23.0), (60.5, 45.5), (70.5, 45.5)]


def found(detection, light, *, index=0, t0_us=0):
    slice_ = Slice(index, events_of(light), t0_us, t0_us + 1000, "time")
    boxes = detection.step(slice_, {}).boxes
    return sorted((boxes[:, :2] + boxes[:, 2:] / 2).round(1).tolist())


@pytest.mark.parametrize("look", LOOKS)
def test_objects_that_nearly_touch_are_found_apart(look):
    light = sum(LOOKS[look](centre) for centre in CENTRES)
    middles = found(SpotDetection(SENSOR, SpotSettings(side_px=8, look=look)), light)
    assert np.allclose(middles, sorted(CENTRES), atol=0.7)


@pytest.mark.parametrize("look", LOOKS)
def test_even_light_and_nothing_show_no_objects(look):
    detection = SpotDetection(SENSOR, SpotSettings(side_px=8, look=look))
    assert found(detection, np.full(SENSOR.shape, 3.0)) == []
    assert found(detection, np.zeros(SENSOR.shape)) == []


def test_what_was_seen_fades():
    detection = SpotDetection(SENSOR, SpotSettings(side_px=8, fade_us=2000))
    assert len(found(detection, disc((40, 30), 4))) == 1
    gone = Slice(1, Events.empty(SENSOR), 20_000, 30_000, "time")
    assert len(detection.step(gone, {})) == 0


def test_boxes_have_the_size_of_the_objects_and_lie_inside_the_sensor():
    detection = SpotDetection(SENSOR, SpotSettings(side_px=8))
    light = disc((2, 30), 4) + disc((40.5, 30.5), 4)
    result = detection.step(Slice(0, events_of(light), 0, 1000, "time"), {})
    boxes = result.boxes[np.argsort(result.boxes[:, 0])]
    assert (boxes[:, :2] >= 0).all()
    assert boxes[1] == pytest.approx([36.5, 26.5, 8, 8], abs=0.3)
    assert ((result.scores > 0) & (result.scores <= 1)).all()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("side_px", [3, 6.5, 30])
def test_templates_say_how_much_lighter_the_light_parts_are(look, side_px):
    weights = template(side_px, look)
    assert weights.sum() == pytest.approx(0, abs=1e-4)
    assert np.allclose(weights, weights[::-1])
    assert np.allclose(weights, weights.T)


def test_a_task_names_look_and_size():
    (detection,) = build_tasks(["detection:cells=6"], SENSOR)
    assert detection._settings == SpotSettings(side_px=6, look="cells")


@pytest.mark.parametrize("text", ["detection:spots=1", "detection:cells=a", "detection:spots=1000"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="3 to 100 pixels"):
        build_tasks([text], SENSOR)


@pytest.mark.parametrize("values", [{"look": "blobs"}, {"fade_us": 0}, {"least_contrast": 0}])
def test_settings_that_cannot_be_used_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        SpotSettings(side_px=6, **values)
