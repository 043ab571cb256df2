"""Scenes under lamps that flicker."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.simulation import EventCamera, Flicker, Movers, PixelModel, SubFrames, watch

SENSOR = SensorSize(40, 30)


class Still:
    """A grey wall."""

    sensor, class_names = SENSOR, ()

    def render(self, t_us):
        return np.full(SENSOR.shape, 0.5, np.float32)

    def motion_px(self, t0_us, t1_us):
        return 0.0


def test_light_goes_down_by_the_depth_and_back_in_every_period():
    lamp = Flicker(Still(), hz=100, depth=0.4)
    values = [float(lamp.render(t_us)[3, 4]) for t_us in (0, 5_000, 10_000, 25_000)]
    assert values == pytest.approx([0.5, 0.3, 0.5, 0.3])


@pytest.mark.parametrize(("hz", "depth"), [(100, 0.4), (120, 0.9)])
def test_a_still_pixel_sees_every_period_as_its_contrast_over_threshold(hz, depth):
    lamp = Flicker(Still(), hz=hz, depth=depth)
    camera = EventCamera(SENSOR, PixelModel(on_threshold=0.2, off_threshold=0.2, dark=1e-6))
    events = np.concatenate([g.events.data for g in watch(lamp, camera, t1_us=500_000)])
    # On the way down the pixel fires once per whole threshold. On the way up the last of them would
    # come at the light of the start, which is touched but not crossed; so it is one less each way.
    levels = math.floor(-math.log1p(-depth) / 0.2)
    expected = 2 * (levels - 1) * 0.5 * hz
    assert events.size / SENSOR.pixels == pytest.approx(expected, abs=levels)
    assert events["on"].mean() == pytest.approx(0.5, abs=0.01)


def test_sub_frames_follow_the_light():
    lamp = Flicker(Still(), hz=100, depth=0.5)
    times_us = list(SubFrames().times_us(lamp, 0, 100_000))
    changes = [abs(math.log(lamp.gain(b) / lamp.gain(a))) for a, b in pairwise(times_us)]
    assert max(changes) <= 0.1
    assert len(times_us) < 1000


def test_the_bound_holds_over_any_stretch():
    lamp = Flicker(Still(), hz=100, depth=0.8)
    random = np.random.default_rng(0)
    for t0_us, span_us in random.integers(0, 30_000, (200, 2)).tolist():
        changed = abs(math.log(lamp.gain(t0_us + span_us) / lamp.gain(t0_us)))
        assert lamp.motion_px(t0_us, t0_us + span_us) >= changed / 0.1 - 1e-9


def test_truth_is_that_of_the_scene_in_the_light_that_there_is():
    movers = Movers(SENSOR, seed=1)
    lamp, plain = Flicker(movers, hz=120, depth=0.5), movers.truth(3_000)
    truth = lamp.truth(3_000)
    assert np.array_equal(truth.mask, plain.mask)
    assert np.array_equal(truth.intensity, lamp.render(3_000))
    assert truth.intensity.mean() < plain.intensity.mean()
    assert lamp.class_names == movers.class_names
    assert lamp.motion_px(0, 1000) >= movers.motion_px(0, 1000)


@pytest.mark.parametrize(("name", "value"), [("hz", 0), ("hz", math.nan), ("depth", 1.0)])
def test_light_that_cannot_be_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Flicker(Still(), **{name: value})
