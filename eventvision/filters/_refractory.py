"""Refractory filter: after an event that passed, a pixel is deaf for a while."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.denoise import keep_rested
from eventvision.kernels.times import LONGEST_REACH_US, TimeMap

from ._base import Compaction, EventFilter


class Refractory(EventFilter):
    """Keep events whose pixel has passed none, of either polarity, for `period_us`.

    Events that are taken out do not prolong the period.

    Args:
        sensor: Size of the pixel array.
        period_us: Shortest time between two events that pass, up to 35 minutes.

    Raises:
        ValueError: If the period is out of range.
    """

    def __init__(self, sensor: SensorSize, *, period_us: int = 500) -> None:
        if not 0 < period_us <= LONGEST_REACH_US:
            raise ValueError(f"period_us must be 1 to {LONGEST_REACH_US}, got {period_us}")
        super().__init__(sensor)
        self._period_us = period_us
        self._latest = TimeMap(sensor.pixels, reach_us=period_us)

    def reset(self) -> None:
        """Forget the stream seen so far, and count from zero."""
        super().reset()
        self._latest.clear()

    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        run = Compaction(data)
        latest = self._latest
        for start, stop in latest.stretches(data["t"]):
            run.add(
                keep_rested(
                    run.source(start, stop),
                    run.room,
                    latest.cells,
                    self._input.width,
                    latest.origin_us,
                    self._period_us,
                )
            )
        return run.result()
