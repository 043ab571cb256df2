"""Lamps that flicker: light of any scene, modulated at twice the frequency of the mains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._scene import Scene, SceneTruth

_LIGHT_PER_PX = 0.1


class Flicker:
    """A scene under light that comes and goes; itself a `Scene`.

    Light is multiplied by `1 - depth sin^2(pi hz t + phase)`, as that of a lamp on alternating
    current beside light that does not flicker.

    Args:
        scene: What is lit.
        hz: Frequency of the light: 100 where the mains has 50 Hz, 120 where it has 60.
        depth: Share of the light that is missing when it is dimmest.
        phase: In radians; at 0, the light is brightest at time 0.

    Raises:
        ValueError: If `hz` is not in (0, 100000] or `depth` not in [0, 0.99].
    """

    def __init__(
        self, scene: Scene, *, hz: float = 100.0, depth: float = 0.5, phase: float = 0.0
    ) -> None:
        if not 0 < hz <= 1e5:
            raise ValueError(f"hz must lie in (0, 100000], got {hz}")
        if not 0 <= depth <= 0.99:
            raise ValueError(f"depth must lie in [0, 0.99], got {depth}")
        self._scene, self._hz, self._depth, self._phase = scene, hz, depth, phase
        self._image = np.empty(scene.sensor.shape, np.float32)
        # The steepest logarithm of 1 - depth sin^2 has this slope per radian.
        self._steepest = depth / math.sqrt(1 - depth)

    @property
    def sensor(self) -> SensorSize:
        """Size of the images."""
        return self._scene.sensor

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that the scene's objects belong to."""
        return self._scene.class_names

    def gain(self, t_us: int) -> float:
        """Return what light is multiplied by at that time."""
        return 1 - self._depth * math.sin(math.pi * self._hz * t_us * 1e-6 + self._phase) ** 2

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity, shape (height, width); valid until the next call."""
        np.multiply(self._scene.render(t_us), np.float32(self.gain(t_us)), out=self._image)
        return self._image

    def truth(self, t_us: int) -> SceneTruth:
        """Return the scene's truth at that time, with the light that there is."""
        truth = self._scene.truth(t_us)
        return replace(truth, intensity=truth.intensity * np.float32(self.gain(t_us)))

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return a bound on motion; a change of light by a tenth is as good as a pixel."""
        radians = min(math.pi * self._hz * abs(t1_us - t0_us) * 1e-6, math.pi / 2)
        changed = min(self._steepest * radians, -math.log1p(-self._depth))
        return max(self._scene.motion_px(t0_us, t1_us), changed / _LIGHT_PER_PX)
