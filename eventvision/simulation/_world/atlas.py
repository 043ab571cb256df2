"""All textures of a world in one flat array, each as a pyramid of halved copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.texture import LEVEL_DTYPE, TEXTURE_DTYPE
from eventvision.simulation._textures import Texture

_DARKEST = 0.004


@dataclass(frozen=True, slots=True)
class Atlas:
    """Textures as kernels read them.

    Attributes:
        flat: float32, all levels of all textures.
        levels: Shape (L,), `LEVEL_DTYPE`.
        textures: Shape (T,), `TEXTURE_DTYPE`.
        rasters: uint8, all rasters of surface classes.
        raster_table: int64, shape (R, 3): start, rows, columns.
    """

    flat: NDArray[np.float32]
    levels: NDArray[np.void]
    textures: NDArray[np.void]
    rasters: NDArray[np.uint8]
    raster_table: NDArray[np.int64]


class AtlasBuilder:
    """Collects textures and numbers them."""

    def __init__(self) -> None:
        self._levels: list[Texture] = []
        self._textures: list[tuple[int, int, bool]] = []
        self._rasters: list[NDArray[np.uint8]] = []

    def add(self, texture: Texture, *, wraps: bool = False) -> int:
        """Add a texture and return its number; linear intensity is clipped to what prints have.

        Raises:
            ValueError: If it is to wrap and a side is not a power of two.
        """
        if wraps and any(side & (side - 1) for side in texture.shape):
            raise ValueError(
                f"sides of a texture that wraps are powers of two, got {texture.shape}"
            )
        first = len(self._levels)
        self._levels += _pyramid(np.clip(texture, _DARKEST, 1), wraps)
        self._textures.append((first, len(self._levels) - first, wraps))
        return len(self._textures) - 1

    def add_cutout(self, distance: Texture) -> int:
        """Add signed distances to an outline in texels, negative inside; they are not halved."""
        self._textures.append((len(self._levels), 1, False))
        self._levels.append(np.ascontiguousarray(distance, np.float32))
        return len(self._textures) - 1

    def add_raster(self, classes: NDArray[np.uint8]) -> int:
        """Add a raster of surface classes, texel for texel with a texture."""
        self._rasters.append(np.ascontiguousarray(classes))
        return len(self._rasters) - 1

    def build(self) -> Atlas:
        """Return everything that was added."""
        sizes = np.array([level.size for level in self._levels], np.int64)
        levels = np.zeros(len(self._levels), LEVEL_DTYPE)
        levels["start"] = np.cumsum(sizes) - sizes
        levels["rows"] = [level.shape[0] for level in self._levels]
        levels["columns"] = [level.shape[1] for level in self._levels]
        table = np.zeros((len(self._rasters), 3), np.int64)
        start = 0
        for row, raster in zip(table, self._rasters, strict=True):
            row[:] = start, *raster.shape
            start += raster.size
        return Atlas(
            np.concatenate([level.reshape(-1) for level in self._levels]),
            levels,
            np.array(self._textures, TEXTURE_DTYPE),
            np.concatenate([np.empty(0, np.uint8), *(r.reshape(-1) for r in self._rasters)]),
            table,
        )


def _pyramid(texture: Texture, wraps: bool) -> list[Texture]:
    """Return the texture and its halvings, down to a side of one."""
    levels = [np.ascontiguousarray(texture, np.float32)]
    while max(levels[-1].shape) > 1 and (wraps or min(levels[-1].shape) > 1):
        levels.append(_halved(levels[-1]))
    return levels


def _halved(texture: Texture) -> Texture:
    """Return the means of two by two texels; an odd last row or column counts twice."""
    rows, columns = texture.shape
    even = np.pad(texture, ((0, rows % 2), (0, columns % 2)), mode="edge")
    above, below = even[0::2], even[1::2]
    quarter: Texture = (
        (above[:, 0::2] + above[:, 1::2]) + (below[:, 0::2] + below[:, 1::2])
    ) * np.float32(0.25)
    return quarter
