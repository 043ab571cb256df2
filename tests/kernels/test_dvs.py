"""The pixel kernel against a plain Python pixel that steps through time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.dvs import (
    PIXEL_DTYPE,
    advance_pixels,
    draw,
    natural_log,
    prime_pixels,
    schedule_misfires,
)

DARK = 1e-3


def make_pixels(count, *, on=0.2, off=0.2, leak_hz=0.0, noise_hz=0.0, potential=0.0):
    pixels = np.zeros(count, PIXEL_DTYPE)
    pixels["on_threshold"], pixels["off_threshold"] = on, off
    pixels["leak_per_us"] = leak_hz * on * 1e-6
    pixels["misfires_per_us"] = noise_hz * 1e-6
    pixels["potential"] = potential
    pixels["random"] = np.random.default_rng(1).integers(0, 1 << 64, count, np.uint64)
    return pixels


def run(pixels, times_us, images, *, refractory_us=0.0, width=None, room=1 << 16):
    """Expose pixels to images of shape (N,) and return their events, ordered by pixel and step."""
    prime_pixels(pixels, images[0], DARK)
    schedule_misfires(pixels, float(times_us[0]))
    buffer, events = np.empty(room, EVENT_DTYPE), []
    for t0_us, t1_us, image in zip(times_us[:-1], times_us[1:], images[1:], strict=True):
        first = 0
        while first < pixels.size:
            count, stopped = advance_pixels(
                pixels, image, DARK, 0.25, refractory_us, t0_us, t1_us, width or pixels.size,
                first, buffer,
            )  # fmt: skip
            assert stopped > first or count == 0
            if stopped == first:
                buffer = np.empty(2 * buffer.size, EVENT_DTYPE)
            events.append(buffer[:count].copy())
            first = stopped
    return np.concatenate(events)


def reference_pixel(times_us, intensities, *, on, off, leak_per_us, refractory_us, step_us=0.01):
    """Walk through time in small steps: the specification, slow and obvious."""
    levels = [math.log(value + DARK) for value in intensities]
    reference, blind_until, events = levels[0], -math.inf, []
    steps = np.arange(times_us[0] + step_us, times_us[-1] + step_us / 2, step_us)
    for now, level in zip(steps.tolist(), np.interp(steps, times_us, levels).tolist(), strict=True):
        if now < blind_until:
            reference = level
            continue
        reference -= leak_per_us * step_us
        while level - reference >= on or level - reference <= -off:
            bright = level - reference >= on
            events.append((now, bright))
            if refractory_us > 0:
                blind_until, reference = now + refractory_us, level
            else:
                reference += on if bright else -off
    return events


@pytest.mark.parametrize(
    ("on", "off", "leak_hz", "refractory_us"),
    [(0.2, 0.2, 0, 0), (0.31, 0.17, 0, 0), (0.2, 0.25, 900, 0), (0.15, 0.2, 0, 130),
     (0.2, 0.3, 500, 55)],
)  # fmt: skip
def test_a_pixel_behaves_as_one_that_steps_through_time(on, off, leak_hz, refractory_us):
    random = np.random.default_rng(7)
    times_us = np.cumsum([0, *random.integers(100, 700, 12)])
    images = random.random((times_us.size, 5), np.float32) ** 2
    pixels = make_pixels(5, on=on, off=off, leak_hz=leak_hz)
    leak_per_us = float(pixels["leak_per_us"][0])
    events = run(pixels, times_us, images, refractory_us=refractory_us)
    for number in range(5):
        expected = reference_pixel(
            times_us, images[:, number], on=on, off=off, leak_per_us=leak_per_us,
            refractory_us=refractory_us,
        )  # fmt: skip
        found = events[events["x"] == number]
        assert found["on"].tolist() == [bright for _, bright in expected]
        assert found["t"] + 0.5 == pytest.approx([when for when, _ in expected], abs=1.0)


def test_a_small_buffer_gives_the_same_events_as_a_large_one():
    random = np.random.default_rng(3)
    times_us, images = [0, 900, 2000, 2600], random.random((4, 60), np.float32)
    settings = {"noise_hz": 300.0, "leak_hz": 40.0, "potential": 0.05}
    large = run(make_pixels(60, **settings), times_us, images, refractory_us=20, width=10)
    small = run(make_pixels(60, **settings), times_us, images, refractory_us=20, width=10, room=1)
    assert large.size > 200
    assert np.array_equal(np.sort(large), np.sort(small))


def test_events_lie_in_the_interval_ordered_by_pixel_and_by_time():
    random = np.random.default_rng(4)
    images = random.random((2, 60), np.float32)
    events = run(make_pixels(60, on=0.05, off=0.05), [1000, 1010], images, width=10)
    assert events["t"].min() >= 1000
    assert events["t"].max() < 1010
    number = events["y"].astype(int) * 10 + events["x"]
    assert np.all(np.diff(number) >= 0)
    assert np.all(np.diff(events["t"])[np.diff(number) == 0] >= 0)


@pytest.mark.parametrize(
    "value", [1e-6, 1e-3, 0.5, math.sqrt(2), 0.999999, 1.0, 1.001, 2.0, 37.5, 1e30]
)
def test_the_logarithm_is_that_of_the_maths_library(value):
    assert natural_log(value) == pytest.approx(math.log(value), abs=1e-9)


def test_random_numbers_are_those_of_splitmix64():
    state, chance = draw(np.uint64(0))
    assert int(state) == 0x9E3779B97F4A7C15
    assert chance == ((0xE220A8397B1DCDAF >> 11) + 0.5) / 2**53


def test_waiting_times_between_misfires_are_exponential():
    pixels = make_pixels(4000, noise_hz=100.0)
    schedule_misfires(pixels, 500.0)
    waits_us = pixels["misfire_us"] - 500.0
    assert waits_us.min() >= 0
    assert waits_us.mean() == pytest.approx(1e4, rel=4 / math.sqrt(4000))
    assert (waits_us > 1e4).mean() == pytest.approx(math.exp(-1), abs=4 * 0.5 / math.sqrt(4000))


def test_pixels_without_noise_never_misfire():
    pixels = make_pixels(3)
    schedule_misfires(pixels, 0.0)
    assert np.all(np.isinf(pixels["misfire_us"]))
