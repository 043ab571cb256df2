"""A scene whose time goes faster or slower than ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._scene import Scene, SceneTruth


class Paced:
    """A scene whose time goes faster or slower; itself a `Scene`.

    Args:
        scene: What is seen.
        speed: Seconds of the scene per second.
        start_us: Time in the scene at time 0.
    """

    def __init__(self, scene: Scene, *, speed: float, start_us: int = 0) -> None:
        self._scene, self._speed, self._start_us = scene, speed, start_us

    @property
    def sensor(self) -> SensorSize:
        """Size of the images."""
        return self._scene.sensor

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that its objects belong to."""
        return self._scene.class_names

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity; valid until the next call."""
        return self._scene.render(self._then_us(t_us))

    def truth(self, t_us: int) -> SceneTruth:
        """Return the truth at that time."""
        truth = self._scene.truth(self._then_us(t_us))
        flow = truth.flow_px_s
        return replace(
            truth, t_us=t_us, flow_px_s=None if flow is None else flow * np.float32(self._speed)
        )

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return a bound on how far any point of the image moves."""
        return self._scene.motion_px(self._then_us(t0_us), self._then_us(t1_us))

    def _then_us(self, t_us: int) -> int:
        return self._start_us + int(t_us * self._speed)
