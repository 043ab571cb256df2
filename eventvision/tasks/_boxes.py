"""Boxes of clusters: uniting parts of one object, and scoring how much speaks for a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.boxes import unite
from eventvision.kernels.cells import contrast


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
    clusters: Clusters, cells: NDArray[np.void], *, cell_px: int, full_charge: float
) -> NDArray[np.float32]:
    """Return how much speaks for each box, shape (N,), 0 to 1.

    The product of how many events it has, how filled it is and how far it stands out.
    """
    many = -np.expm1(-clusters.charges / full_charge)
    areas = clusters.sides.prod(axis=1)
    filled = np.sqrt(np.minimum(clusters.cells * float(cell_px**2) / areas, 1.0))
    return np.asarray(many * filled * contrast(clusters.corners / cell_px, cells), np.float32)
