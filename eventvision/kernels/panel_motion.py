"""How far what is seen of panels moves between two instants, and its velocity at each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

_NEAR_M = 0.02
_MOST_CORNERS = 12


@inline
def _height(m: NDArray[np.float64], side: NDArray[np.float64], u: float, v: float) -> float:
    """Return how far inside a side of the view a place of a panel lies, to some scale."""
    total = float(side[3])
    for i in range(3):
        total += side[i] * (m[i, 0] * u + m[i, 1] * v + m[i, 2])
    return total


@inline
def _clip(
    m: NDArray[np.float64],
    side: NDArray[np.float64],
    polygon: NDArray[np.float64],
    count: int,
    out: NDArray[np.float64],
) -> int:
    """Cut a polygon in (u, v) along a side of the view (Sutherland, Hodgman, 1974)."""
    kept = 0
    for corner in range(count):
        u0, v0 = polygon[corner, 0], polygon[corner, 1]
        following = corner + 1 if corner + 1 < count else 0
        u1, v1 = polygon[following, 0], polygon[following, 1]
        h0, h1 = _height(m, side, u0, v0), _height(m, side, u1, v1)
        if h0 >= 0.0:
            out[kept, 0], out[kept, 1] = u0, v0
            kept += 1
        if (h0 >= 0.0) != (h1 >= 0.0):
            share = h0 / (h0 - h1)
            out[kept, 0], out[kept, 1] = u0 + (u1 - u0) * share, v0 + (v1 - v0) * share
            kept += 1
    return kept


@inline
def project(
    m: NDArray[np.float64], lens: NDArray[np.float64], u: float, v: float
) -> tuple[float, float, float]:
    """Return column and row of a place of a panel, and its depth."""
    z = m[2, 0] * u + m[2, 1] * v + m[2, 2]
    per = 1.0 / z
    x = lens[0] * (m[0, 0] * u + m[0, 1] * v + m[0, 2]) * per + lens[2]
    y = lens[1] * (m[1, 0] * u + m[1, 1] * v + m[1, 2]) * per + lens[3]
    return x, y, z


@inline
def _same(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    for i in range(3):
        for j in range(3):
            if a[i, j] != b[i, j]:
                return False
    return True


@inline
def _view_sides(
    lens: NDArray[np.float64], shape: tuple[int, int], sides: NDArray[np.float64]
) -> None:
    """Fill the five sides of the view (a pixel wider than it is): the near one, then four."""
    sides[:] = 0.0
    sides[0, 2], sides[0, 3] = 1.0, -_NEAR_M
    sides[1, 0], sides[1, 2] = lens[0], lens[2] + 1.0
    sides[2, 0], sides[2, 2] = -lens[0], shape[1] - lens[2]
    sides[3, 1], sides[3, 2] = lens[1], lens[3] + 1.0
    sides[4, 1], sides[4, 2] = -lens[1], shape[0] - lens[3]


@inline
def _square(polygon: NDArray[np.float64]) -> None:
    polygon[0, 0], polygon[0, 1] = 0.0, 0.0
    polygon[1, 0], polygon[1, 1] = 1.0, 0.0
    polygon[2, 0], polygon[2, 1] = 1.0, 1.0
    polygon[3, 0], polygon[3, 1] = 0.0, 1.0


@kernel
def most_motion_px(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    lens: NDArray[np.float64],
    shape: tuple[int, int],
) -> float:
    """Return how far any place of a panel moves that is in view before or after.

    The corners of what is in view are followed; what lies between them moves no further, but for
    the bend of perspective, which is small between close instants. Panels that are hidden count.

    Args:
        before: Shape (P, 3, 3), placed panels.
        after: Shape (P, 3, 3), the same at another instant.
        lens: Focal lengths in x and y, column and row of the axis; pixels.
        shape: Rows and columns of the image.
    """
    sides = np.empty((5, 4))
    _view_sides(lens, shape, sides)
    polygon, other = np.empty((_MOST_CORNERS, 2)), np.empty((_MOST_CORNERS, 2))
    most = 0.0
    for index in range(before.shape[0]):
        if _same(before[index], after[index]):
            continue
        for turn in range(2):
            m, n = before[index], after[index]
            if turn == 1:
                m, n = n, m
            _square(polygon)
            count = 4
            for side in range(5):
                count = _clip(m, sides[side], polygon, count, other)
                polygon, other = other, polygon
            for corner in range(count):
                u, v = polygon[corner, 0], polygon[corner, 1]
                x0, y0, _ = project(m, lens, u, v)
                x1, y1, z = project(n, lens, u, v)
                if z >= _NEAR_M:
                    most = max(most, (x1 - x0) ** 2 + (y1 - y0) ** 2)
    return float(np.sqrt(most))


@inline
def _solve(m: NDArray[np.float64], rx: float, ry: float) -> tuple[float, float]:
    """Return where (u, v) the viewing ray (rx, ry, 1) meets a placed panel's plane."""
    a0, a1, a2 = m[0, 0] - rx * m[2, 0], m[0, 1] - rx * m[2, 1], m[0, 2] - rx * m[2, 2]
    b0, b1, b2 = m[1, 0] - ry * m[2, 0], m[1, 1] - ry * m[2, 1], m[1, 2] - ry * m[2, 2]
    per = 1.0 / (a0 * b1 - a1 * b0)
    return (a1 * b2 - a2 * b1) * per, (a2 * b0 - a0 * b2) * per


@kernel
def flow_px(
    shown: NDArray[np.int32],
    now: NDArray[np.float64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    lens: NDArray[np.float64],
    out: NDArray[np.float32],
    per_s: float,
) -> None:
    """Find the velocity of what each pixel shows, from where it is just before and just after.

    Args:
        shown: Shape (H, W), number of the panel seen at each pixel, or -1.
        now: Shape (P, 3, 3), placed panels.
        before: The same a little earlier.
        after: The same a little later.
        lens: Focal lengths in x and y, column and row of the axis; pixels.
        out: Shape (2, H, W), columns and rows per second; written.
        per_s: One over the time from `before` to `after`.
    """
    for y in range(shown.shape[0]):
        for x in range(shown.shape[1]):
            index = shown[y, x]
            out[0, y, x] = out[1, y, x] = 0.0
            if index < 0:
                continue
            rx, ry = (x - lens[2]) / lens[0], (y - lens[3]) / lens[1]
            u, v = _solve(now[index], rx, ry)
            x0, y0, _ = project(before[index], lens, u, v)
            x1, y1, _ = project(after[index], lens, u, v)
            out[0, y, x], out[1, y, x] = (x1 - x0) * per_s, (y1 - y0) * per_s
