"""The order in which bodies hide one another, front to back.

Two bodies are ordered by a plane that one of their panels lies in and that parts them: the one on
the eye's side is in front. That is exact for convex bodies that such a plane parts; others go by
the distance of their middles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .texture import Row

_NEAR_M = 0.02
_TOUCH_M = 1e-5


@inline
def _hull(body: Row, pose: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for corner in range(body.corners):
        for i in range(3):
            out[corner, i] = (
                pose[i, 0] * body.hull[corner, 0]
                + pose[i, 1] * body.hull[corner, 1]
                + pose[i, 2] * body.hull[corner, 2]
                + pose[i, 3]
            )


@inline
def _window(
    hull: NDArray[np.float64],
    corners: int,
    lens: NDArray[np.float64],
    shape: tuple[int, int],
    out: NDArray[np.float64],
) -> bool:
    """Find columns and rows (from, from, to, to) that a hull may be seen in; False for none."""
    out[0], out[1], out[2], out[3] = 1e9, 1e9, -1e9, -1e9
    behind = 0
    for corner in range(corners):
        z = hull[corner, 2]
        if z < _NEAR_M:
            behind += 1
            continue
        x, y = lens[0] * hull[corner, 0] / z + lens[2], lens[1] * hull[corner, 1] / z + lens[3]
        out[0], out[1] = min(out[0], x - 1.0), min(out[1], y - 1.0)
        out[2], out[3] = max(out[2], x + 1.0), max(out[3], y + 1.0)
    if behind == corners:
        return False
    if behind:
        out[0], out[1], out[2], out[3] = 0.0, 0.0, float(shape[1]), float(shape[0])
    return bool(out[0] < shape[1] and out[2] > 0.0 and out[1] < shape[0] and out[3] > 0.0)


@inline
def _sides(
    normal: NDArray[np.float64], offset: float, hull: NDArray[np.float64], corners: int
) -> tuple[float, float]:
    """Return the least and the greatest signed distance of corners from a plane."""
    low, high = np.inf, -np.inf
    for corner in range(corners):
        side = (
            normal[0] * hull[corner, 0] + normal[1] * hull[corner, 1] + normal[2] * hull[corner, 2]
        ) - offset
        low, high = min(low, side), max(high, side)
    return low, high


@inline
def _parted(
    placed: NDArray[np.float64],
    body: Row,
    hull: NDArray[np.float64],
    other: NDArray[np.float64],
    other_corners: int,
    normal: NDArray[np.float64],
) -> int:
    """Return 1 if a plane of a body shows that it is in front of another, -1 if behind, else 0."""
    for index in range(body.first, body.end):
        m = placed[index]
        normal[0] = m[1, 0] * m[2, 1] - m[2, 0] * m[1, 1]
        normal[1] = m[2, 0] * m[0, 1] - m[0, 0] * m[2, 1]
        normal[2] = m[0, 0] * m[1, 1] - m[1, 0] * m[0, 1]
        length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
        if length == 0.0:
            continue
        for i in range(3):
            normal[i] /= length
        offset = normal[0] * m[0, 2] + normal[1] * m[1, 2] + normal[2] * m[2, 2]
        low, high = _sides(normal, offset, other, other_corners)
        mine_low, mine_high = _sides(normal, offset, hull, body.corners)
        if high <= _TOUCH_M and mine_low >= -_TOUCH_M:
            return -1 if offset > 0.0 else 1
        if low >= -_TOUCH_M and mine_high <= _TOUCH_M:
            return -1 if offset < 0.0 else 1
    return 0


@inline
def _middle(hull: NDArray[np.float64], corners: int) -> float:
    total = 0.0
    for i in range(3):
        mean = 0.0
        for corner in range(corners):
            mean += hull[corner, i]
        total += (mean / corners) ** 2
    return total


@inline
def _in_front(
    placed: NDArray[np.float64],
    bodies: NDArray[np.void],
    hulls: NDArray[np.float64],
    a: int,
    b: int,
    normal: NDArray[np.float64],
) -> bool:
    """Tell whether body a is in front of body b, where both are seen in the same place."""
    one, two = bodies[a], bodies[b]
    verdict = _parted(placed, one, hulls[a], hulls[b], two.corners, normal)
    if verdict == 0:
        verdict = -_parted(placed, two, hulls[b], hulls[a], one.corners, normal)
    if verdict == 0:
        return _middle(hulls[a], one.corners) < _middle(hulls[b], two.corners)
    return verdict > 0


@inline
def _next(waiting: NDArray[np.int32], state: NDArray[np.int32]) -> int:
    """Return the first body that nothing is in front of; in a circle, one with the least."""
    best = -1
    for body in range(waiting.size):
        if state[body] == 1 and (best < 0 or waiting[body] < waiting[best]):
            best = body
            if waiting[body] == 0:
                break
    return best


@kernel
def order_bodies(
    bodies: NDArray[np.void],
    posed: NDArray[np.float64],
    placed: NDArray[np.float64],
    lens: NDArray[np.float64],
    shape: tuple[int, int],
    order: NDArray[np.int32],
) -> int:
    """Order the bodies that may be seen, front to back.

    Args:
        bodies: Shape (B,), `BODY_DTYPE`; layers never fall from one to the next.
        posed: Shape (B, 3, 4), body to camera.
        placed: Shape (P, 3, 3), panels in the camera's coordinates.
        lens: Focal lengths in x and y, column and row of the axis; pixels.
        shape: Rows and columns of the image.
        order: Shape (B,); numbers of bodies are written to its start.

    Returns:
        How many there are.
    """
    count = 0
    hulls = np.empty((bodies.size, 8, 3))
    windows = np.empty((bodies.size, 4))
    state = np.zeros(bodies.size, np.int32)
    waiting = np.zeros(bodies.size, np.int32)
    behind = np.zeros((bodies.size, bodies.size), np.bool_)
    normal = np.empty(3)
    first = 0
    while first < bodies.size:
        end = first
        seen = 0
        while end < bodies.size and bodies[end].layer == bodies[first].layer:
            _hull(bodies[end], posed[end], hulls[end])
            if _window(hulls[end], bodies[end].corners, lens, shape, windows[end]):
                state[end] = 1
                seen += 1
            end += 1
        for a in range(first, end):
            for b in range(a + 1, end):
                if state[a] == 0 or state[b] == 0:
                    continue
                if (
                    windows[a, 0] >= windows[b, 2]
                    or windows[b, 0] >= windows[a, 2]
                    or windows[a, 1] >= windows[b, 3]
                    or windows[b, 1] >= windows[a, 3]
                ):
                    continue
                if _in_front(placed, bodies, hulls, a, b, normal):
                    behind[a, b] = True
                    waiting[b] += 1
                else:
                    behind[b, a] = True
                    waiting[a] += 1
        for _ in range(seen):
            body = first + _next(waiting[first:end], state[first:end])
            order[count] = body
            count += 1
            state[body] = 2
            for other in range(first, end):
                if behind[body, other]:
                    waiting[other] -= 1
        first = end
    return count
