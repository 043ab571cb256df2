"""Outlines: signed distances, negative inside, drawn on a grid of metres.

Square roots are the only function used, so an outline is the same on every machine. Unions are
minima, cut-outs are maxima with a negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eventvision.simulation._textures import Texture


class Canvas:
    """A grid with its origin in the middle, x to the right, y down.

    Attributes:
        width_m: Width of the panel that shows it.
        height_m: Height of the panel.
        texels_per_m: Texels in a metre, the same both ways.
        x: Columns in metres, shape (1, W).
        y: Rows in metres, shape (H, 1).
    """

    def __init__(self, width_m: float, height_m: float, texels: int) -> None:
        """Take a size and how many texels its longer side has."""
        self.texels_per_m = texels / max(width_m, height_m)
        rows, columns = (max(2, round(side * self.texels_per_m)) for side in (height_m, width_m))
        self.width_m, self.height_m = columns / self.texels_per_m, rows / self.texels_per_m
        self.x = self._axis(columns)[None, :]
        self.y = self._axis(rows)[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.size, self.x.size

    def texels(self, distance_m: Texture) -> Texture:
        """Return distances in texels, as panels want them."""
        return np.ascontiguousarray(distance_m * np.float32(self.texels_per_m), np.float32)

    def disc(self, x: float, y: float, radius: float) -> Texture:
        """Return the distance to a disc."""
        return self._length(self.x - np.float32(x), self.y - np.float32(y)) - np.float32(radius)

    def box(self, left: float, top: float, right: float, bottom: float, round_m: float) -> Texture:
        """Return the distance to a box with rounded corners."""
        x: Texture = np.abs(self.x - np.float32((left + right) / 2)) - np.float32(
            (right - left) / 2 - round_m
        )
        y: Texture = np.abs(self.y - np.float32((top + bottom) / 2)) - np.float32(
            (bottom - top) / 2 - round_m
        )
        outside = self._length(np.maximum(x, 0), np.maximum(y, 0))
        inside: Texture = np.minimum(np.maximum(x, y), 0)
        return outside + inside - np.float32(round_m)

    def capsule(
        self, start: tuple[float, float], end: tuple[float, float], r0: float, r1: float
    ) -> Texture:
        """Return the distance to a limb: a line with a radius that goes from r0 to r1."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        x, y = self.x - np.float32(start[0]), self.y - np.float32(start[1])
        square = dx * dx + dy * dy
        along: Texture = np.clip(
            (x * np.float32(dx) + y * np.float32(dy)) / np.float32(square), 0, 1
        )
        aside = self._length(x - along * np.float32(dx), y - along * np.float32(dy))
        limb: Texture = aside - (np.float32(r0) + along * np.float32(r1 - r0))
        return limb

    def polygon(self, corners: Sequence[tuple[float, float]]) -> Texture:
        """Return the distance to a simple polygon."""
        nearest = np.full(self.shape, np.inf, np.float32)
        inside = np.zeros(self.shape, np.bool_)
        for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
            nearest = np.minimum(nearest, self.capsule(start, end, 0, 0))
            if start[1] != end[1]:
                crosses = (self.y < np.float32(start[1])) != (self.y < np.float32(end[1]))
                slope = (end[0] - start[0]) / (end[1] - start[1])
                right = self.x < np.float32(start[0]) + (
                    self.y - np.float32(start[1])
                ) * np.float32(slope)
                inside ^= crosses & right
        signed: Texture = np.where(inside, -nearest, nearest)
        return signed

    def _axis(self, count: int) -> Texture:
        middle = (count - 1) / 2
        return ((np.arange(count) - middle) / self.texels_per_m).astype(np.float32)

    @staticmethod
    def _length(x: Texture, y: Texture) -> Texture:
        length: Texture = np.sqrt(x * x + y * y)
        return length


def melted(a: Texture, b: Texture, reach: float) -> Texture:
    """Return the union of two shapes, their joint rounded off over `reach`."""
    overlap = np.maximum(np.float32(reach) - np.abs(a - b), 0) / np.float32(reach)
    joined: Texture = np.minimum(a, b) - overlap * overlap * np.float32(reach / 4)
    return joined


def star(points: int, radius: float, inner: float) -> list[tuple[float, float]]:
    """Return the corners of a star, or of a regular polygon where `inner` equals `radius`.

    Rounded to 2**-20, so that maths libraries cannot differ.
    """
    corners = []
    for number in range(2 * points):
        turn = math.pi * number / points
        reach = radius if number % 2 == 0 else inner
        corners.append((_steady(reach * math.sin(turn)), _steady(-reach * math.cos(turn))))
    return corners


def _steady(value: float) -> float:
    return round(value * (1 << 20)) / (1 << 20)
