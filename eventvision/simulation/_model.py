"""The character of an event camera's pixels, with units, and presets.

The model is the one that simulators of event cameras share (ESIM: Rebecq, Gehrig, Scaramuzza,
CoRL 2018; v2e: Hu, Liu, Delbruck, CVPRW 2021): a pixel fires when the logarithm of its intensity
has changed by a threshold since its last event. Real pixels differ from each other, drift towards
ON by leakage (Nozaki, Delbruck, 2017), misfire more in the dark, and rest after each event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from eventvision.core import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelModel:
    """How the pixels of a camera behave.

    Attributes:
        on_threshold: Mean rise of log intensity that makes an ON event (0.2 is +22 %).
        off_threshold: Mean fall of log intensity that makes an OFF event.
        mismatch: Standard deviation of thresholds from pixel to pixel, as a share of the mean.
        refractory_us: Time for which a pixel is blind after an event.
        leak_hz: Mean rate of ON events in a still pixel.
        leak_mismatch: Standard deviation of leak rates from pixel to pixel, as a share of the mean.
        shot_noise_hz: Rate of random events, half of them ON, of a pixel in the dark.
        shot_noise_in_light: Share of that rate left at an intensity of 1.
        hot_pixel_share: Share of pixels that leak at a high rate.
        hot_pixel_hz: Their mean rate; each has its own between a tenth of it and 1.9 times it.
        dark: Added to intensity (1 is white) before the logarithm: dark current and stray light.
        start_spread: Where potentials stand at the start: 0 just reset, 1 anywhere between the
            thresholds.
    """

    on_threshold: float = 0.2
    off_threshold: float = 0.2
    mismatch: float = 0.0
    refractory_us: float = 0.0
    leak_hz: float = 0.0
    leak_mismatch: float = 0.1
    shot_noise_hz: float = 0.0
    shot_noise_in_light: float = 0.25
    hot_pixel_share: float = 0.0
    hot_pixel_hz: float = 50.0
    dark: float = 1e-3
    start_spread: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _RANGES[field.name]
            if not low <= value <= high:
                raise ValueError(f"{field.name} must lie in {low:g} to {high:g}, got {value}")


_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "on_threshold": (0.01, 10.0),
        "off_threshold": (0.01, 10.0),
        "mismatch": (0.0, 0.3),
        "refractory_us": (0.0, 1e6),
        "leak_hz": (0.0, 1e3),
        "leak_mismatch": (0.0, 0.3),
        "shot_noise_hz": (0.0, 1e4),
        "shot_noise_in_light": (0.0, 1.0),
        "hot_pixel_share": (0.0, 1.0),
        "hot_pixel_hz": (0.0, 1e4),
        "dark": (1e-6, 1.0),
        "start_spread": (0.0, 1.0),
    }
)

PIXEL_MODELS: Mapping[str, PixelModel] = MappingProxyType(
    {
        "ideal": PixelModel(),
        "davis346": PixelModel(
            on_threshold=0.3,
            off_threshold=0.3,
            mismatch=0.05,
            refractory_us=500.0,
            leak_hz=0.1,
            shot_noise_hz=0.6,
            hot_pixel_share=3e-4,
            hot_pixel_hz=40.0,
            dark=5e-3,
            start_spread=1.0,
        ),
    }
)
"""Presets by name. `ideal` has no noise and equal pixels."""


def pixel_model(name: str) -> PixelModel:
    """Return a preset.

    >>> pixel_model("ideal").on_threshold
    0.2

    Raises:
        ConfigError: If there is no preset of that name.
    """
    try:
        return PIXEL_MODELS[name]
    except KeyError:
        raise ConfigError("camera", name, f"one of {', '.join(PIXEL_MODELS)}") from None
