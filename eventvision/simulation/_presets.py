"""Cameras by name, and cameras drawn by chance for training.

docs/simulation/camera-model.md says where the numbers come from and shows the presets beside real
recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from eventvision.core import ConfigError, SensorSize

from ._model import Bus, PixelModel

PIXEL_MODELS: Mapping[str, PixelModel] = MappingProxyType(
    {
        "ideal": PixelModel(),
        "davis346": PixelModel(
            on_threshold=0.28,
            off_threshold=0.31,
            mismatch=0.05,
            reset_noise=0.05,
            refractory_us=250.0,
            bandwidth_hz=600.0,
            bandwidth_in_dark=0.05,
            follower_hz=3000.0,
            leak_hz=0.08,
            shot_noise_hz=0.25,
            shot_noise_on_share=0.55,
            hot_pixel_share=3e-4,
            hot_pixel_hz=100.0,
            hot_pixel_on_share=0.5,
            dead_pixel_share=1e-4,
            dark=5e-3,
            start_spread=1.0,
            jitter_us=5.0,
            bus=Bus.ROWS,
            bus_line_us=0.3,
            bus_event_us=0.08,
        ),
        "dvxplorer": PixelModel(
            on_threshold=0.25,
            off_threshold=0.25,
            mismatch=0.05,
            reset_noise=0.05,
            refractory_us=150.0,
            bandwidth_hz=1000.0,
            bandwidth_in_dark=0.05,
            follower_hz=4000.0,
            leak_hz=0.02,
            shot_noise_hz=0.35,
            hot_pixel_share=7e-4,
            hot_pixel_hz=400.0,
            hot_pixel_on_share=0.6,
            dead_pixel_share=1e-4,
            dark=5e-3,
            start_spread=1.0,
            bus=Bus.COLUMNS,
            bus_pass_us=0.3086,
            bus_event_us=0.006,
        ),
        "evk4": PixelModel(
            on_threshold=0.27,
            off_threshold=0.23,
            mismatch=0.04,
            reset_noise=0.05,
            refractory_us=100.0,
            bandwidth_hz=2000.0,
            bandwidth_in_dark=0.05,
            follower_hz=6000.0,
            leak_hz=0.01,
            shot_noise_hz=0.1,
            hot_pixel_share=5e-5,
            hot_pixel_hz=200.0,
            hot_pixel_on_share=0.5,
            dead_pixel_share=2e-5,
            dark=3e-3,
            start_spread=1.0,
            jitter_us=3.0,
            bus=Bus.ROWS,
            bus_line_us=0.25,
            bus_event_us=0.001,
        ),
    }
)
"""Presets by name. `ideal` has no noise, equal pixels, and no bus."""

SENSOR_SIZES: Mapping[str, SensorSize] = MappingProxyType(
    {
        "davis346": SensorSize(346, 260),
        "dvxplorer": SensorSize(640, 480),
        "evk4": SensorSize(1280, 720),
    }
)
"""Pixel arrays of the presets that stand for a product."""

RANDOMISED = "randomised"
CAMERAS: tuple[str, ...] = (*PIXEL_MODELS, RANDOMISED)
"""All names that `pixel_model` knows."""

_THRESHOLD_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_THRESHOLDS = (0.1, 0.16, 0.46, 0.8, 1.14, 1.47, 1.71)
"""Quantiles of the thresholds of real configurations (Stoffregen et al., ECCV 2020)."""


def pixel_model(name: str, *, seed: int = 0) -> PixelModel:
    """Return a preset.

    Args:
        name: One of `CAMERAS`.
        seed: Decides what `randomised` is; the others do not depend on it.

    >>> pixel_model("ideal").on_threshold
    0.2

    Raises:
        ConfigError: If there is no preset of that name.
    """
    if name == RANDOMISED:
        return randomised_model(np.random.default_rng(seed))
    try:
        return PIXEL_MODELS[name]
    except KeyError:
        raise ConfigError("camera", name, f"one of {', '.join(CAMERAS)}") from None


def randomised_model(random: np.random.Generator) -> PixelModel:
    """Draw a camera: as different from one another as real cameras and their settings are.

    Every setting is rounded to six digits, so that last-bit differences between maths libraries do
    not reach the events.
    """
    on = np.interp(random.random(), _THRESHOLD_SHARES, _THRESHOLDS)
    off = on * np.clip(1 + 0.1 * random.standard_normal(), 0.67, 1.5)
    bus = Bus(int(random.integers(len(Bus))))
    drawn = {
        "on_threshold": on,
        "off_threshold": off,
        "mismatch": random.uniform(0.02, 0.05),
        "reset_noise": random.uniform(0, 0.1),
        "refractory_us": random.uniform(0, 1000),
        "bandwidth_hz": _log_uniform(random, 30, 300),
        "bandwidth_in_dark": random.uniform(0.05, 0.2),
        "follower_hz": _log_uniform(random, 500, 5000),
        "leak_hz": random.uniform(0, 0.2),
        "shot_noise_hz": random.uniform(0, 5),
        "shot_noise_in_light": random.uniform(0.1, 0.5),
        "shot_noise_on_share": random.uniform(0.35, 0.65),
        "hot_pixel_share": random.uniform(0, 1e-3),
        "hot_pixel_hz": _log_uniform(random, 10, 300),
        "hot_pixel_on_share": random.uniform(0, 1),
        "dead_pixel_share": random.uniform(0, 2e-4),
        "dark": _log_uniform(random, 1e-3, 1e-2),
        "jitter_us": random.uniform(0, 20),
        "bus_pass_us": random.uniform(0.2, 0.6),
        "bus_line_us": random.uniform(0, 0.5),
        "bus_event_us": random.uniform(0.001, 0.1),
    }
    unused = () if bus is Bus.COLUMNS else ("bus_pass_us",)
    settings = {key: float(f"{value:.6g}") for key, value in drawn.items() if key not in unused}
    return PixelModel(bus=bus, start_spread=1.0, **settings)


def _log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
