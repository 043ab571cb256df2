"""Boxes of clusters: merging what overlaps, refusing what is no object, and scoring the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters of cells as parallel arrays.

    Attributes:
        corners: float64, shape (N, 4): left, top, right, bottom in pixels, ends exclusive.
        cells: int64, shape (N,): how many cells each has.
        charges: float64, shape (N,): remembered events in them.
    """

    corners: NDArray[np.float64]
    cells: NDArray[np.int64]
    charges: NDArray[np.float64]

    @classmethod
    def none(cls) -> Clusters:
        """Return no clusters."""
        return cls(np.empty((0, 4)), np.empty(0, np.int64), np.empty(0))

    def __len__(self) -> int:
        return len(self.cells)

    def __add__(self, other: Clusters) -> Clusters:
        return Clusters(
            np.concatenate([self.corners, other.corners]),
            np.concatenate([self.cells, other.cells]),
            np.concatenate([self.charges, other.charges]),
        )

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Clusters:
        """Return the chosen clusters, in the order of the choice."""
        return Clusters(self.corners[which], self.cells[which], self.charges[which])

    def most_charged(self, count: int) -> Clusters:
        """Return the `count` clusters with the highest charge, highest first."""
        return self.pick(np.argsort(-self.charges, kind="stable")[:count])


def overlap_shares(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over the smaller of the two boxes, shape (N, N)."""
    low = np.maximum(corners[:, None, :2], corners[None, :, :2])
    high = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    return np.asarray(shared / np.maximum(np.minimum(areas[:, None], areas[None, :]), 1e-9))


def merge(clusters: Clusters, *, gap_px: float, share: float) -> Clusters:
    """Unite clusters whose boxes, widened by half of `gap_px`, overlap by more than `share`.

    The share is that of the smaller box, so what lies inside another box always joins it. Repeats
    until nothing more joins.
    """
    while True:
        widened = clusters.corners + np.array([-0.5, -0.5, 0.5, 0.5]) * gap_px
        groups = _components(overlap_shares(widened) > share)
        count = groups.max(initial=-1) + 1
        if count == len(clusters):
            return clusters
        corners = np.empty((count, 4))
        corners[:, :2], corners[:, 2:] = np.inf, -np.inf
        np.minimum.at(corners[:, :2], groups, clusters.corners[:, :2])
        np.maximum.at(corners[:, 2:], groups, clusters.corners[:, 2:])
        cells = np.zeros(count, np.int64)
        np.add.at(cells, groups, clusters.cells)
        charges = np.zeros(count)
        np.add.at(charges, groups, clusters.charges)
        clusters = Clusters(corners, cells, charges)


def _components(linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the connected groups of a symmetric relation by their first member's order."""
    groups = np.arange(len(linked))
    while True:
        lowest = np.where(linked, groups[None, :], len(groups)).min(axis=1, initial=len(groups))
        lowest = np.minimum(lowest, groups)
        if np.array_equal(lowest, groups):
            return np.unique(groups, return_inverse=True)[1].astype(np.int64)
        groups = lowest


def contrast(
    clusters: Clusters, charges: NDArray[np.float32], *, cell_px: int
) -> NDArray[np.float64]:
    """Return how far each box stands out from what surrounds it, shape (N,), 0 to 1.

    0 means that a frame around the box, half as wide as the box, is as active as its inside: the
    box is a piece of texture that the camera moves past. 1 means that nothing is around it.
    """
    sums = np.zeros((charges.shape[0] + 1, charges.shape[1] + 1))
    np.cumsum(np.cumsum(charges, axis=0, dtype=np.float64), axis=1, out=sums[1:, 1:])
    inner = clusters.corners / cell_px
    half = np.tile((inner[:, 2:] - inner[:, :2]) / 2, 2) * [-1, -1, 1, 1]
    inside, inside_cells = _sum_within(sums, inner)
    outside, outside_cells = _sum_within(sums, inner + half)
    around = (outside - inside) / np.maximum(outside_cells - inside_cells, 1.0)
    density = inside / np.maximum(inside_cells, 1.0)
    return np.clip(1.0 - around / np.maximum(density, 1e-9), 0.0, 1.0)


def _sum_within(
    sums: NDArray[np.float64], corners: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the charge and the number of cells within boxes, by a table of running sums."""
    bottom, right = sums.shape[0] - 1, sums.shape[1] - 1
    left = np.clip(np.floor(corners[:, 0]), 0, right).astype(np.int64)
    top = np.clip(np.floor(corners[:, 1]), 0, bottom).astype(np.int64)
    end = np.clip(np.ceil(corners[:, 2]), 0, right).astype(np.int64)
    low = np.clip(np.ceil(corners[:, 3]), 0, bottom).astype(np.int64)
    total = sums[low, end] - sums[top, end] - sums[low, left] + sums[top, left]
    return total, ((low - top) * (end - left)).astype(np.float64)


def scores(clusters: Clusters, *, cell_px: int, full_charge: float) -> NDArray[np.float32]:
    """Return a score in [0, 1): how many events speak for the box, times how filled it is."""
    areas = np.prod(clusters.corners[:, 2:] - clusters.corners[:, :2], axis=1)
    filled = np.sqrt(np.minimum(clusters.cells * float(cell_px**2) / areas, 1.0))
    return np.asarray(-np.expm1(-clusters.charges / full_charge) * filled, np.float32)
