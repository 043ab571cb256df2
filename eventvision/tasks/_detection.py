"""Boxes around moving objects, without training: clusters of recently active cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections, Result, SensorSize, Slice
from eventvision.kernels import cells as cell_kernels
from eventvision.kernels.clusters import cluster, running_counts

from . import _density
from ._boxes import Clusters, scores

MOST_CANDIDATES = 128
FLICKER_REACH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionSettings:
    """How moving objects are told from noise and background.

    Attributes:
        cell_px: Side of a grid cell; None chooses 2 to 4 pixels by the size of the sensor.
        memory_us: Time constant with which a cell forgets events.
        recent_us: The same for the events that say where a busy object is now.
        recent_events: Recent events, remembered, from which on an object is busy.
        tail_share: Cells with less than this part of their object's typical charge are its tail,
            and no part of its box.
        least_charge: Remembered events, above the background's, that make a cell active.
        background_us: Time constant with which a cell learns what it usually sees.
        background_share: Part of what a cell usually sees that does not count.
        most_active: Share of the grid that may be active; if more is, the camera moves, and only
            cells count that hold several times as much as is common.
        flicker_us: Time constant with which flicker is remembered.
        flicker_share: Share of flickering events from which on a neighbourhood is left out.
        adapt_us: How often the density levels are adapted to the scene.
        gap_cells: Clusters nearer to each other than this are one object.
        least_px: Smallest side of a box.
        least_cells: Fewest cells of a cluster.
        most_share: Largest box, as a share of the sensor's area.
        full_charge: Remembered events at which the score reaches 1 - 1/e.
        least_score: Boxes below it are left out.
        most_objects: Most boxes per slice; those with the highest score stay.
    """

    cell_px: int | None = None
    memory_us: int = 20_000
    recent_us: int = 4_000
    recent_events: float = 20.0
    tail_share: float = 0.35
    least_charge: float = 1.0
    background_us: int = 1_000_000
    background_share: float = 0.7
    most_active: float = 0.3
    flicker_us: int = 200_000
    flicker_share: float = 0.15
    adapt_us: int = 500_000
    gap_cells: float = 2.0
    least_px: int = 6
    least_cells: int = 6
    most_share: float = 0.8
    full_charge: float = 60.0
    least_score: float = 0.1
    most_objects: int = 32

    def __post_init__(self) -> None:
        for name in ("memory_us", "recent_us", "background_us", "flicker_us", "adapt_us",
                     "recent_events", "least_charge", "full_charge", "most_objects"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("most_active", "most_share", "flicker_share", "background_share",
                     "tail_share", "least_score"):  # fmt: skip
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        for name in ("gap_cells", "least_px", "least_cells"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.cell_px is not None and not 1 <= self.cell_px <= 64:
            raise ValueError(f"cell_px must be 1 to 64, got {self.cell_px}")


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
        memories = self._settings.recent_us, self._settings.memory_us, self._settings.flicker_us
        self._decay = cell_kernels.decay_tables(memories)
        self.reset()

    def reset(self) -> None:
        """Forget the stream seen so far."""
        height, width = self._sensor.shape
        self._pixels = cell_kernels.new_pixels(height, width)
        self._cells = cell_kernels.new_cells(height, width, self._side)
        self._now_us: int | None = None
        self._reaches: tuple[int, ...] = ()
        self._adapt_at_us = 0

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Detections:  # noqa: ARG002
        """Return the objects at the end of the slice, best first; boxes lie inside the sensor."""
        self._charge(slice_)
        places = self._active()
        counts = running_counts(places, *self._cells.shape)
        if not self._reaches or slice_.t1_us >= self._adapt_at_us:
            self._reaches = _density.reaches(places, counts)
            self._adapt_at_us = slice_.t1_us + self._settings.adapt_us
        found = self._objects(places, counts)
        gain = -math.expm1(-slice_.duration_us / self._settings.background_us)
        cell_kernels.learn_usual(self._cells, gain)
        return self._report(found)

    def _charge(self, slice_: Slice) -> None:
        from_us = slice_.t0_us if self._now_us is None else min(self._now_us, slice_.t1_us)
        cell_kernels.charge(
            slice_.events.data,
            self._pixels,
            self._cells,
            self._side,
            from_us,
            slice_.t1_us,
            self._decay,
        )
        self._now_us = slice_.t1_us

    def _active(self) -> NDArray[np.int32]:
        """Return row and column of the cells in which something moves."""
        settings = self._settings
        most = int(settings.most_active * self._cells.size)
        places = cell_kernels.activate(
            self._cells, settings.background_share, settings.least_charge, most
        )
        return cell_kernels.drop_flickering(
            places, self._cells, FLICKER_REACH, settings.flicker_share
        )

    def _objects(self, places: NDArray[np.int32], counts: NDArray[np.int32]) -> Clusters:
        """Cluster the active cells, one density level after the other, and unite the results."""
        settings, found = self._settings, Clusters.none()
        labels = np.zeros(len(places), np.int32)
        for level in _density.levels(counts, self._reaches):
            if labels.any():
                places = places[np.flatnonzero(labels == 0)]
                counts = running_counts(places, *self._cells.shape)
            labels, count = cluster(places, counts, level.reach, level.needed)
            found += self._measured(places, labels, count)
        found = found.pick(found.cells >= settings.least_cells).most_charged(MOST_CANDIDATES)
        return found.united(gap_px=settings.gap_cells * self._side)

    def _measured(
        self, places: NDArray[np.int32], labels: NDArray[np.int32], count: int
    ) -> Clusters:
        settings = self._settings
        extents, charges = cell_kernels.measure(
            places, labels, count, self._cells, settings.recent_events, settings.tail_share
        )
        corners = (extents[:, [1, 0, 3, 2]] + [0, 0, 1, 1]) * float(self._side)
        size = [self._sensor.width, self._sensor.height] * 2
        return Clusters(np.minimum(corners, size), np.hstack([charges, extents[:, 4:]]))

    def _report(self, found: Clusters) -> Detections:
        settings = self._settings
        fits = (found.sides.min(axis=1, initial=np.inf) >= settings.least_px) & (
            found.sides.prod(axis=1) <= settings.most_share * self._sensor.pixels
        )
        found = found.pick(fits)
        score = scores(found, self._cells, cell_px=self._side, full_charge=settings.full_charge)
        best = np.argsort(-score, kind="stable")[: settings.most_objects]
        best = best[score[best] >= settings.least_score]
        boxes = np.hstack([found.corners[:, :2], found.sides])[best].astype(np.float32)
        return Detections(boxes, score[best], np.zeros(len(best), np.int64))
