"""Rigid poses from places and angles, rounded so that they are the same on every machine.

Sines and cosines differ in the last bit between maths libraries; after rounding to a grid much
finer than a pixel they do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

_PLACE_STEPS = float(1 << 22)
_TURN_STEPS = float(1 << 28)


@inline
def _steady(value: float, steps: float) -> float:
    return float(np.rint(value * steps)) / steps


@kernel
def rigid_poses(places: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Return poses: scale, turn about z by roll, about x by pitch, about y by yaw, then move.

    Args:
        places: Shape (N, 7): x, y, z, yaw, pitch, roll, scale; radians.
        out: Shape (N, 3, 4); written.
    """
    for index in range(places.shape[0]):
        yaw, pitch, roll = places[index, 3], places[index, 4], places[index, 5]
        scale = places[index, 6]
        cy, sy = np.cos(yaw), np.sin(yaw)
        cp, sp = np.cos(pitch), np.sin(pitch)
        cr, sr = np.cos(roll) * scale, np.sin(roll) * scale
        pose = out[index]
        pose[0, 0], pose[0, 1], pose[0, 2] = (
            cy * cr + sy * sp * sr,
            sy * sp * cr - cy * sr,
            sy * cp * scale,
        )
        pose[1, 0], pose[1, 1], pose[1, 2] = cp * sr, cp * cr, -sp * scale
        pose[2, 0], pose[2, 1], pose[2, 2] = (
            cy * sp * sr - sy * cr,
            sy * sr + cy * sp * cr,
            cy * cp * scale,
        )
        for i in range(3):
            for j in range(3):
                pose[i, j] = _steady(pose[i, j], _TURN_STEPS)
            pose[i, 3] = _steady(places[index, i], _PLACE_STEPS)


@kernel
def invert_pose(pose: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Invert a pose of scale 1, shape (3, 4), by transposing its rotation."""
    for i in range(3):
        for j in range(3):
            out[i, j] = pose[j, i]
        out[i, 3] = -(pose[0, i] * pose[0, 3] + pose[1, i] * pose[1, 3] + pose[2, i] * pose[2, 3])
