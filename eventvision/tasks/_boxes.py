"""Boxes of clusters: uniting parts of one object, and scoring how much speaks for a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.boxes import unite
from eventvision.kernels.cells import running_sums


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters of cells as parallel arrays.

    Attributes:
        corners: float64, shape (N, 4): left, top, right, bottom in pixels, ends exclusive.
        figures: float64, shape (N, 3): charge (remembered events), balance (the same, OFF counted
            negative), number of cells.
    """

    corners: NDArray[np.float64]
    figures: NDArray[np.float64]

    @classmethod
    def none(cls) -> Clusters:
        """Return no clusters."""
        return cls(np.empty((0, 4)), np.empty((0, 3)))

    def __len__(self) -> int:
        return len(self.corners)

    def __add__(self, other: Clusters) -> Clusters:
        return Clusters(
            np.concatenate([self.corners, other.corners]),
            np.concatenate([self.figures, other.figures]),
        )

    @property
    def charges(self) -> NDArray[np.float64]:
        """Remembered events, shape (N,)."""
        return self.figures[:, 0]

    @property
    def cells(self) -> NDArray[np.float64]:
        """Number of cells, shape (N,)."""
        return self.figures[:, 2]

    @property
    def sides(self) -> NDArray[np.float64]:
        """Width and height, shape (N, 2)."""
        return self.corners[:, 2:] - self.corners[:, :2]

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Clusters:
        """Return the chosen clusters, in the order of the choice."""
        return Clusters(self.corners[which], self.figures[which])

    def most_charged(self, count: int) -> Clusters:
        """Return the `count` clusters with the highest charge, highest first."""
        return self.pick(np.argsort(-self.charges, kind="stable")[:count])

    def united(self, *, gap_px: float) -> Clusters:
        """Return objects: clusters that belong together made one; see `kernels.boxes`."""
        corners, figures = self.corners.copy(), self.figures.copy()
        count = unite(corners, figures, gap_px)
        return Clusters(corners[:count], figures[:count])


def scores(
    clusters: Clusters, charges: NDArray[np.float32], *, cell_px: int, full_charge: float
) -> NDArray[np.float32]:
    """Return how much speaks for each box, shape (N,), 0 to 1.

    The product of how many events it has, how filled it is and how far it stands out.
    """
    many = -np.expm1(-clusters.charges / full_charge)
    areas = clusters.sides.prod(axis=1)
    filled = np.sqrt(np.minimum(clusters.cells * float(cell_px**2) / areas, 1.0))
    return np.asarray(many * filled * _contrast(clusters, charges, cell_px), np.float32)


def _contrast(
    clusters: Clusters, charges: NDArray[np.float32], cell_px: int
) -> NDArray[np.float64]:
    """Return how far each box stands out from what surrounds it, shape (N,), 0 to 1.

    0 means that a frame around the box, half as wide as the box, is as active as its inside: the
    box is a piece of texture that the camera moves past. 1 means that nothing is around it.
    """
    sums = running_sums(charges)
    inner = clusters.corners / cell_px
    half = np.tile(clusters.sides / cell_px / 2, 2) * [-1, -1, 1, 1]
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
