"""Where panels are seen: projection, culling, and the order in which bodies hide one another.

A body is a rigid, convex set of panels with a pose of its own. Two bodies are ordered by a plane
that one of their panels lies in and that parts them: the one on the eye's side is in front. That
is exact for convex bodies that such a plane parts; others go by distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .texture import Row

PANEL_DTYPE = np.dtype(
    [
        ("place", "<f8", (3, 3)),
        ("texels", "<f8", (3, 3)),
        ("neighbours", "<i4", (4,)),
        ("body", "<i4"),
        ("texture", "<i4"),
        ("cutout", "<i4"),
        ("classes", "<i4"),
        ("gain", "<f4"),
        ("surface", "u1"),
        ("two_sided", "?"),
    ],
    align=True,
)
"""What a panel is.

place: columns along, down, corner in the body's coordinates, so that (u, v) in [0, 1] lies at
along u + down v + corner; seen from the front, along points right and down points down; texels:
from (u, v, 1) to column and row of the texture and their common denominator, positive throughout;
neighbours: panels of the same body across the edges v = 0, u = 1, v = 1, u = 0, or -1; cutout: the
texture that holds signed distances to its outline in texels, or -1; classes: number of a raster of
surface classes that takes the place of `surface`, or -1; gain: factor on the texture.
"""

BODY_DTYPE = np.dtype(
    [
        ("hull", "<f8", (8, 3)),
        ("first", "<i4"),
        ("end", "<i4"),
        ("layer", "<i4"),
        ("corners", "<i4"),
    ],
    align=True,
)
"""What a body is: corners of its hull, its panels from `first` to `end`, and its layer; bodies of
a lower layer are in front of those of a higher one."""

_NEAR_M = 0.02
_TOUCH_M = 1e-6


@kernel
def place_bodies(
    poses: NDArray[np.float64], camera: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Compose the poses of bodies with that of the camera.

    Args:
        poses: Shape (B, 3, 4), body to world.
        camera: Shape (3, 4), world to camera.
        out: Shape (B, 3, 4), body to camera; written.
    """
    for body in range(poses.shape[0]):
        for i in range(3):
            for j in range(4):
                out[body, i, j] = (
                    camera[i, 0] * poses[body, 0, j]
                    + camera[i, 1] * poses[body, 1, j]
                    + camera[i, 2] * poses[body, 2, j]
                )
            out[body, i, 3] += camera[i, 3]


