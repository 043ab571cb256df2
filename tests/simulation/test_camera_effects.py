"""Bandwidth, noise, readout and odd pixels of the event camera against their theory."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.simulation import (
    CAMERAS,
    SENSOR_SIZES,
    Bus,
    EventCamera,
    PixelModel,
    pixel_model,
    randomised_model,
)

SENSOR = SensorSize(40, 30)
PIXELS = SENSOR.pixels
TINY = SensorSize(4, 3)


def flat(value, sensor=SENSOR):
    return np.full(sensor.shape, value, np.float32)


def watch(camera, images):
    parts = [camera.expose(t_us, image).data for t_us, image in images]
    return np.concatenate(parts)


def still(seconds, value, sensor=SENSOR, step_us=10_000):
    return [(t_us, flat(value, sensor)) for t_us in range(0, int(seconds * 1e6) + 1, step_us)]


def intervals_us(events, width=40):
    """Return the times between events of the same pixel."""
    place = events["y"].astype(int) * width + events["x"]
    order = np.lexsort((events["t"], place))
    return np.diff(events["t"][order])[np.diff(place[order]) == 0]


def swing(model, hz, *, mean=0.5, amplitude=0.4, cycles=6):
    """Return the amplitude that a pixel sees of light whose logarithm is a sine."""
    period_us = 1e6 / hz
    times_us = np.unique(np.round(np.arange(0, cycles * period_us, period_us / 200)).astype(int))
    waves = mean * np.exp(amplitude * np.sin(2e-6 * math.pi * hz * times_us))
    images = [(int(t), flat(wave, TINY)) for t, wave in zip(times_us, waves, strict=True)]
    events = watch(EventCamera(TINY, model), images)
    settled = events[events["t"] >= 2 * period_us]
    # Thresholds are small: what is passed on the way up and down again is four amplitudes.
    return settled.size / TINY.pixels / (cycles - 2) * model.on_threshold / 4


@pytest.mark.parametrize("ratio", [0.2, 0.5, 1.0, 2.0, 4.0])
def test_a_sine_is_attenuated_as_by_a_filter_of_first_order(ratio):
    model = PixelModel(
        on_threshold=0.01, off_threshold=0.01, bandwidth_hz=100, bandwidth_in_dark=1, dark=1e-6
    )
    seen, expected = swing(model, 100 * ratio), 0.4 / math.sqrt(1 + ratio**2)
    # At each turn up to a threshold is left over; a stretch misses the sine by 3 % of one.
    assert seen == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_two_filters_attenuate_a_sine_one_after_the_other(ratio):
    model = PixelModel(
        on_threshold=0.01, off_threshold=0.01, bandwidth_hz=100, bandwidth_in_dark=1,
        follower_hz=200, dark=1e-6,
    )  # fmt: skip
    expected = 0.4 / math.sqrt(1 + ratio**2) / math.sqrt(1 + (ratio / 2) ** 2)
    assert swing(model, 100 * ratio) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("mean", "corner_hz"), [(0.5, 100), (0.25, 50), (0.05, 20), (0.01, 20)])
def test_the_corner_is_proportional_to_light_down_to_a_floor(mean, corner_hz):
    model = PixelModel(
        on_threshold=0.01, off_threshold=0.01, bandwidth_hz=200, bandwidth_in_dark=0.1, dark=1e-6
    )
    seen = swing(model, 80, mean=mean, amplitude=0.15, cycles=10)
    expected = 0.15 / math.sqrt(1 + (80 / corner_hz) ** 2)
    assert seen == pytest.approx(expected, abs=0.008)


def test_a_step_is_answered_with_the_time_constant_of_the_filter():
    model = PixelModel(on_threshold=0.1, bandwidth_hz=100, bandwidth_in_dark=1, dark=1e-6)
    images = [(0, flat(0.2)), (10, flat(0.2 * math.e)), (50_000, flat(0.2 * math.e))]
    events = watch(EventCamera(SENSOR, model), images)
    found = events["t"][(events["x"] == 3) & (events["y"] == 2)]
    constant_us = 1e6 / (2 * math.pi * 100)
    expected = [-constant_us * math.log(1 - 0.1 * n) for n in range(1, 10)]
    assert found.size == 9
    # Half of the ramp's 10 us passes before it, and a path is missed by 3 % of a threshold.
    assert found - 5 == pytest.approx(expected, abs=0.03 * 0.1 * constant_us * 10 + 2)


def test_a_limit_to_bandwidth_delays_events_and_makes_no_more_of_them():
    images = [(0, flat(0.1)), (500, flat(0.8)), (40_000, flat(0.8)), (40_500, flat(0.1)),
              (90_000, flat(0.1))]  # fmt: skip
    fast = watch(EventCamera(SENSOR, PixelModel()), images)
    slow = watch(EventCamera(SENSOR, PixelModel(bandwidth_hz=300, follower_hz=1000)), images)
    assert slow.size <= fast.size
    assert slow.size >= fast.size - 2 * PIXELS
    assert slow["t"].mean() > fast["t"].mean() + 100


def test_leak_events_come_at_even_intervals_that_reset_noise_makes_uneven():
    for noise in (0.0, 0.1):
        model = PixelModel(leak_hz=20.0, leak_mismatch=0.0, reset_noise=noise)
        waits_us = intervals_us(watch(EventCamera(SENSOR, model, seed=2), still(2.0, 0.5)))
        assert waits_us.mean() == pytest.approx(50_000, rel=0.01)
        # What is left of the potential shifts one interval by itself.
        assert waits_us.std() == pytest.approx(50_000 * noise, rel=0.05, abs=1)


def test_thresholds_vary_from_event_to_event_by_the_reset_noise():
    model = PixelModel(on_threshold=0.2, reset_noise=0.08, dark=1e-6)
    images = [(0, flat(0.01)), (1_000_000, flat(0.01 * math.e**4))]
    passed = intervals_us(watch(EventCamera(SENSOR, model, seed=3), images)) * 4e-6
    assert passed.mean() == pytest.approx(0.2, rel=0.01)
    assert passed.std() == pytest.approx(0.2 * 0.08, rel=0.03)


def test_waits_between_shot_noise_events_are_those_of_a_poisson_process():
    model = PixelModel(shot_noise_hz=40.0, shot_noise_in_light=0.5)
    events = watch(EventCamera(SENSOR, model, seed=4), still(4.0, 0.6))
    waits_us = intervals_us(events)
    rate_hz = 40 * (1 - 0.6 * 0.5)
    # Waits that would end after the clip are missing, which shortens the mean by about 1 %.
    assert waits_us.mean() == pytest.approx(1e6 / rate_hz, rel=0.02)
    assert waits_us.std() == pytest.approx(waits_us.mean(), rel=0.03)
    for quantile in (0.1, 0.5, 0.9):
        expected = -math.log(1 - quantile) * waits_us.mean()
        assert np.quantile(waits_us, quantile) == pytest.approx(expected, rel=0.03)
    counts = np.bincount(events["y"].astype(int) * 40 + events["x"], minlength=PIXELS)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=4 * math.sqrt(2 / PIXELS))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_shot_noise_has_its_share_of_on_events(share):
    model = PixelModel(shot_noise_hz=30.0, shot_noise_on_share=share)
    events = watch(EventCamera(SENSOR, model, seed=4), still(2.0, 0.1))
    assert events["on"].mean() == pytest.approx(share, abs=4 * 0.5 / math.sqrt(events.size))


def test_hot_pixels_leak_to_either_side():
    model = PixelModel(hot_pixel_share=0.3, hot_pixel_hz=50.0, hot_pixel_on_share=0.25)
    events = watch(EventCamera(SENSOR, model, seed=5), still(2.0, 0.5))
    place = events["y"].astype(int) * 40 + events["x"]
    on, off = (set(place[events["on"] == polarity].tolist()) for polarity in (True, False))
    assert not on & off
    hot = len(on) + len(off)
    assert hot / PIXELS == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / PIXELS))
    assert len(on) / hot == pytest.approx(0.25, abs=4 * math.sqrt(0.19 / hot))


def test_dead_pixels_never_fire():
    model = PixelModel(
        dead_pixel_share=0.2, leak_hz=20, shot_noise_hz=50, hot_pixel_share=0.5, reset_noise=0.1,
        mismatch=0.1, start_spread=1.0, bandwidth_hz=200,
    )  # fmt: skip
    random = np.random.default_rng(0)
    images = [(t, random.random(SENSOR.shape, np.float32)) for t in range(0, 400_001, 20_000)]
    events = watch(EventCamera(SENSOR, model, seed=6), images)
    counts = np.bincount(events["y"].astype(int) * 40 + events["x"], minlength=PIXELS)
    assert (counts == 0).mean() == pytest.approx(0.2, abs=4 * math.sqrt(0.16 / PIXELS))
    assert counts[counts > 0].min() > 10


def test_jitter_spreads_times_and_keeps_all_events_in_order():
    images = [(0, flat(0.1)), *((t, flat(0.1 * 1.3 ** (t / 1000))) for t in range(500, 8000, 250))]
    images.append((9_000, images[-1][1]))
    sharp = watch(EventCamera(SENSOR, PixelModel()), images)
    blurred = watch(EventCamera(SENSOR, PixelModel(jitter_us=15.0), seed=1), images)
    assert blurred.size == sharp.size
    assert np.all(np.diff(blurred["t"]) >= 0)
    first = blurred["t"][:PIXELS]
    assert first.mean() - sharp["t"][0] == pytest.approx(3.464 * 15, rel=0.1)
    assert first.std() == pytest.approx(15, rel=0.1)


@pytest.mark.parametrize("model", [PixelModel(jitter_us=20.0), pixel_model("davis346")])
def test_events_stay_within_their_stretch_however_late_they_are(model):
    random = np.random.default_rng(1)
    camera, seen_us = EventCamera(SENSOR, model, seed=1), 0
    for t_us in (0, 40, 90, 400, 5000, 5010, 20_000):
        events = camera.expose(t_us, random.random(SENSOR.shape, np.float32))
        assert len(events) == 0 or seen_us <= events.t[0] <= events.t[-1] < t_us
        seen_us = t_us


def test_a_slow_bus_makes_events_late_then_loses_them():
    flash = [(0, flat(0.1)), (1000, flat(0.9)), (60_000, flat(0.9))]
    rows = PixelModel(bus=Bus.ROWS, bus_line_us=5.0, bus_event_us=0.5)
    free, bound = EventCamera(SENSOR, PixelModel()), EventCamera(SENSOR, rows)
    all_events, read = watch(free, flash), watch(bound, flash)
    assert free.lost_events == 0
    assert read.size + bound.lost_events == all_events.size
    assert bound.lost_events > PIXELS
    # The whole array takes 30 lines of 5 us and 40 events of 0.5 us each.
    assert np.ptp(read["t"][-PIXELS:]) == pytest.approx(30 * 25, rel=0.1)
    lines = [set(read["y"][read["t"] == t].tolist()) for t in np.unique(read["t"])]
    assert all(len(line) == 1 for line in lines)


def test_a_scanning_bus_gives_a_column_the_same_times_in_every_round():
    model = PixelModel(bus=Bus.COLUMNS, bus_pass_us=2.0, leak_hz=200.0, start_spread=1.0)
    events = watch(EventCamera(SENSOR, model, seed=1), still(0.5, 0.5))
    phase = (events["t"] - 2 * events["x"].astype(int)) % (2 * SENSOR.width)
    assert events.size > 10_000
    assert np.ptp(phase) <= 1 or len(set(phase.tolist())) <= 2


@pytest.mark.parametrize("name", CAMERAS)
def test_every_preset_works_and_repeats(name):
    random = np.random.default_rng(0)
    images = [random.random(SENSOR.shape, np.float32) for _ in range(6)]

    def clip(seed):
        camera = EventCamera(SENSOR, pixel_model(name, seed=seed), seed=seed)
        return watch(camera, [(5000 * n, image) for n, image in enumerate(images)])

    assert clip(3).size > 500
    assert np.array_equal(clip(3), clip(3))


def test_presets_that_stand_for_a_product_have_its_size():
    assert set(SENSOR_SIZES) < set(CAMERAS)
    assert SENSOR_SIZES["evk4"] == SensorSize(1280, 720)


def test_randomised_cameras_differ_and_keep_to_their_ranges():
    models = [pixel_model("randomised", seed=seed) for seed in range(1500)]
    on = np.array([model.on_threshold for model in models])
    ratio = np.array([model.off_threshold for model in models]) / on
    assert pixel_model("randomised", seed=7) == models[7]
    assert 0.1 <= on.min() <= on.max() <= 1.71
    assert np.median(on) == pytest.approx(0.8, abs=0.06)
    assert ratio.std() == pytest.approx(0.1, abs=0.01)
    assert {model.bus for model in models} == set(Bus)
    assert 30 <= min(m.bandwidth_hz for m in models) < 40
    assert 240 < max(m.bandwidth_hz for m in models) <= 300
    assert randomised_model(np.random.default_rng(7)) == models[7]


@pytest.mark.parametrize(
    ("name", "value"),
    [("bandwidth_hz", -1.0), ("bandwidth_in_dark", 0.0), ("reset_noise", 0.5), ("bus", "rows"),
     ("dead_pixel_share", 1.1), ("jitter_us", math.nan), ("bus_pass_us", -1.0)],
)  # fmt: skip
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        PixelModel(**{name: value})


def test_unknown_presets_name_the_known_ones():
    with pytest.raises(ConfigError, match="evk4, randomised"):
        pixel_model("dvs640")
