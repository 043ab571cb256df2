"""Event rate over a whole recording, found out in the background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Overview:
    """Events per bin of time.

    Attributes:
        first_us: Time of the first event, where the first bin begins.
        last_us: Time of the last event found so far.
        bin_us: Length of a bin.
        counts: Shape (2, bins): OFF and ON events.
        share: How much of the recording has been looked through, 0 to 1.
    """

    first_us: int
    last_us: int
    bin_us: int
    counts: NDArray[np.int64]
    share: float

    @property
    def expected_last_us(self) -> int:
        """Time of the last event, estimated as long as it is not known."""
        if self.share >= 1 or self.share <= 0:
            return self.last_us
        return self.first_us + round((self.last_us - self.first_us) / self.share)
