"""Bodies: rigid, convex sets of panels, from which things are put together.

Coordinates are metres: x to the right, y down, z ahead. A body stands on its origin or has it in
its middle; the docstrings say which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from eventvision.simulation._classes import SEGMENTATION_CLASSES
from eventvision.simulation._textures import Texture

from .atlas import AtlasBuilder

Vector = tuple[float, float, float]

Homography = tuple[Vector, Vector, Vector]

_MOST_CORNERS = 8
FRONT, BACK, LEFT, RIGHT, TOP, BOTTOM = range(6)


@dataclass(frozen=True, slots=True)
class Skin:
    """What a panel looks like.

    Attributes:
        texture: Number in the atlas.
        texels: Three rows of three: from (u, v, 1) on the panel to column and row of the texture
            and their common denominator.
        cutout: Number of its outline in the atlas, or -1.
        classes: Number of its raster of classes, or -1.
        surface: Index into `SEGMENTATION_CLASSES`.
        gain: Factor on the texture.
    """

    texture: int
    texels: Homography
    cutout: int = -1
    classes: int = -1
    surface: int = SEGMENTATION_CLASSES.index("other")
    gain: float = 1.0

    def lit(self, gain: float) -> Skin:
        """Return the same under another light."""
        return replace(self, gain=self.gain * gain)

    @classmethod
    def whole(
        cls,
        atlas: AtlasBuilder,
        texture: Texture,
        surface: str,
        *,
        distance: Texture | None = None,
        classes: NDArray[np.uint8] | None = None,
    ) -> Skin:
        """Add a texture of which a panel shows the whole, cut out along `distance`."""
        rows, columns = texture.shape
        return cls(
            atlas.add(texture),
            _spread(-0.5, -0.5, columns, rows),
            -1 if distance is None else atlas.add_cutout(distance),
            -1 if classes is None else atlas.add_raster(classes),
            SEGMENTATION_CLASSES.index(surface),
        )


@dataclass(frozen=True, slots=True)
class Tiles:
    """A texture that repeats, spread over panels of any size.

    Attributes:
        texture: Number in the atlas.
        texels_per_m: Its scale.
        surface: Index into `SEGMENTATION_CLASSES`.
    """

    texture: int
    texels_per_m: float
    surface: int

    @classmethod
    def of(
        cls, atlas: AtlasBuilder, texture: Texture, surface: str, *, texels_per_m: float
    ) -> Tiles:
        """Add a texture whose sides are powers of two."""
        number = atlas.add(texture, wraps=True)
        return cls(number, texels_per_m, SEGMENTATION_CLASSES.index(surface))

    def skin(self, width_m: float, height_m: float, at: tuple[float, float] = (0.0, 0.0)) -> Skin:
        """Return the skin of a panel of that size, beginning at a place in metres."""
        scale = self.texels_per_m
        texels = _spread(at[0] * scale, at[1] * scale, width_m * scale, height_m * scale)
        return Skin(self.texture, texels, surface=self.surface)


def _spread(column: float, row: float, columns: float, rows: float) -> Homography:
    """Return the map that begins at a texel and goes on for so many columns and rows."""
    return (columns, 0.0, column), (0.0, rows, row), (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Panel:
    """A parallelogram: along u + down v + corner for u and v in 0 to 1."""

    along: Vector
    down: Vector
    corner: Vector
    skin: Skin
    two_sided: bool = False
    neighbours: tuple[int, int, int, int] = (-1, -1, -1, -1)


@dataclass(frozen=True, slots=True)
class Body:
    """Panels that move together, in the order in which they are listed in `Panel.neighbours`."""

    panels: tuple[Panel, ...]

    def hull(self) -> NDArray[np.float64]:
        """Return corners of a convex hull, at most eight: the panels' own, or those of a box."""
        corners = []
        for panel in self.panels:
            along, down, corner = map(np.array, (panel.along, panel.down, panel.corner))
            corners += [corner, corner + along, corner + down, corner + along + down]
        hull = np.unique(np.round(corners, 9), axis=0)
        if len(hull) > _MOST_CORNERS:
            hull = np.array(list(product(*zip(hull.min(axis=0), hull.max(axis=0), strict=True))))
        return hull


def card(width_m: float, height_m: float, skin: Skin, middle: tuple[float, float] = (0, 0)) -> Body:
    """Return an upright panel seen from both sides, its middle at (x, y) of the body."""
    corner = (middle[0] - width_m / 2, middle[1] - height_m / 2, 0.0)
    return Body((Panel((width_m, 0, 0), (0, height_m, 0), corner, skin, two_sided=True),))


def standing(width_m: float, height_m: float, skin: Skin) -> Body:
    """Return an upright panel that stands on the body's origin."""
    return card(width_m, height_m, skin, (0, -height_m / 2))


def slab(width_m: float, depth_m: float, skin: Skin) -> Body:
    """Return a panel that lies flat and is seen from above, its middle at the origin."""
    corner = (-width_m / 2, 0.0, depth_m / 2)
    return Body((Panel((width_m, 0, 0), (0, 0, -depth_m), corner, skin),))


def block(size_m: Vector, skins: Sequence[Skin | None], base_m: float = 0.0) -> Body:
    """Return a box that stands `base_m` above the origin.

    Args:
        size_m: Width (x), height (y) and depth (z).
        skins: Of front (towards -z), back, left, right, top and, where it is
            seen, bottom; None leaves a face out.
        base_m: Height of its underside.
    """
    w, h, d = size_m
    x, z, top = w / 2, d / 2, -h - base_m
    faces = (
        ((w, 0, 0), (0, h, 0), (-x, top, -z), (TOP, RIGHT, BOTTOM, LEFT)),
        ((-w, 0, 0), (0, h, 0), (x, top, z), (TOP, LEFT, BOTTOM, RIGHT)),
        ((0, 0, -d), (0, h, 0), (-x, top, z), (TOP, FRONT, BOTTOM, BACK)),
        ((0, 0, d), (0, h, 0), (x, top, -z), (TOP, BACK, BOTTOM, FRONT)),
        ((w, 0, 0), (0, 0, -d), (-x, top, z), (BACK, RIGHT, FRONT, LEFT)),
        ((w, 0, 0), (0, 0, d), (-x, -base_m, -z), (FRONT, RIGHT, BACK, LEFT)),
    )
    kept = [face for face, skin in enumerate(skins) if skin is not None]
    number = {face: place for place, face in enumerate(kept)}
    panels = [
        Panel(along, down, corner, skin, neighbours=_numbers(beside, number))
        for (along, down, corner, beside), skin in zip(faces, skins, strict=False)
        if skin is not None
    ]
    return Body(tuple(panels))


def _numbers(faces: Sequence[int], number: dict[int, int]) -> tuple[int, int, int, int]:
    top, right, bottom, left = (number.get(face, -1) for face in faces)
    return top, right, bottom, left
