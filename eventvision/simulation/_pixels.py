"""Draws the character of every pixel from a model and a seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.dvs import LAW_DTYPE, Pixels

from ._model import PixelModel

_LEAST_THRESHOLD_SHARE = 0.1
_PER_US = 2 * math.pi * 1e-6


def draw_pixels(sensor: SensorSize, model: PixelModel, random: np.random.Generator) -> Pixels:
    """Draw the character of every pixel; the order of draws is part of the format of a seed.

    What is drawn is stored as float32, so that last-bit differences between maths libraries do not
    reach it.
    """
    count = sensor.pixels
    on = _thresholds(model.on_threshold, model.mismatch, count, random)
    off = _thresholds(model.off_threshold, model.mismatch, count, random)
    leak_hz = model.leak_hz * (1 + model.leak_mismatch * random.standard_normal(count))
    hot = random.random(count) < model.hot_pixel_share
    leak_hz[hot] = model.hot_pixel_hz * (0.1 + 1.8 * random.random(count)[hot])
    start = model.start_spread * random.random(count).astype(np.float32)
    states = random.integers(0, 1 << 64, count, np.uint64)
    leaks_off = hot & (random.random(count) >= model.hot_pixel_on_share)
    dead = random.random(count) < model.dead_pixel_share
    leak = np.maximum(leak_hz, 0) * np.where(leaks_off, -off, on) * 1e-6
    misfires = np.full(count, model.shot_noise_hz * 1e-6)
    potential = start * (on + off) - np.float32(model.start_spread) * off
    on[dead] = off[dead] = np.inf
    leak[dead] = misfires[dead] = 0
    return Pixels(
        potential=potential.astype(np.float64),
        release_us=np.zeros(count),
        misfire_us=np.full(count, np.inf),
        random=states,
        level=np.zeros(count, np.float32),
        received=np.zeros(count, np.float32),
        followed=np.zeros(count, np.float32),
        on_threshold=on,
        off_threshold=off,
        leak_per_us=leak.astype(np.float32),
        misfires_per_us=misfires.astype(np.float32),
    )


def common_law(model: PixelModel) -> NDArray[np.void]:
    """Return what all pixels share: shape (1,), dtype `LAW_DTYPE`."""
    law = np.zeros(1, LAW_DTYPE)
    law["dark"] = model.dark
    law["noise_in_light"] = model.shot_noise_in_light
    law["noise_on_share"] = model.shot_noise_on_share
    law["refractory_us"] = model.refractory_us
    law["reset_noise"] = model.reset_noise
    law["corner_per_us"] = model.bandwidth_hz * _PER_US
    law["corner_in_dark"] = model.bandwidth_in_dark
    law["follower_per_us"] = model.follower_hz * _PER_US
    return law


def _thresholds(
    mean: float, mismatch: float, count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    share = np.maximum(1 + mismatch * random.standard_normal(count), _LEAST_THRESHOLD_SHARE)
    return (mean * share).astype(np.float32)
