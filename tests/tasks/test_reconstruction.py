"""Intensity from events: what it shows, and what it does not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Slice
from eventvision.tasks import Reconstruction, ReconstructionSettings


def images(task: Reconstruction, slices) -> list[np.ndarray]:
    return [task.step(slice_, {}).pixels for slice_ in slices]


def contrast_to_noise(image: np.ndarray, inside: np.ndarray) -> float:
    """Return how far the inside stands out, in spreads of what lies right of column 180."""
    return float((image[inside].mean() - np.median(image)) / image[:, 180:].std())


def test_a_bright_disc_shows_bright_where_it_is(scene, mover):
    disc = mover(centre=(60, 90), velocity=(300, 0), size=(40, 40))
    events = scene.movers([disc], until_us=250_000, noise_hz=1)
    last = images(Reconstruction(scene.sensor), scene.slices(events, until_us=250_000))[-1]
    inside = disc.covers(249_500, scene.sensor)
    assert last[inside].mean() > 0.85
    assert 0.35 < np.median(last[~inside]) < 0.55


def test_the_first_slice_is_already_useful(scene, mover):
    disc = mover(centre=(60, 90), velocity=(300, 0), size=(40, 40))
    events = scene.movers([disc], until_us=20_000)
    first = images(Reconstruction(scene.sensor), scene.slices(events, until_us=10_000))[0]
    assert first[70:110, 79:83].max() > 0.8
    assert first[70:110, 39:43].min() < 0.2


def test_noise_shows_less_than_in_a_plain_sum_of_polarities(scene, mover):
    disc = mover(centre=(60, 90), velocity=(300, 0), size=(40, 40))
    events = scene.movers([disc], until_us=200_000, noise_hz=3)
    last = images(Reconstruction(scene.sensor), scene.slices(events, until_us=200_000))[-1]
    plain = np.zeros(scene.sensor.shape)
    np.add.at(plain, (events.y, events.x), np.where(events.on, 1.0, -1.0))
    inside = disc.covers(199_500, scene.sensor)
    assert contrast_to_noise(last, inside) > 1.5 * contrast_to_noise(plain, inside)


def test_pixels_are_fractions_of_one_whatever_comes(scene):
    rng = np.random.default_rng(0)
    hot = np.zeros(200_000, EVENT_DTYPE)
    hot["t"] = np.sort(rng.integers(0, 10_000, hot.size))
    hot["x"], hot["y"], hot["on"] = 17, 23, rng.random(hot.size) < 0.9
    slice_ = Slice(0, Events(hot, scene.sensor), 0, 10_000, "time")
    image = Reconstruction(scene.sensor).step(slice_, {}).pixels
    assert image.dtype == np.float32
    assert image.shape == scene.sensor.shape
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.max() <= 1


def test_nothing_seen_is_middle_grey(scene, empty_slice):
    image = Reconstruction(scene.sensor).step(empty_slice(scene.sensor), {}).pixels
    assert (image == 0.5).all()


def test_a_still_scene_stays_as_it_was(scene, mover, empty_slice):
    disc = mover(centre=(60, 90), velocity=(300, 0))
    task = Reconstruction(scene.sensor, ReconstructionSettings(contrast_us=1))
    events = scene.movers([disc], until_us=100_000)
    last = images(task, scene.slices(events, until_us=100_000))[-1]
    np.testing.assert_allclose(task.step(empty_slice(scene.sensor), {}).pixels, last, atol=1e-6)


@pytest.mark.parametrize("window_us", [1_000, 7_000, 50_000])
def test_the_image_does_not_depend_on_the_slices_but_for_the_grey_scale(scene, mover, window_us):
    disc = mover(centre=(60, 90), velocity=(300, 0), size=(40, 40))
    events = scene.movers([disc], until_us=350_000, noise_hz=1)
    settings = ReconstructionSettings(contrast_us=1)
    whole, cut = (
        images(
            Reconstruction(scene.sensor, settings),
            scene.slices(events, until_us=350_000, window_us=width_us),
        )[-1]
        for width_us in (350_000, window_us)
    )
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_the_grey_scale_does_not_jump(scene, mover):
    disc = mover(centre=(-30, 90), velocity=(400, 0), size=(50, 50))
    events = scene.movers([disc], until_us=400_000, noise_hz=1)
    shown = images(Reconstruction(scene.sensor), scene.slices(events, until_us=400_000))
    far = np.array([image[:40].mean() for image in shown])
    assert abs(np.diff(far)).max() < 0.01


def test_reset_forgets(scene, mover):
    disc = mover(centre=(60, 90), velocity=(300, 0))
    slices = list(scene.slices(scene.movers([disc], until_us=50_000), until_us=50_000))
    task = Reconstruction(scene.sensor)
    first = images(task, slices)
    task.reset()
    for before, after in zip(first, images(task, slices), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_image_belongs_to_the_caller(scene, mover):
    disc = mover(centre=(60, 90), velocity=(300, 0))
    slices = list(scene.slices(scene.movers([disc], until_us=50_000), until_us=50_000))
    task, spoiled = Reconstruction(scene.sensor), Reconstruction(scene.sensor)
    kept = images(task, slices)
    for slice_, expected in zip(slices, kept, strict=True):
        image = spoiled.step(slice_, {}).pixels
        np.testing.assert_array_equal(image, expected)
        image[:] = 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"cutoff_events": 6.0},
        {"cutoff_events": math.nan},
        {"contrast_share": 0.0},
        {"contrast_us": 0},
        {"least_swing": -1.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReconstructionSettings(**wrong)
