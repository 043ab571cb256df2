"""Trails of objects as lines that a kernel draws into the pictures of views.

The window would need ten times as long to draw them over the pictures, in its own thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from .bases import Picture
from .palettes import colour_of_bgr

TRAIL_PX = 2.0

Path = tuple[int, NDArray[np.float64]]
"""Number of an object, and where it was: age 0 to 1, x, y; oldest first, shape (N, 3)."""


def draw_trails(paths: Iterable[Path], sensor: SensorSize, width_px: float, out: Picture) -> None:
    """Draw where centres have been, fading with age.

    Args:
        paths: Of the objects that are followed, in pixels of the sensor.
        sensor: Size of the pixel array.
        width_px: How wide, in pixels of the picture.
        out: Shape (height, width), 0xFFRRGGBB, of the whole sensor; changed in place.
    """
    from eventvision.kernels.strokes import draw_strokes

    lines, colours, weights = [], [], []
    for number, path in paths:
        if len(path) < 2:
            continue
        lines.append(np.concatenate([path[:-1, 1:], path[1:, 1:]], axis=1))
        colours.append(np.full(len(path) - 1, _colour_of(number), np.uint32))
        weights.append((np.clip(1 - path[1:, 0], 0, 1) * 256).astype(np.uint32))
    if lines:
        height, width = out.shape
        scale = np.array([width / sensor.width, height / sensor.height] * 2)
        draw_strokes(
            np.concatenate(lines) * scale,
            np.concatenate(colours),
            np.concatenate(weights),
            width_px,
            out,
        )


@lru_cache(maxsize=512)
def _colour_of(number: int) -> int:
    from eventvision.sinks import number_colour

    return colour_of_bgr(number_colour(number))
