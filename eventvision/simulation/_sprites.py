"""Sprites: a texture cut out along a signed distance map, and where they are at a given time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.layers import paint_plane, paint_sprite

from ._textures import TEXELS_PER_PX, Texture

_STEADY = float(1 << 20)


@dataclass(frozen=True, slots=True)
class Pose:
    """Place of a layer in the view.

    Values are rounded to 2**-20: last-bit differences between maths libraries vanish in it.

    Attributes:
        x: Column of the centre, in pixels.
        y: Row of the centre.
        angle_rad: Rotation, clockwise as seen.
        scale: Size relative to the natural one.
    """

    x: float
    y: float
    angle_rad: float = 0.0
    scale: float = 1.0

    def moved_px(self, other: Pose, reach_px: float) -> float:
        """Return a bound on how far points within `reach_px` of the centre move to `other`."""
        turned = abs(self.angle_rad - other.angle_rad) * max(self.scale, other.scale)
        grown = abs(self.scale - other.scale)
        dx, dy = self.x - other.x, self.y - other.y
        return math.sqrt(dx * dx + dy * dy) + (turned + grown) * reach_px

    def seen_from(self, camera: Pose) -> Pose:
        """Return the pose relative to a camera that stands at `camera` and is rolled by it."""
        dx, dy = self.x - camera.x, self.y - camera.y
        cos, sin = math.cos(camera.angle_rad), math.sin(camera.angle_rad)
        return Pose(
            cos * dx - sin * dy, sin * dx + cos * dy, self.angle_rad + camera.angle_rad, self.scale
        )

    def to_texels(self, texture: Texture, origin_px: tuple[float, float]) -> NDArray[np.float64]:
        """Return the affine map from pixels to texels, shape (6,), poses counting from a pixel."""
        per_px = TEXELS_PER_PX / _steady(self.scale)
        cos, sin = _steady(math.cos(self.angle_rad)), _steady(math.sin(self.angle_rad))
        x, y = _steady(self.x + origin_px[0]), _steady(self.y + origin_px[1])
        rows, columns = texture.shape
        a, b = cos * per_px, sin * per_px
        u0 = (columns - 1) / 2 - (a * x + b * y)
        v0 = (rows - 1) / 2 - (a * y - b * x)
        return np.array([a, b, u0, -b, a, v0])


def _steady(value: float) -> float:
    return float(round(value * _STEADY)) / _STEADY


@dataclass(frozen=True, slots=True)
class Sprite:
    """An object's looks.

    Attributes:
        texture: Linear intensity, square.
        distance: Signed distance to its outline in texels, negative inside; same shape.
    """

    texture: Texture
    distance: Texture

    @property
    def reach_px(self) -> float:
        """Distance from the centre within which it lies, at natural size."""
        side: int = self.texture.shape[0]
        return side * math.sqrt(0.5) / TEXELS_PER_PX

    def paint(
        self, pose: Pose, label: int, image: NDArray[np.float32], mask: NDArray[np.uint8]
    ) -> None:
        """Paint it into an image and its label into a mask; poses count from the view's centre."""
        height, width = image.shape
        origin = (width - 1) / 2, (height - 1) / 2
        reach = self.reach_px * pose.scale + 1
        x, y = pose.x + origin[0], pose.y + origin[1]
        window = (
            *_clipped(x - reach, x + reach, width),
            *_clipped(y - reach, y + reach, height),
        )
        affine = pose.to_texels(self.texture, origin)
        px_per_texel = _steady(pose.scale) / TEXELS_PER_PX
        paint_sprite(self.texture, self.distance, affine, px_per_texel, label, window, image, mask)


def paint_backdrop(texture: Texture, pose: Pose, image: NDArray[np.float32]) -> None:
    """Fill an image with a texture that lies at `pose`, counted from the view's centre."""
    height, width = image.shape
    paint_plane(texture, pose.to_texels(texture, ((width - 1) / 2, (height - 1) / 2)), image)


def _clipped(low: float, high: float, size: int) -> tuple[int, int]:
    return min(size, max(0, math.floor(low))), min(size, max(0, math.ceil(high) + 1))


def _grid(radius_px: float) -> tuple[Texture, Texture]:
    """Return columns and rows, in texels from the centre, of a square that holds a shape."""
    half = math.ceil(radius_px * TEXELS_PER_PX) + 2 * TEXELS_PER_PX
    axis = np.arange(-half, half + 1, dtype=np.float32)
    return axis[None, :], axis[:, None]


def disc(radius_px: float) -> Texture:
    """Return the distance map of a disc."""
    return _round(*_grid(radius_px), radius_px * TEXELS_PER_PX)


def box(radius_px: float, aspect: float) -> Texture:
    """Return the distance map of a box with rounded corners, within `radius_px` of its centre."""
    x, y = _grid(radius_px)
    round_px = 0.12 * radius_px
    half_x = radius_px / math.sqrt(1 + aspect * aspect)
    dx = np.abs(x) - np.float32((half_x - round_px) * TEXELS_PER_PX)
    dy = np.abs(y) - np.float32((half_x * aspect - round_px) * TEXELS_PER_PX)
    outside = _round(np.maximum(dx, 0), np.maximum(dy, 0), round_px * TEXELS_PER_PX)
    inside: Texture = np.minimum(np.maximum(dx, dy), 0)
    return outside + inside


def blob(radius_px: float, random: np.random.Generator) -> Texture:
    """Return the distance map of four discs melted together, within `radius_px` of its centre."""
    x, y = _grid(radius_px)
    full = radius_px * TEXELS_PER_PX
    melted = _round(x, y, 0.5 * full)
    for sign_x, sign_y in ((1, 1), (-1, 1), (0, -1)):
        cx = sign_x * full * (0.3 + 0.15 * random.random())
        cy = sign_y * full * (0.3 + 0.15 * random.random())
        size = full * (0.25 + 0.1 * random.random())
        part = _round(x - np.float32(cx), y - np.float32(cy), size)
        melted = _smooth_minimum(melted, part, np.float32(0.3 * full))
    return melted


def _round(x: Texture, y: Texture, radius: float) -> Texture:
    distance: Texture = np.sqrt(x * x + y * y) - np.float32(radius)
    return distance


def _smooth_minimum(a: Texture, b: Texture, reach: np.float32) -> Texture:
    """Return the minimum, rounded off where the two differ by less than `reach`."""
    overlap = np.maximum(reach - np.abs(a - b), 0) / reach
    rounded: Texture = np.minimum(a, b) - overlap * overlap * reach / 4
    return rounded
