"""Intensity without training: per-pixel filtering in event counts, then spatial filling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Image, Result, SensorSize, Slice
from eventvision.kernels import fibar

BIN_WIDTH = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconstructionSettings:
    """How intensity is rebuilt.

    Attributes:
        cutoff_events: Period, in events of one pixel, of the slowest change that is kept. Lower
            forgets drift sooner, but what passed by leaves a stronger trail of the opposite sign;
            higher keeps large even areas and shows unequal thresholds longer.
        contrast_share: Share of the pixels that the grey scale spans without clipping.
        contrast_us: Time constant with which the grey scale follows the scene.
        least_swing: Change, in thresholds, that the grey scale always spans; keeps the noise of an
            empty scene from being stretched to black and white.
    """

    cutoff_events: float = 40.0
    contrast_share: float = 0.99
    contrast_us: int = 200_000
    least_swing: float = 1.0

    def __post_init__(self) -> None:
        if not self.cutoff_events > 2 * math.pi:
            raise ValueError(f"cutoff_events must be above 6.3, got {self.cutoff_events}")
        if not 0 < self.contrast_share <= 1:
            raise ValueError(f"contrast_share must be in (0, 1], got {self.contrast_share}")
        if self.contrast_us <= 0:
            raise ValueError(f"contrast_us must be positive, got {self.contrast_us}")
        if not self.least_swing > 0:
            raise ValueError(f"least_swing must be positive, got {self.least_swing}")

    @property
    def pole(self) -> float:
        """Pole of the recursive filter, between 0 and 1."""
        return 1.0 - 2.0 * math.pi / self.cutoff_events


class Reconstruction:
    """Grey image of what the events so far tell; see `eventvision.kernels.fibar`.

    The filtered state does not depend on how a stream is cut into slices. Middle grey means "as it
    was when first seen"; only the width of the grey scale follows the scene, slowly.
    """

    name = "reconstruction"
    needs: tuple[str, ...] = ()

    def __init__(self, sensor: SensorSize, settings: ReconstructionSettings | None = None) -> None:
        self._shape = sensor.shape
        self._settings = settings or ReconstructionSettings()
        self._fresh = np.empty(self._shape, np.float32)
        self._weights = np.empty(self._shape, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._pixels, self._clocks = fibar.new_state(*self._shape)
        self._swing: float | None = None

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Image:  # noqa: ARG002
        """Return the image at the end of the slice; the array is the caller's to keep."""
        fibar.integrate(slice_.events.data, self._pixels, self._clocks, self._settings.pole)
        values = self._smoothed()
        fibar.to_grey(values, self._follow_contrast(values, slice_.duration_us))
        return Image(values)

    def _smoothed(self) -> NDArray[np.float32]:
        values = np.empty(self._shape, np.float32)
        fibar.read_out(self._pixels, self._clocks, values, self._fresh)
        fibar.support(self._fresh, self._weights)
        fibar.smooth(values, self._weights)
        return values

    def _follow_contrast(self, values: NDArray[np.float32], duration_us: int) -> float:
        """Return half the width of the grey scale, moved towards what the image asks for."""
        settings = self._settings
        found = fibar.swing(values, self._pixels, settings.contrast_share, BIN_WIDTH)
        wanted = max(found, settings.least_swing)
        if self._swing is None:
            self._swing = wanted
        else:
            gain = -math.expm1(-duration_us / settings.contrast_us)
            self._swing += gain * (wanted - self._swing)
        return self._swing
