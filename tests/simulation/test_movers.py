"""The scene `movers` and its truth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.simulation import Movers, SubFrames

SENSOR = SensorSize(173, 130)
TIMES_US = (0, 130_000, 777_777, 3_000_000, 60_000_000)


@pytest.fixture(scope="module")
def movers():
    return Movers(SENSOR, seed=3)


@pytest.mark.parametrize("t_us", TIMES_US)
def test_boxes_are_the_tightest_around_the_pixels_of_each_object(movers, t_us):
    truth = movers.truth(t_us)
    assert truth.ids.tolist() == sorted(set(truth.mask.reshape(-1).tolist()) - {0})
    for label, (x, y, w, h) in zip(truth.ids, truth.boxes.astype(int), strict=True):
        rows, columns = np.nonzero(truth.mask == label)
        assert (columns.min(), columns.max()) == (x, x + w - 1)
        assert (rows.min(), rows.max()) == (y, y + h - 1)


def test_objects_of_all_classes_enter_cross_and_leave(movers):
    truths = [movers.truth(t_us) for t_us in range(0, 10_000_000, 100_000)]
    seen = [set(truth.ids.tolist()) for truth in truths]
    assert set.union(*seen) == set(range(1, 9))
    assert len({frozenset(ids) for ids in seen}) > 3
    class_of = {
        int(i): int(c) for truth in truths for i, c in zip(truth.ids, truth.classes, strict=True)
    }
    assert all(
        class_of[int(i)] == c
        for truth in truths
        for i, c in zip(truth.ids, truth.classes, strict=True)
    )
    assert {movers.class_names[index] for index in class_of.values()} == {"disc", "box", "blob"}


def test_truth_and_image_do_not_depend_on_what_was_asked_before(movers):
    fresh = Movers(SENSOR, seed=3)
    for t_us in reversed(TIMES_US):
        asked, anew = movers.truth(t_us), fresh.truth(t_us)
        assert np.array_equal(asked.intensity, anew.intensity)
        assert np.array_equal(asked.mask, anew.mask)
        assert np.array_equal(fresh.render(t_us), anew.intensity)


def test_seeds_give_different_scenes():
    images = [Movers(SENSOR, seed=seed).truth(0).intensity for seed in (1, 2)]
    assert np.abs(images[0] - images[1]).mean() > 0.05


@pytest.mark.parametrize("t_us", TIMES_US)
def test_intensity_is_linear_between_black_and_white_with_texture_everywhere(movers, t_us):
    intensity = movers.truth(t_us).intensity
    assert intensity.dtype == np.float32
    assert intensity.min() > 0
    assert intensity.max() <= 1
    blocks = np.log(intensity[:128, :160]).reshape(8, 16, 10, 16).std(axis=(1, 3))
    assert np.median(blocks) > 0.1


def test_edges_move_by_fractions_of_a_pixel(movers):
    """A shift of a tenth of a pixel changes the image by about a tenth of what a whole one does."""
    t0_us = 500_000
    per_px_us = _time_of_motion(movers, t0_us, 1.0)
    whole = _change(movers, t0_us, per_px_us)
    tenth = _change(movers, t0_us, per_px_us // 10)
    assert tenth == pytest.approx(whole / 10, rel=0.35)


def _time_of_motion(movers, t0_us, motion_px):
    return next(
        dt for dt in range(100, 100_000, 50) if movers.motion_px(t0_us, t0_us + dt) >= motion_px
    )


def _change(movers, t0_us, dt_us):
    before, after = movers.truth(t0_us).intensity, movers.truth(t0_us + dt_us).intensity
    return float(np.abs(before - after).mean())


def test_sub_frames_follow_the_fastest_object(movers):
    times_us = list(SubFrames(most_motion_px=0.5).times_us(movers, 1000, 400_000))
    assert times_us[0] == 1000
    assert times_us[-1] == 400_000
    steps = np.diff(times_us)
    assert steps.min() >= 1
    assert steps.max() <= 5000
    moved = [movers.motion_px(a, b) for a, b in pairwise(times_us)]
    assert max(moved) <= 0.5
    assert np.median(moved) > 0.3


def test_the_bound_on_motion_holds_for_every_object(movers):
    """Centroids of whole objects, found in the masks, move no further than the bound."""
    for t_us in range(200_000, 2_000_000, 300_000):
        early, late = movers.truth(t_us), movers.truth(t_us + 30_000)
        bound_px = movers.motion_px(t_us, t_us + 30_000)
        for label in set(early.ids.tolist()) & set(late.ids.tolist()):
            places = [np.argwhere(truth.mask == label).mean(axis=0) for truth in (early, late)]
            assert np.hypot(*(places[0] - places[1])) <= bound_px + 0.5


class _Still:
    """A scene that never moves."""

    def motion_px(self, t0_us, t1_us):
        return 0.0


class _Teleporting(_Still):
    """A scene in which everything moves by more than a pixel in no time."""

    def motion_px(self, t0_us, t1_us):
        return 100.0


@pytest.mark.parametrize(("scene", "steps"), [(_Still(), {400, 200}), (_Teleporting(), {1})])
def test_sub_frames_of_scenes_without_a_speed(scene, steps):
    times_us = list(SubFrames(longest_us=400).times_us(scene, 0, 1000))
    assert set(np.diff(times_us).tolist()) == steps
    assert times_us[-1] == 1000


@pytest.mark.parametrize(
    "settings", [{"most_motion_px": 0}, {"most_motion_px": 1.5}, {"longest_us": 0}]
)
def test_sub_frames_that_cannot_be_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        SubFrames(**settings)


def test_a_clip_must_have_a_length(movers):
    with pytest.raises(ValueError, match="must end after its start"):
        next(SubFrames().times_us(movers, 5, 5))
