"""Maps of latest times in half the cache: int32 microseconds after an origin that moves along.

Sensors give 64-bit times, but filters and surfaces only look back a little way. A `TimeMap` keeps
what lies within 2**30 us (18 minutes) of its origin; before times no longer fit, the origin moves
up and everything older is forgotten, as if it had never been.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

NEVER = -(2**31)
"""Content of a cell that has no time."""

REACH_US = 2**30
"""How far back a map certainly remembers; windows compared with it must not be longer."""

_FITS_US = 2**31


class TimeMap:
    """The latest time of each cell.

    Attributes:
        cells: int32, shape (N,): microseconds after `origin_us`, or `NEVER`.
        origin_us: Time that 0 stands for.
    """

    def __init__(self, cells: int) -> None:
        self.cells: NDArray[np.int32] = np.full(cells, NEVER, np.int32)
        self.origin_us = 0
        self._blank = True

    def clear(self) -> None:
        """Forget all times."""
        self.cells.fill(NEVER)
        self._blank = True

    def reach(self, t_us: int) -> None:
        """Move the origin so that `t_us` and what follows within `REACH_US` can be entered."""
        shift_us = t_us - self.origin_us
        if self._blank:
            self._blank = False
        elif shift_us >= 2 * REACH_US:
            self.cells.fill(NEVER)
        elif shift_us >= REACH_US:
            kept = self.cells >= shift_us - REACH_US
            self.cells[:] = np.where(kept, self.cells - np.where(kept, shift_us, 0), NEVER)
        else:
            return
        self.origin_us = t_us

    def stretches(self, t: NDArray[np.int64]) -> Iterator[slice]:
        """Cut ordered times so that each stretch fits; enter it before taking the next."""
        start = 0
        while start < t.size:
            self.reach(int(t[start]))
            limit_us = self.origin_us + _FITS_US
            stop = t.size if t[-1] < limit_us else int(np.searchsorted(t, limit_us))
            yield slice(start, stop)
            start = stop
