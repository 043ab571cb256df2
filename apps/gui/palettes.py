"""Colours of events and what lies under them: 0xFFRRGGBB, as screens take them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .state import Palette

STEPS = 256
_OLDEST_WEIGHT = 0.2
_FADE_POWER = 1.5


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours of a palette."""

    ground: int
    on: int
    off: int


PALETTES: dict[Palette, Colours] = {
    "dark": Colours(ground=0xFF12161C, on=0xFFFFB254, off=0xFF4A9BFF),
    "light": Colours(ground=0xFFF6F7F9, on=0xFF1F63D0, off=0xFF20252D),
    "coolwarm": Colours(ground=0xFFDDDCDC, on=0xFFB40426, off=0xFF3B4CC0),
    "gray": Colours(ground=0xFF808080, on=0xFFFFFFFF, off=0xFF000000),
}
"""Ground, ON and OFF by the name of the palette."""


def weights(*, fades: bool) -> NDArray[np.uint32]:
    """Return how much an event covers with age, 0 to 256, shape (STEPS,)."""
    share = np.ones(STEPS)
    if fades:
        left = 1 - np.arange(STEPS) / STEPS
        share = _OLDEST_WEIGHT + (1 - _OLDEST_WEIGHT) * left**_FADE_POWER
    return np.rint(256 * share).astype(np.uint32)


@lru_cache(maxsize=16)
def ramps(palette: Palette, *, fades: bool) -> NDArray[np.uint32]:
    """Return the colours of OFF and ON events on the ground, new to old, shape (2, STEPS)."""
    colours = PALETTES[palette]
    share = weights(fades=fades)[:, None] / 256
    mixed = [
        share * _channels(colour) + (1 - share) * _channels(colours.ground)
        for colour in (colours.off, colours.on)
    ]
    return np.stack([_packed(ramp) for ramp in mixed])


@lru_cache(maxsize=1)
def surface_ramps() -> NDArray[np.uint32]:
    """Return the colours of a time surface, new to old, shape (2, STEPS): OFF cold, ON warm."""
    stops = (0.0, 0.35, 0.7, 1.0)
    warm = ((255, 250, 220), (255, 180, 60), (170, 60, 50), (18, 22, 28))
    cold = ((225, 245, 255), (90, 175, 255), (50, 70, 160), (18, 22, 28))
    at = np.linspace(0, 1, STEPS)
    ramp = [
        np.stack([np.interp(at, stops, channel) for channel in zip(*colours, strict=True)], axis=1)
        for colours in (cold, warm)
    ]
    return np.stack([_packed(each) for each in ramp])


@lru_cache(maxsize=1)
def depth_ramp() -> NDArray[np.uint32]:
    """Return the colours of distance, near to far, shape (STEPS,): red to blue."""
    stops = (0.0, 0.15, 0.35, 0.55, 0.75, 1.0)
    colours = (
        (190, 20, 10), (245, 90, 20), (245, 200, 55),
        (110, 235, 110), (40, 170, 235), (50, 45, 110),
    )  # fmt: skip
    at = np.linspace(0, 1, STEPS)
    channels = [np.interp(at, stops, channel) for channel in zip(*colours, strict=True)]
    return _packed(np.stack(channels, axis=1))


@lru_cache(maxsize=1)
def heat_ramp() -> NDArray[np.uint32]:
    """Return the colours of a heat strip, nothing to most, shape (STEPS,)."""
    colours = ((18, 22, 28), (70, 40, 110), (180, 60, 90), (250, 150, 60), (255, 245, 190))
    at = np.linspace(0, 1, STEPS)
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(at, stops, channel) for channel in zip(*colours, strict=True)]
    return _packed(np.stack(channels, axis=1))


def colour_of_bgr(bgr: tuple[int, int, int]) -> int:
    """Return a colour as `eventvision.sinks` gives it, as the screen takes it."""
    blue, green, red = bgr
    return 0xFF000000 | red << 16 | green << 8 | blue


def _channels(colour: int) -> NDArray[np.float64]:
    return np.array([(colour >> shift) & 0xFF for shift in (16, 8, 0)], np.float64)


def _packed(rgb: NDArray[np.float64]) -> NDArray[np.uint32]:
    red, green, blue = (np.rint(channel).astype(np.uint32) for channel in rgb.T)
    packed: NDArray[np.uint32] = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return packed
