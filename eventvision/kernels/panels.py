"""Painting a scene of flat panels, front to back.

A panel is a parallelogram in space with a texture; sprites, walls, the ground and the faces of
boxes are all panels. Seen by a pinhole camera, everything about one is linear in the pixel's place
(x, y, 1): three numerators and denominators of the texel, the distance in pixels to each edge, the
inverse of the depth. So a pixel is shaded in closed form, whatever the perspective.

A panel covers a pixel by the share that its nearest edge leaves of it, so that edges move smoothly
by fractions of a pixel. Panels come nearest first; each pixel remembers how much of it still
shows what is behind, and one that shows nothing is passed over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .texture import Row, read_level, read_texture

SEEN_DTYPE = np.dtype(
    [
        ("texel", "<f8", (3, 3)),
        ("edges", "<f8", (4, 3)),
        ("inverse_depth", "<f8", (3,)),
        ("overhang_px", "<f8", (4,)),
        ("panel", "<i4"),
        ("left", "<i4"),
        ("right", "<i4"),
        ("top", "<i4"),
        ("bottom", "<i4"),
    ],
    align=True,
)
"""How a panel is seen; coefficients are those of x, y and 1.

texel: numerators of column and row, and their denominator, positive where the panel is seen;
edges: distance in pixels to the edges v = 0, u = 1, v = 1, u = 0, positive inside; inverse_depth:
1 / metres; overhang_px: by how much it goes on under a neighbour painted before; panel: its
number; left, right, top, bottom: columns and rows outside which it is not seen.
"""

_CLEAR = np.float32(1.0 / 512.0)


@inline
def span(seen: Row, y: int, rim_px: float) -> tuple[int, int]:
    """Return the columns (from, to) of a row that lie at least `rim_px` inside all edges."""
    low, high = float(seen.left), float(seen.right)
    for side in range(4):
        slope = seen.edges[side, 0]
        rest = seen.edges[side, 1] * y + seen.edges[side, 2] + seen.overhang_px[side] - rim_px
        if slope > 0.0:
            low = max(low, -rest / slope)
        elif slope < 0.0:
            high = min(high, -rest / slope)
        elif rest < 0.0:
            return 0, 0
    if not low < high + 1.0:
        return 0, 0
    return int(np.ceil(low)), min(int(np.floor(high)) + 1, int(seen.right))


@inline
def edge_px(seen: Row, side: int, x: int, y: int) -> float:
    """Return how far inside an edge a pixel's centre lies, overhang included."""
    line = seen.edges[side]
    return float(line[0] * x + line[1] * y + line[2] + seen.overhang_px[side])


@inline
def edge_cover(seen: Row, x: int, y: int) -> float:
    """Return the share of a pixel that a panel's edges leave; right for thin panels too."""
    cover = 1.0
    for side in range(2):
        near = min(max(edge_px(seen, side, x, y) + 0.5, 0.0), 1.0)
        far = min(max(edge_px(seen, side + 2, x, y) + 0.5, 0.0), 1.0)
        cover *= max(near + far - 1.0, 0.0)
    return cover


@inline
def spread_squared(
    u: float,
    v: float,
    per: float,
    ua: float,
    ub: float,
    va: float,
    vb: float,
    wa: float,
    wb: float,
) -> float:
    """Return the square of the number of texels that a pixel spans, by its longer side.

    Args:
        u: Column of the texel.
        v: Row.
        per: One over the denominator of both.
        ua: Coefficients in x and y (here and below) of the numerator of columns.
        ub: See `ua`.
        va: Of rows.
        vb: See `va`.
        wa: Of the denominator.
        wb: See `wa`.
    """
    ux, vx = ua - u * wa, va - v * wa
    uy, vy = ub - u * wb, vb - v * wb
    return max(ux * ux + vx * vx, uy * uy + vy * vy) * per * per


@inline
def texel_at(texel: NDArray[np.float64], x: int, y: int) -> tuple[float, float, float]:
    """Return column and row of the texel under a pixel, and the square of what the pixel spans."""
    per = 1.0 / (texel[2, 0] * x + texel[2, 1] * y + texel[2, 2])
    u = (texel[0, 0] * x + texel[0, 1] * y + texel[0, 2]) * per
    v = (texel[1, 0] * x + texel[1, 1] * y + texel[1, 2]) * per
    spread = spread_squared(
        u, v, per, texel[0, 0], texel[0, 1], texel[1, 0], texel[1, 1], texel[2, 0], texel[2, 1]
    )
    return u, v, spread


@inline
def cutout_px(
    flat: NDArray[np.float32],
    levels: NDArray[np.void],
    texture: Row,
    u: float,
    v: float,
    spread: float,
) -> float:
    """Return how far inside a cut-out a place lies, in pixels."""
    level = levels[texture.first]
    outside = read_level(flat, level.start, level.rows, level.columns, wraps=False, u=u, v=v)
    return -float(outside) / float(np.sqrt(max(spread, 1e-12)))


@kernel
def paint(
    seen: NDArray[np.void],
    panels: NDArray[np.void],
    flat: NDArray[np.float32],
    levels: NDArray[np.void],
    textures: NDArray[np.void],
    image: NDArray[np.float32],
    clear: NDArray[np.float32],
) -> None:
    """Paint panels that are ordered front to back.

    Args:
        seen: Shape (N,), `SEEN_DTYPE`.
        panels: Shape (P,), `PANEL_DTYPE` of `eventvision.kernels.panel_view`.
        flat: Levels of all textures.
        levels: Shape (L,), `LEVEL_DTYPE`.
        textures: Shape (T,), `TEXTURE_DTYPE`.
        image: Shape (H, W), linear intensity; written.
        clear: Shape (H, W), working space: the share of each pixel that is still uncovered.
    """
    image[:] = 0.0
    clear[:] = 1.0
    for index in range(seen.size):
        view = seen[index]
        panel = panels[view.panel]
        texture, cutout = textures[panel.texture], panel.cutout
        first, count, wraps, gain = texture.first, texture.levels, texture.wraps, panel.gain
        ua, ub, uc = view.texel[0, 0], view.texel[0, 1], view.texel[0, 2]
        va, vb, vc = view.texel[1, 0], view.texel[1, 1], view.texel[1, 2]
        wa, wb, wc = view.texel[2, 0], view.texel[2, 1], view.texel[2, 2]
        for y in range(view.top, view.bottom):
            x0, x1 = span(view, y, -0.5)
            inner0, inner1 = span(view, y, 0.5)
            shades, left = image[y], clear[y]
            un, vn, wn = ub * y + uc, vb * y + vc, wb * y + wc
            for x in range(x0, x1):
                if left[x] < _CLEAR:
                    continue
                per = 1.0 / (wa * x + wn)
                u, v = (ua * x + un) * per, (va * x + vn) * per
                spread = spread_squared(u, v, per, ua, ub, va, vb, wa, wb)
                cover = np.float32(1.0)
                if x < inner0 or x >= inner1:
                    cover = np.float32(edge_cover(view, x, y))
                if cutout >= 0:
                    inside = cutout_px(flat, levels, textures[cutout], u, v, spread) + 0.5
                    if inside <= 0.0:
                        continue
                    cover *= np.float32(min(inside, 1.0))
                shade = read_texture(flat, levels, first, count, wraps, u, v, spread)
                shades[x] += left[x] * cover * shade * gain
                left[x] *= np.float32(1.0) - cover
