"""Reading textures at any size without aliasing: pyramids of halved copies, read trilinearly.

All textures of a scene lie in one flat array, level after level. A pixel that spans many texels
reads the copy in which it spans between one and two, and blends it with the next (Williams,
"Pyramidal parametrics", 1983), so that a distant texture does not flicker, and so makes no false
events, as it moves. Coordinates are in texels of the finest level, texel centres at whole numbers.
Arithmetic is elementary and in a fixed order: the same on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import inline

Row = Any
"""A row of a structured array, as kernels see it: its fields are attributes."""

LEVEL_DTYPE = np.dtype([("start", "<i8"), ("rows", "<i4"), ("columns", "<i4")], align=True)
"""Where a level lies in the flat array, and its size."""

TEXTURE_DTYPE = np.dtype([("first", "<i4"), ("levels", "<i4"), ("wraps", "?")], align=True)
"""Number of a texture's finest level, how many it has, and whether it goes on from its start
beyond its rim (its sides are then powers of two); otherwise its rim goes on."""


@inline
def level_of(spread_squared: float) -> float:
    """Return log2 of the root of a positive number, linear between powers of two; at least 0."""
    if spread_squared <= 1.0:
        return 0.0
    bits = np.float64(spread_squared).view(np.int64)
    exponent = ((bits >> 52) & 0x7FF) - 1023
    part = np.int64((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64) - 1.0
    return 0.5 * (exponent + part)


@inline
def read_level(
    flat: NDArray[np.float32],
    start: int,
    rows: int,
    columns: int,
    wraps: bool,
    u: float,
    v: float,
) -> np.float32:
    """Return the bilinear value at a place in texels of this level."""
    left, top = int(np.floor(u)), int(np.floor(v))
    fx, fy = np.float32(u - left), np.float32(v - top)
    right, bottom = left + 1, top + 1
    if wraps:
        left, right = left & (columns - 1), right & (columns - 1)
        top, bottom = top & (rows - 1), bottom & (rows - 1)
    else:
        left, right = min(max(left, 0), columns - 1), min(max(right, 0), columns - 1)
        top, bottom = min(max(top, 0), rows - 1), min(max(bottom, 0), rows - 1)
    upper, lower = start + top * columns, start + bottom * columns
    a, b = flat[np.uint64(upper + left)], flat[np.uint64(upper + right)]
    c, d = flat[np.uint64(lower + left)], flat[np.uint64(lower + right)]
    above = a + (b - a) * fx
    below = c + (d - c) * fx
    value: np.float32 = above + (below - above) * fy
    return value


@inline
def read_texture(
    flat: NDArray[np.float32],
    levels: NDArray[np.void],
    first: int,
    count: int,
    wraps: bool,
    u: float,
    v: float,
    spread_squared: float,
) -> np.float32:
    """Return a texture's value at (u, v), averaged over about as much as a pixel spans.

    Args:
        flat: All levels of all textures.
        levels: Shape (L,), `LEVEL_DTYPE`.
        first: Number of the texture's finest level.
        count: How many levels it has.
        wraps: Whether it repeats.
        u: Column in texels of the finest level.
        v: Row.
        spread_squared: Square of the number of texels that a pixel spans.
    """
    height = level_of(spread_squared)
    lower = min(int(height), count - 1)
    share = np.float32(height - lower)
    steps = 1 if lower == count - 1 or share == np.float32(0.0) else 2
    weight = np.float32(1.0) - share if steps == 2 else np.float32(1.0)
    scale = np.int64((1023 - lower) << 52).view(np.float64)  # two to the power of -lower
    total = np.float32(0.0)
    for step in range(steps):
        level = levels[first + lower + step]
        total += weight * read_level(
            flat,
            level.start,
            level.rows,
            level.columns,
            wraps,
            (u + 0.5) * scale - 0.5,
            (v + 0.5) * scale - 0.5,
        )
        scale *= 0.5
        weight = share
    return total
