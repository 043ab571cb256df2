"""Boxes around moving objects, without training: clusters of recently active cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections, Result, SensorSize, Slice
from eventvision.kernels import cells as cell_kernels
from eventvision.kernels import clusters as cluster_kernels

from . import _boxes, _density

MOST_CANDIDATES = 128
FLICKER_REACH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionSettings:
    """How moving objects are told from noise and background.

    Attributes:
        cell_px: Side of a grid cell; None chooses 2 to 4 pixels by the size of the sensor.
        memory_us: Time constant with which a cell forgets events.
        least_charge: Remembered events, above the background's, that make a cell active.
        background_us: Time constant with which a cell learns what it usually sees.
        background_share: Part of what a cell usually sees that does not count.
        most_active: Share of the grid that may be active; if more is (the camera moves), the most
            active cells are taken.
        flicker_share: Share of flickering events from which on a neighbourhood is left out.
        flicker_us: Time constant with which flicker is remembered.
        adapt_us: How often the density levels are adapted to the scene.
        least_px: Smallest side of a box.
        least_cells: Fewest cells of a box.
        most_share: Largest box, as a share of the sensor's area.
        most_objects: Most boxes per slice; those with the highest score stay.
        gap_cells: Clusters this near to each other are one object.
        full_charge: Remembered events at which the score reaches 1 - 1/e.
        least_score: Boxes below it are left out.
        tail_share: Cells with less than this part of their cluster's typical charge are its tail,
            and no part of its box.
    """

    cell_px: int | None = None
    memory_us: int = 20_000
    least_charge: float = 1.0
    background_us: int = 1_000_000
    background_share: float = 0.7
    most_active: float = 0.3
    flicker_share: float = 0.15
    flicker_us: int = 200_000
    adapt_us: int = 500_000
    least_px: int = 6
    least_cells: int = 6
    most_share: float = 0.8
    most_objects: int = 32
    gap_cells: float = 2.0
    full_charge: float = 60.0
    least_score: float = 0.1
    tail_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("memory_us", "background_us", "flicker_us", "adapt_us", "most_objects"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("least_charge", "full_charge"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("most_active", "most_share", "flicker_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        for name in ("background_share", "tail_share", "least_score"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if self.cell_px is not None and not 1 <= self.cell_px <= 64:
            raise ValueError(f"cell_px must be 1 to 64, got {self.cell_px}")
        if min(self.least_px, self.least_cells, self.gap_cells) < 0:
            raise ValueError("least_px, least_cells and gap_cells must not be negative")


def _cell_px(sensor: SensorSize) -> int:
    """Return a side that gives some ten thousand cells: 2 up to 240x180, 3 below VGA, else 4."""
    if sensor.pixels <= 240 * 180:
        return 2
    return 3 if sensor.pixels < 640 * 480 else 4


class Detection:
    """Finds what moves: grid clustering with adaptive densities (`_density`, kernels `clusters`).

    One class, `object`. Deterministic; linear in events and cells.
    """

    name = "detection"
    needs: tuple[str, ...] = ()

    def __init__(self, sensor: SensorSize, settings: DetectionSettings | None = None) -> None:
        self._sensor = sensor
        self._settings = settings or DetectionSettings()
        self._side = self._settings.cell_px or _cell_px(sensor)
        self.reset()

    def reset(self) -> None:
        """Forget the stream seen so far."""
        height, width = self._sensor.shape
        grid = (-(-height // self._side), -(-width // self._side))
        self._pixels = cell_kernels.new_pixels(height, width)
        self._charges = np.zeros(grid, np.float32)
        self._steady = np.zeros(grid, np.float32)
        self._flicker = np.zeros(grid, np.float32)
        self._usual = np.zeros(grid, np.float32)
        self._now_us: int | None = None
        self._reaches: tuple[int, ...] = ()
        self._adapt_at_us = 0

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Detections:  # noqa: ARG002
        """Return the objects at the end of the slice; boxes lie inside the sensor."""
        self._charge(slice_)
        excess = self._charges - self._settings.background_share * self._usual
        active = excess > self._threshold(excess)
        cell_kernels.drop_flickering(
            active, self._steady, self._flicker, FLICKER_REACH, self._settings.flicker_share
        )
        self._adapt(active, slice_.t1_us)
        found = self._clusters(active)
        self._learn_usual(slice_.duration_us)
        return self._report(found)

    def _charge(self, slice_: Slice) -> None:
        settings = self._settings
        from_us = slice_.t0_us if self._now_us is None else self._now_us
        cell_kernels.charge(
            slice_.events.data, self._pixels, self._charges, self._steady, self._flicker,
            self._side, from_us, slice_.t1_us,
            float(settings.memory_us), float(settings.flicker_us),
        )  # fmt: skip
        self._now_us = slice_.t1_us

    def _learn_usual(self, duration_us: int) -> None:
        gain = np.float32(-math.expm1(-duration_us / self._settings.background_us))
        self._usual += gain * (self._charges - self._usual)

    def _threshold(self, excess: NDArray[np.float32]) -> float:
        """Return the charge above which a cell is active."""
        least = self._settings.least_charge
        most = int(self._settings.most_active * excess.size)
        if np.count_nonzero(excess > least) <= most:
            return least
        return float(np.partition(excess, -most - 1, axis=None)[-most - 1])

    def _adapt(self, active: NDArray[np.bool_], now_us: int) -> None:
        if not self._reaches or now_us >= self._adapt_at_us:
            self._reaches = _density.reaches(active)
            self._adapt_at_us = now_us + self._settings.adapt_us

    def _clusters(self, active: NDArray[np.bool_]) -> _boxes.Clusters:
        """Cluster the active cells, one density level after the other, and unite the results."""
        settings, found = self._settings, _boxes.Clusters.none()
        left = active
        for level in _density.levels(active, self._reaches):
            labels, count = cluster_kernels.cluster(left, level.reach, level.needed)
            found += self._measure(labels, count)
            left = left & (labels == 0)
        found = found.pick(found.cells >= settings.least_cells).most_charged(MOST_CANDIDATES)
        return _boxes.merge(found, gap_px=settings.gap_cells * self._side, share=0.0)

    def _measure(self, labels: NDArray[np.int32], count: int) -> _boxes.Clusters:
        extents, charges = cluster_kernels.extents(
            labels, self._charges, count, self._settings.tail_share
        )
        corners = np.empty((count, 4))
        corners[:, 0], corners[:, 1] = extents[:, 1], extents[:, 0]
        corners[:, 2], corners[:, 3] = extents[:, 3] + 1, extents[:, 2] + 1
        size = [self._sensor.width, self._sensor.height] * 2
        return _boxes.Clusters(np.minimum(corners * self._side, size), extents[:, 4], charges)

    def _report(self, found: _boxes.Clusters) -> Detections:
        settings = self._settings
        sides = found.corners[:, 2:] - found.corners[:, :2]
        fits = (sides.min(axis=1, initial=np.inf) >= settings.least_px) & (
            sides.prod(axis=1) <= settings.most_share * self._sensor.pixels
        )
        found = found.pick(fits)
        scores = _boxes.scores(found, cell_px=self._side, full_charge=settings.full_charge)
        scores *= _boxes.contrast(found, self._charges, cell_px=self._side).astype(np.float32)
        best = np.argsort(-scores, kind="stable")[: settings.most_objects]
        best = best[scores[best] >= settings.least_score]
        boxes = np.hstack([found.corners[:, :2], sides[fits]])[best].astype(np.float32)
        return Detections(boxes, scores[best], np.zeros(len(best), np.int64))