@kernel
def place_panels(
    panels: NDArray[np.void], placed: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Express panels in the camera's coordinates.

    Args:
        panels: Shape (P,), `PANEL_DTYPE`.
        placed: Shape (B, 3, 4), from `place_bodies`.
        out: Shape (P, 3, 3), columns along, down, corner; written.
    """
    for index in range(panels.size):
        panel = panels[index]
        pose, place = placed[panel.body], panel.place
        for i in range(3):
            for j in range(3):
                out[index, i, j] = (
                    pose[i, 0] * place[0, j] + pose[i, 1] * place[1, j] + pose[i, 2] * place[2, j]
                )
            out[index, i, 2] += pose[i, 3]


@inline
def _cross(m: NDArray[np.float64], a: int, b: int, out: NDArray[np.float64]) -> None:
    out[0] = m[1, a] * m[2, b] - m[2, a] * m[1, b]
    out[1] = m[2, a] * m[0, b] - m[0, a] * m[2, b]
    out[2] = m[0, a] * m[1, b] - m[1, a] * m[0, b]


@inline
def facing(m: NDArray[np.float64]) -> float:
    """Return a number that is positive where the front of a placed panel is seen."""
    return float(
        (m[1, 0] * m[2, 1] - m[2, 0] * m[1, 1]) * m[0, 2]
        + (m[2, 0] * m[0, 1] - m[0, 0] * m[2, 1]) * m[1, 2]
        + (m[0, 0] * m[1, 1] - m[1, 0] * m[0, 1]) * m[2, 2]
    )


@inline
def _per_pixel(normal: NDArray[np.float64], lens: NDArray[np.float64]) -> None:
    """Turn coefficients of a viewing ray (x / z, y / z, 1) into those of a pixel, in place."""
    normal[0] /= lens[0]
    normal[1] /= lens[1]
    normal[2] -= normal[0] * lens[2] + normal[1] * lens[3]


@inline
def _edge(line: NDArray[np.float64]) -> None:
    """Scale a line so that it gives pixels; one that no pixel sees becomes far away."""
    steep = np.sqrt(line[0] * line[0] + line[1] * line[1])
    if steep < 1e-12 * abs(line[2]) or steep == 0.0:
        line[0] = line[1] = 0.0
        line[2] = 1e9 if line[2] >= 0.0 else -1e9
    else:
        line[0] /= steep
        line[1] /= steep
        line[2] /= steep


@inline
def _window(
    m: NDArray[np.float64],
    lens: NDArray[np.float64],
    shape: tuple[int, int],
    out: Row,
) -> bool:
    """Find columns and rows outside which a placed panel is not seen; False if it is nowhere.

    Where it reaches the camera it may be seen anywhere.
    """
    out.left, out.right, out.top, out.bottom = 0, shape[1], 0, shape[0]
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    behind = 0
    for u in range(2):
        for v in range(2):
            z = m[2, 0] * u + m[2, 1] * v + m[2, 2]
            if z < _NEAR_M:
                behind += 1
                continue
            x = lens[0] * (m[0, 0] * u + m[0, 1] * v + m[0, 2]) / z + lens[2]
            y = lens[1] * (m[1, 0] * u + m[1, 1] * v + m[1, 2]) / z + lens[3]
            left, right = min(left, x), max(right, x)
            top, bottom = min(top, y), max(bottom, y)
    if behind == 0:
        out.left, out.right = _clipped(left, right, shape[1])
        out.top, out.bottom = _clipped(top, bottom, shape[0])
    return behind < 4 and out.left < out.right and out.top < out.bottom


@inline
def _clipped(low: float, high: float, size: int) -> tuple[int, int]:
    """Return the pixels (from, to) that reach to within a pixel of a stretch."""
    first = int(min(max(low - 0.5, 0.0), float(size)))
    return first, int(min(max(high + 2.0, 0.0), float(size)))


@inline
def _see(
    m: NDArray[np.float64],
    panel: Row,
    lens: NDArray[np.float64],
    shape: tuple[int, int],
    out: Row,
) -> bool:
    """Describe one placed panel; False if it cannot be seen."""
    determinant = facing(m)
    if determinant == 0.0 or (determinant < 0.0 and not panel.two_sided):
        return False
    if not _window(m, lens, shape, out):
        return False
    sign = 1.0 if determinant > 0.0 else -1.0
    u, v, w = out.texel[0], out.texel[1], out.texel[2]
    _cross(m, 1, 2, u)
    _cross(m, 2, 0, v)
    _cross(m, 0, 1, w)
    for row in range(3):
        for i in range(3):
            out.texel[row, i] *= sign
        _per_pixel(out.texel[row], lens)
    for i in range(3):
        out.inverse_depth[i] = w[i] / (sign * determinant)
        out.edges[0, i], out.edges[1, i] = v[i], w[i] - u[i]
        out.edges[2, i], out.edges[3, i] = w[i] - v[i], u[i]
        a, b, c = u[i], v[i], w[i]
        for row in range(3):
            to = panel.texels[row]
            out.texel[row, i] = to[0] * a + to[1] * b + to[2] * c
    for side in range(4):
        _edge(out.edges[side])
        out.overhang_px[side] = 0.0
    return True


@kernel
def see_panels(
    placed: NDArray[np.float64],
    panels: NDArray[np.void],
    bodies: NDArray[np.void],
    order: NDArray[np.int32],
    lens: NDArray[np.float64],
    shape: tuple[int, int],
    seen: NDArray[np.void],
) -> int:
    """Describe the panels that face the camera, body after body.

    Args:
        placed: Shape (P, 3, 3), from `place_panels`.
        panels: Shape (P,), `PANEL_DTYPE`.
        bodies: Shape (B,), `BODY_DTYPE`.
        order: Bodies from front to back.
        lens: Focal lengths in x and y, column and row of the axis; pixels.
        shape: Rows and columns of the image.
        seen: Shape (P,), `SEEN_DTYPE`; written.

    Returns:
        How many there are.
    """
    count = 0
    for number in order:
        body = bodies[number]
        for index in range(body.first, body.end):
            panel = panels[index]
            view = seen[count]
            if not _see(placed[index], panel, lens, shape, view):
                continue
            view.panel = index
            for side in range(4):
                neighbour = panel.neighbours[side]
                if 0 <= neighbour < index and facing(placed[neighbour]) > 0.0:
                    view.overhang_px[side] = 1.0
            count += 1
    return count
