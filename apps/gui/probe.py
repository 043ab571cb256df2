"""The rate of events at one pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RATE_TIME_US = 250_000


class Probe:
    """Rate of events at the pixel under the pointer, smoothed over a quarter of a second."""

    def __init__(self) -> None:
        self._at = (-1, -1)
        self.rate_hz = 0.0

    def take(self, events: NDArray[np.void], span_us: int, x: int, y: int) -> None:
        """Take events of a stretch of time."""
        from eventvision.kernels.event_view import count_near
        from eventvision.kernels.words import as_words

        if (x, y) != self._at:
            self._at, self.rate_hz = (x, y), 0.0
        if x < 0 or span_us <= 0:
            return
        now_hz = count_near(as_words(events), x, y) * 1e6 / span_us / 9
        share = 1 - float(np.exp(-span_us / _RATE_TIME_US))
        self.rate_hz += share * (now_hz - self.rate_hz)
