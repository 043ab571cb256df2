"""The scene `texture`: a richly textured plane, before which the camera moves freely.

All six degrees of freedom, with pauses and bursts; for reconstruction.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation._scene import Scene
from eventvision.simulation._world.pace import BURSTS, CONSTANT, STOP_AND_GO
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import WorldBuilder

from .backdrop import FOCAL_SHARE, drift, wall

_Z_M, _REACH_M, _AHEAD_M, _TURN_RAD = 2.0, 0.25, 0.4, 0.12


def texture(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return the plane."""
    random = np.random.default_rng(seed)
    builder = WorldBuilder()
    side = 2 * (_Z_M + _AHEAD_M) * (0.5 / FOCAL_SHARE * 1.2 + _TURN_RAD) + 2 * _REACH_M
    wall(builder, random, (1.15 * side, side), _Z_M, texels=1536, images=images)
    pace = (CONSTANT, BURSTS, STOP_AND_GO)[int(3 * random.random())]
    eye = drift(
        random, reach_m=_REACH_M, speed=1.3, pace=pace, ahead_m=_AHEAD_M, turn_rad=_TURN_RAD
    )
    return PanelScene(sensor, builder.build(), eye, focal_px=FOCAL_SHARE * sensor.width)
