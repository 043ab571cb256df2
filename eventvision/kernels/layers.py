"""Layers of a 2.5-D scene, painted back to front: planes that fill the view, and sprites.

An affine map takes each pixel centre (x, y) to a place (u, v) in the layer's texture:
`u = m[0] x + m[1] y + m[2]`, `v = m[3] x + m[4] y + m[5]`; the texture is read bilinearly. A
sprite's outline is a signed distance map in texels, negative inside, so that the share of a pixel
that it covers changes smoothly with sub-pixel motion. Arithmetic is float32 or float64 in a fixed
order without library functions: the same on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@inline
def sample(
    flat: NDArray[np.float32],
    columns: int,
    column: np.intp,
    row: np.intp,
    fx: np.float32,
    fy: np.float32,
) -> np.float32:
    """Return the bilinear value between a texel and its neighbours right and below.

    `flat` is the texture row after row; unsigned indices spare numba's test for negative ones.
    """
    upper = np.uint64(row * columns + column)
    lower = np.uint64(row * columns + column + columns)
    right = np.uint64(1)
    top = flat[upper] + (flat[upper + right] - flat[upper]) * fx
    bottom = flat[lower] + (flat[lower + right] - flat[lower]) * fx
    value: np.float32 = top + (bottom - top) * fy
    return value


@kernel
def paint_plane(
    texture: NDArray[np.float32], affine: NDArray[np.float64], out: NDArray[np.float32]
) -> None:
    """Fill the view with a texture; beyond its rim the rim goes on.

    Args:
        texture: Shape (h, w), at least 2 by 2, contiguous.
        affine: Shape (6,), from pixel to texel.
        out: Shape (H, W); written.
    """
    rows, columns = texture.shape
    flat = texture.reshape(-1)
    last_column, last_row, one = np.intp(columns - 2), np.intp(rows - 2), np.float32(1.0)
    for y in range(out.shape[0]):
        u0 = affine[1] * y + affine[2]
        v0 = affine[4] * y + affine[5]
        line = out[y]
        for x in range(line.size):
            u, v = affine[0] * x + u0, affine[3] * x + v0
            u = u if u > 0.0 else 0.0
            v = v if v > 0.0 else 0.0
            column, row = np.intp(u), np.intp(v)
            column = column if column < last_column else last_column
            row = row if row < last_row else last_row
            fx, fy = np.float32(u - column), np.float32(v - row)
            fx = fx if fx < one else one
            fy = fy if fy < one else one
            line[x] = sample(flat, columns, column, row, fx, fy)


@kernel
def paint_sprite(
    texture: NDArray[np.float32],
    distance: NDArray[np.float32],
    affine: NDArray[np.float64],
    px_per_texel: float,
    label: int,
    window: tuple[int, int, int, int],
    out: NDArray[np.float32],
    mask: NDArray[np.uint8],
) -> None:
    """Paint a sprite over what is there; its rim is one pixel wide.

    Args:
        texture: Shape (h, w), linear intensity, contiguous.
        distance: Shape (h, w), contiguous; signed distance to the outline in texels, inside < 0.
        affine: Shape (6,), from pixel to texel.
        px_per_texel: Pixels per texel at the sprite's present size.
        label: Written to `mask` where the sprite covers half a pixel or more.
        window: Columns x0 to x1 and rows y0 to y1 (exclusive) outside which nothing is painted.
        out: Shape (H, W), linear intensity; blended in place.
        mask: Shape (H, W); changed in place.
    """
    rows, columns = texture.shape
    shades, distances = texture.reshape(-1), distance.reshape(-1)
    x0, x1, y0, y1 = window
    for y in range(y0, y1):
        u0 = affine[1] * y + affine[2]
        v0 = affine[4] * y + affine[5]
        for x in range(x0, x1):
            u = affine[0] * x + u0
            v = affine[3] * x + v0
            if u < 0.0 or v < 0.0 or u >= columns - 1 or v >= rows - 1:
                continue
            column, row = np.intp(u), np.intp(v)
            fx, fy = np.float32(u - column), np.float32(v - row)
            outside = sample(distances, columns, column, row, fx, fy)
            cover = 0.5 - float(outside) * px_per_texel
            if cover <= 0.0:
                continue
            cover = min(cover, 1.0)
            shade = sample(shades, columns, column, row, fx, fy)
            out[y, x] = out[y, x] * (1.0 - cover) + shade * cover
            if cover >= 0.5:
                mask[y, x] = label
