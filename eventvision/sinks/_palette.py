"""Colours: BGR, 8 bits a channel, made for a dark ground.

Objects and classes take their hues from the golden ratio in OKLCH, where equal lightness looks
equally light: neighbouring numbers differ clearly, and dark text is legible on all of them. Hues
recur after 8 or 13 numbers; three lightnesses tell those apart. What everybody has a colour in mind
for, such as the sky, gets that.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

GROUND: Colour = (20, 14, 11)
FRAME: Colour = (30, 23, 19)
RULE: Colour = (52, 43, 37)
TEXT: Colour = (240, 234, 230)
TEXT_DIM: Colour = (160, 146, 136)
INK: Colour = (18, 12, 10)
DETECTION: Colour = (205, 205, 205)
ON: Colour = (84, 176, 255)
OFF: Colour = (255, 150, 72)

_CLASSES: dict[str, Colour] = {
    "sky": (240, 184, 116),
    "building": (150, 166, 184),
    "vegetation": (96, 196, 116),
    "road": (208, 146, 172),
    "pavement": (206, 160, 236),
    "vehicle": (220, 216, 82),
    "person": (110, 122, 255),
    "pedestrian": (110, 122, 255),
    "cyclist": (84, 170, 255),
    "pole": (84, 214, 244),
    "other": (188, 178, 170),
}
_ON_BRIGHT: Colour = (190, 232, 255)
_OFF_BRIGHT: Colour = (255, 216, 176)
_LIGHTNESSES = (0.80, 0.74, 0.87)
_GOLDEN_TURN = (math.sqrt(5) - 1) / 2


@lru_cache(maxsize=4096)
def number_colour(number: int) -> Colour:
    """Return the colour of an object or class: always the same, unlike those near it."""
    turn = (0.38 + number * _GOLDEN_TURN) % 1
    return _oklch(_LIGHTNESSES[number % 3], 0.14, 2 * math.pi * turn)


def class_colour(name: str, number: int) -> Colour:
    """Return the colour of a class: the usual one where there is one, else that of its number."""
    return _CLASSES.get(name) or number_colour(number)


def event_colours() -> NDArray[np.uint8]:
    """Return the colour of every event cell, shape (256, 1, 3); 128 is the ground."""
    colours = np.empty((256, 1, 3), np.float64)
    for side, plain, bright in ((1, ON, _ON_BRIGHT), (-1, OFF, _OFF_BRIGHT)):
        stops = np.array([GROUND, plain, bright], np.float64)
        strength = np.linspace(0, 1, 128)
        ramp = np.stack([np.interp(strength, (0, 0.7, 1), stop) for stop in stops.T], axis=1)
        colours[128 + side * np.arange(128), 0] = ramp
    colours[0] = colours[1]
    return colours.round().astype(np.uint8)


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """Return `share` of a colour over a ground."""
    blue, green, red = (
        round(over * share + under * (1 - share))
        for over, under in zip(colour, ground, strict=True)
    )
    return blue, green, red


def _oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """Convert OKLCH (hue in radians) to BGR, clipped to what a screen shows."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _srgb(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
        _srgb(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _srgb(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    )


def _srgb(linear: float) -> int:
    if linear <= 0.0031308:
        encoded = 12.92 * max(0.0, linear)
    else:
        encoded = 1.055 * min(1.0, linear) ** (1 / 2.4) - 0.055
    return round(255 * encoded)
