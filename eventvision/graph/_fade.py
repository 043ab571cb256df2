"""How the past fades: by whole ticks, so that every form of a network forgets alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.graph_map import FADE_BITS

_TICKS_PER_MEMORY = 256
_MEMORIES = 16


@dataclass(frozen=True, slots=True)
class Fade:
    """Exponential forgetting, by ticks of a power of two of microseconds.

    A tick is the memory / 256 rounded down to a power of two, at least 1 us; ticks begin at
    multiples of it. What lies sixteen memories back is gone.

    >>> Fade(100_000).tick_us
    256

    Attributes:
        memory_us: The time constant.
    """

    memory_us: int

    @property
    def bits(self) -> int:
        """A tick is 2**bits us long."""
        return max(self.memory_us // _TICKS_PER_MEMORY, 1).bit_length() - 1

    @property
    def tick_us(self) -> int:
        """Length of a tick."""
        return 1 << self.bits

    def floats(self) -> NDArray[np.float32]:
        """Return what is left of 1 after 0, 1, ... ticks; the last entry, for all later, is 0."""
        ticks = np.arange(_MEMORIES * self.memory_us // self.tick_us + 2)
        left = np.exp(-ticks * (self.tick_us / self.memory_us))
        left[-1] = 0
        shares: NDArray[np.float32] = left.astype(np.float32)
        return shares

    def integers(self) -> NDArray[np.int64]:
        """Return the same in units of 2**-15, rounded."""
        left = np.rint(self.floats().astype(np.float64) * (1 << FADE_BITS))
        shares: NDArray[np.int64] = left.astype(np.int64)
        return shares
