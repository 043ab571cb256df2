"""Which earlier events a new one is joined to."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_RADIUS_PX = 7
MOST_DEPTH = 64
MOST_NEIGHBOURS = 128
MOST_AGES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphRules:
    """The rules by which edges are drawn, always from an earlier event to a new one.

    An event sees the pixels at most `radius_px` away, nearest first (equal distances row by row),
    and in each pixel's queue the newest event first. Of those it takes the first `neighbours` that
    are younger than `horizon_us`; one that is exactly so old does not count any more. Events of the
    same microsecond see one another in the order in which they come. Then it enters its own pixel's
    queue, from which the oldest is pushed out if it holds `depth` already.

    Attributes:
        radius_px: Largest Euclidean distance.
        horizon_us: Age from which on events are not seen.
        neighbours: Most neighbours of an event.
        depth: Events that each pixel keeps.
        ages_us: Rising ages that part kinds of neighbours: weights of places differ by them.
    """

    radius_px: int = 3
    horizon_us: int = 50_000
    neighbours: int = 16
    depth: int = 1
    ages_us: tuple[int, ...] = (2_000, 10_000)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ages_us", tuple(self.ages_us))
        for name, most in (
            ("radius_px", MOST_RADIUS_PX), ("depth", MOST_DEPTH), ("neighbours", MOST_NEIGHBOURS),
            ("horizon_us", 1 << 40),
        ):  # fmt: skip
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most}, got {getattr(self, name)}")
        edges = (0, *self.ages_us, self.horizon_us)
        if len(self.ages_us) >= MOST_AGES or any(a >= b for a, b in itertools.pairwise(edges)):
            raise ValueError(
                f"ages_us must be at most {MOST_AGES - 1} rising ages between 0 and the horizon, "
                f"got {self.ages_us}"
            )

    @property
    def ages(self) -> int:
        """Number of kinds of age."""
        return len(self.ages_us) + 1

    def offsets(self) -> NDArray[np.int64]:
        """Return what is added to x and y to get the pixels that an event sees, in its order.

        >>> GraphRules(radius_px=1).offsets().tolist()
        [[0, 0], [0, -1], [-1, 0], [1, 0], [0, 1]]
        """
        reach = range(-self.radius_px, self.radius_px + 1)
        seen = [(x, y) for y in reach for x in reach if x * x + y * y <= self.radius_px**2]
        seen.sort(key=lambda offset: offset[0] ** 2 + offset[1] ** 2)
        return np.array(seen, np.int64)
