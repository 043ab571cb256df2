"""From pictures as files hold them to light on a sensor."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

Shade = TypeVar("Shade", np.uint8, np.uint16)

_LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Shares of red, green and blue in luminance (ITU-R BT.709, the primaries of sRGB)."""


def luminance(picture: NDArray[Shade], gamma: float | None) -> NDArray[np.float32]:
    """Return the linear light of a picture, 0 black to 1 white.

    Args:
        picture: uint8 or uint16, shape (height, width) grey, or (height, width, 3) red, green,
            blue.
        gamma: Light is the picture's value to this power; 1 for values that are linear already,
            None for the curve of sRGB.
    """
    curve = _curve(int(np.iinfo(picture.dtype).max), gamma)
    if picture.ndim == 2:
        return curve[picture]
    light = np.zeros(picture.shape[:2], np.float32)
    for channel, share in enumerate(_LUMINANCE):
        light += curve[picture[..., channel]] * np.float32(share)
    return light


def covering(width: int, height: int, sensor: SensorSize) -> tuple[int, int]:
    """Return the size to which to scale a picture that it just covers the sensor: width, height."""
    scale = max(sensor.width / width, sensor.height / height)
    return max(sensor.width, round(width * scale)), max(sensor.height, round(height * scale))


def middle(picture: NDArray[Shade], sensor: SensorSize) -> NDArray[Shade]:
    """Return the middle of a picture that covers the sensor."""
    top = (picture.shape[0] - sensor.height) // 2
    left = (picture.shape[1] - sensor.width) // 2
    return picture[top : top + sensor.height, left : left + sensor.width]


@cache
def _curve(white: int, gamma: float | None) -> NDArray[np.float32]:
    """Return light for each value; rounded, since maths libraries differ in their last bits."""
    value = np.arange(white + 1) / white
    if gamma is None:
        light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    else:
        light = value**gamma
    return np.round(light, 7).astype(np.float32)
