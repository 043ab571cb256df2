"""The drive through a street without end: the camera's way, and where things are met again."""

from __future__ import annotations

import math

import numpy as np

from eventvision.simulation._world.bodies import Body
from eventvision.simulation._world.pace import CONSTANT, STOP_AND_GO, Pace
from eventvision.simulation._world.world import Move, Places

LANE_M, ROAD_M = 1.9, 8.0
"""Middle of the right lane, and width of the road."""

PERIOD_M = 170.0
"""After which things along the street are met again."""

_BEHIND_M = 14.0
_SPEED_M_S, _EYE_M = 5.0, 1.45


class Drive:
    """The way of the camera, and where things are that are met again and again."""

    def __init__(self, random: np.random.Generator) -> None:
        self._pace: Pace = STOP_AND_GO if random.random() < 0.5 else CONSTANT
        self._speed_m_s = _SPEED_M_S * (0.7 + 0.6 * random.random())
        self._phase = 6.28 * random.random()

    def z(self, seconds: float) -> float:
        """Return how far the camera has come."""
        return self._speed_m_s * self._pace.distance(seconds)

    def eye(self, seconds: float) -> tuple[float, float, float, float, float, float]:
        """Return the place of the camera: in its lane, weaving and shaking a little."""
        weave = 0.35 * seconds + self._phase
        shake = 0.004 * math.sin(19 * seconds) + 0.003 * math.sin(31 * seconds + 1)
        return (
            LANE_M + 0.4 * math.sin(weave),
            -_EYE_M + shake,
            self.z(seconds),
            0.05 * math.sin(0.8 * weave + 2),
            0.4 * shake,
            0.01 * math.sin(1.3 * weave),
        )

    def met(self, seconds: float, z: float) -> float:
        """Return z, moved by whole periods to between behind the camera and the end of sight."""
        start = self.z(seconds) - _BEHIND_M
        return start + (z - start) % PERIOD_M

    def along(self, bodies: list[tuple[Body, float, float, float]]) -> tuple[list[Body], Move]:
        """Return bodies that stand at (x, z, yaw) and are met again and again."""
        rest = np.array([place for _, *place in bodies])

        def move(seconds: float, places: Places) -> None:
            start = self.z(seconds) - _BEHIND_M
            places[:, 0], places[:, 3] = rest[:, 0], rest[:, 2]
            places[:, 2] = start + (rest[:, 1] - start) % PERIOD_M

        return [body for body, *_ in bodies], move
