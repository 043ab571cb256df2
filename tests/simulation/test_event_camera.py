"""The event camera against the theory of its pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.simulation import PIXEL_MODELS, EventCamera, PixelModel, pixel_model

SENSOR = SensorSize(40, 30)
PIXELS = SENSOR.pixels


def flat(value):
    return np.full(SENSOR.shape, value, np.float32)


def watch(camera, images):
    """Show (time, image) pairs and return all events."""
    parts = [camera.expose(t_us, image).data for t_us, image in images]
    return np.concatenate(parts)


def still(seconds, value, step_us=10_000):
    return [(t_us, flat(value)) for t_us in range(0, int(seconds * 1e6) + 1, step_us)]


def moving_edge(dark, bright, *, px_s=500.0, step_us=1000):
    """Yield a vertical edge, one pixel wide, that sweeps the view from left to right."""
    columns = np.arange(SENSOR.width)
    for t_us in range(0, int((SENSOR.width + 4) / px_s * 1e6), step_us):
        cover = np.clip(t_us * 1e-6 * px_s - columns - 1, 0, 1)
        yield t_us, np.tile(dark + (bright - dark) * cover, (SENSOR.height, 1)).astype(np.float32)


@pytest.mark.parametrize("contrast", [0.13, 0.5, 1.03, 2.3, -0.5, -1.7])
@pytest.mark.parametrize(("on", "off"), [(0.2, 0.2), (0.15, 0.33)])
def test_an_edge_gives_contrast_over_threshold_events_at_every_pixel(contrast, on, off):
    model = PixelModel(on_threshold=on, off_threshold=off, dark=1e-6)
    bright = 0.4 * math.exp(contrast)
    events = watch(EventCamera(SENSOR, model), moving_edge(0.4, bright))
    counts = np.bincount(events["y"] * 40 + events["x"], minlength=PIXELS)
    assert np.all(counts == math.floor(abs(contrast) / (on if contrast > 0 else off)))
    assert np.all(events["on"] == (contrast > 0))


def test_a_symmetric_pattern_gives_as_many_on_as_off_events():
    columns = np.arange(SENSOR.width)
    model = PixelModel(on_threshold=0.1, off_threshold=0.1, dark=1e-6)

    def grating(t_us):
        wave = np.exp(0.75 * np.abs(((columns - t_us * 1e-4) / 20) % 2 - 1))
        return np.tile(0.3 * wave, (SENSOR.height, 1)).astype(np.float32)

    images = [(t_us, grating(t_us)) for t_us in range(0, 4_000_001, 5000)]
    events = watch(EventCamera(SENSOR, model), images)
    assert events.size > 20 * PIXELS
    assert events["on"].mean() == pytest.approx(0.5, abs=0.01)


def test_times_on_a_ramp_are_exact_to_the_microsecond():
    model = PixelModel(on_threshold=0.2, dark=1e-3)
    start, end = math.log(0.1 + 1e-3), math.log(0.9 + 1e-3)
    events = watch(EventCamera(SENSOR, model), [(5000, flat(0.1)), (105_000, flat(0.9))])
    expected = [5000 + 100_000 * 0.2 * n / (end - start) for n in range(1, 11)]
    found = events["t"][(events["x"] == 7) & (events["y"] == 9)]
    assert found == pytest.approx(np.floor(expected), abs=1)
    assert found.size == len(expected)


def test_no_pixel_fires_within_its_refractory_period():
    model = PixelModel(refractory_us=700.0, shot_noise_hz=200.0, leak_hz=20.0)
    random = np.random.default_rng(0)
    images = [(t, random.random(SENSOR.shape, np.float32)) for t in range(0, 20_001, 400)]
    events = watch(EventCamera(SENSOR, model, seed=2), images)
    order = np.lexsort((events["t"], events["x"], events["y"]))
    same = np.diff(events["y"][order] * 40 + events["x"][order].astype(int)) == 0
    gaps = np.diff(events["t"][order])[same]
    assert gaps.size > 1000
    assert gaps.min() >= 699
    assert gaps.min() < 720


def test_a_change_during_the_refractory_period_is_lost():
    model = PixelModel(refractory_us=100_000.0)
    images = [(0, flat(0.1)), (10_000, flat(0.9)), (90_000, flat(0.2)), (300_000, flat(0.2))]
    events = watch(EventCamera(SENSOR, model), images)
    assert events.size == PIXELS
    assert events["on"].all()


@pytest.mark.parametrize(
    ("rate_hz", "intensity", "share"), [(5, 0.0, 1.0), (5, 1.0, 0.25), (2, 0.4, 0.7)]
)
def test_shot_noise_has_the_rate_of_its_light_and_both_polarities(rate_hz, intensity, share):
    model = PixelModel(shot_noise_hz=rate_hz, shot_noise_in_light=0.25)
    events = watch(EventCamera(SENSOR, model, seed=5), still(4.0, intensity))
    expected = rate_hz * share * PIXELS * 4.0
    assert events.size == pytest.approx(expected, abs=4 * math.sqrt(expected))
    assert events["on"].mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(expected))


def test_noise_does_not_depend_on_how_time_is_cut():
    model = PixelModel(shot_noise_hz=20.0, leak_hz=1.0, start_spread=1.0, mismatch=0.1)
    coarse = watch(EventCamera(SENSOR, model, seed=5), still(0.5, 0.3, 50_000))
    fine = watch(EventCamera(SENSOR, model, seed=5), still(0.5, 0.3, 1000))
    assert coarse.size > 1000
    assert np.array_equal(coarse["x"], fine["x"])
    assert np.array_equal(coarse["on"], fine["on"])
    assert fine["t"] == pytest.approx(coarse["t"], abs=1)


def test_leak_gives_on_events_at_its_rate():
    model = PixelModel(leak_hz=3.0, leak_mismatch=0.1, start_spread=1.0)
    events = watch(EventCamera(SENSOR, model, seed=1), still(4.0, 0.5))
    # Potentials start anywhere, so counting whole thresholds loses half an event on average.
    expected = (3.0 * 4.0 - 0.5) * PIXELS
    assert events["on"].all()
    assert events.size == pytest.approx(expected, rel=0.02)


def test_hot_pixels_are_few_and_fast():
    model = PixelModel(hot_pixel_share=0.02, hot_pixel_hz=60.0)
    sensor = SensorSize(200, 150)
    camera = EventCamera(sensor, model, seed=3)
    image = np.full(sensor.shape, 0.5, np.float32)
    events = watch(camera, [(0, image), (1_000_000, image), (2_000_000, image)])
    counts = np.bincount(events["y"].astype(int) * 200 + events["x"], minlength=sensor.pixels)
    hot = counts > 0
    assert hot.mean() == pytest.approx(0.02, abs=4 * math.sqrt(0.02 / sensor.pixels))
    assert counts[hot].mean() / 2 == pytest.approx(60, rel=0.1)
    assert counts[hot].min() >= 11
    assert counts[hot].max() <= 2 * 60 * 1.9


def test_thresholds_differ_from_pixel_to_pixel_by_the_mismatch():
    model = PixelModel(on_threshold=0.2, mismatch=0.06, dark=1e-6)
    sensor = SensorSize(200, 150)
    camera = EventCamera(sensor, model, seed=4)
    dim, bright = (np.full(sensor.shape, value, np.float32) for value in (0.1, 0.1 * math.e**0.4))
    events = watch(camera, [(0, dim), (1_000_000, bright)])
    _, first = np.unique(events["y"].astype(int) * 200 + events["x"], return_index=True)
    thresholds = events["t"][first] * 1e-6 * 0.4
    assert thresholds.mean() == pytest.approx(0.2, rel=0.01)
    assert thresholds.std() == pytest.approx(0.2 * 0.06, rel=0.05)


def test_events_are_ordered_by_time_then_by_place():
    model = pixel_model("davis346")
    random = np.random.default_rng(0)
    images = [(t, random.random(SENSOR.shape, np.float32)) for t in (0, 900, 1000, 1010, 200_000)]
    events = watch(EventCamera(SENSOR, model, seed=2), images)
    assert np.all(np.diff(events["t"]) >= 0)
    camera = EventCamera(SENSOR, PixelModel(on_threshold=0.01))
    crowded = watch(camera, [(0, flat(0.1)), (2, random.random(SENSOR.shape, np.float32))])
    place = crowded["y"].astype(int) * 40 + crowded["x"]
    assert crowded.size > 1 << 16
    assert np.all(np.diff(place)[np.diff(crowded["t"]) == 0] >= 0)


def test_clocks_that_show_years_keep_their_microseconds():
    random = np.random.default_rng(0)
    images = [random.random(SENSOR.shape, np.float32) for _ in range(4)]
    model = pixel_model("davis346")
    early, late = (
        watch(EventCamera(SENSOR, model, seed=1), [(t0 + 700 * n, i) for n, i in enumerate(images)])
        for t0 in (0, 1_700_000_000_000_000)
    )
    assert np.array_equal(early["t"] + 1_700_000_000_000_000, late["t"])


def test_the_first_image_gives_no_events():
    assert len(EventCamera(SENSOR, pixel_model("davis346")).expose(0, flat(0.7))) == 0


@pytest.mark.parametrize("model", PIXEL_MODELS.values(), ids=PIXEL_MODELS)
def test_seed_decides_all(model):
    def clip(seed):
        random = np.random.default_rng(0)
        images = [(t, random.random(SENSOR.shape, np.float32)) for t in range(0, 50_000, 10_000)]
        return watch(EventCamera(SENSOR, model, seed=seed), images)

    assert np.array_equal(clip(1), clip(1))
    assert np.array_equal(clip(1), clip(2)) == (model.start_spread == 0)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((30, 41), np.float32), "shape"),
        (np.zeros((30, 40)), "float32"),
        (flat(-0.1), "not negative"),
        (flat(np.nan), "finite"),
        (flat(np.inf), "finite"),
    ],
)
def test_images_that_mean_nothing_are_refused(image, message):
    with pytest.raises(ValueError, match=message):
        EventCamera(SENSOR, pixel_model("ideal")).expose(0, image)


def test_images_must_come_in_order():
    camera = EventCamera(SENSOR, pixel_model("ideal"))
    camera.expose(100, flat(0.5))
    with pytest.raises(ValueError, match="image at 100 us does not come after the one at 100 us"):
        camera.expose(100, flat(0.5))


@pytest.mark.parametrize(
    ("name", "value"),
    [("on_threshold", 0.0), ("mismatch", 0.9), ("refractory_us", -1.0), ("dark", math.nan)],
)
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        PixelModel(**{name: value})


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ConfigError, match="ideal, davis346"):
        pixel_model("dvs128")
