"""Background activity filter: what no neighbour supports is noise (Delbruck 2008)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.denoise import keep_supported
from eventvision.kernels.times import LONGEST_REACH_US, TimeMap

from ._base import Compaction, EventFilter


class BackgroundActivity(EventFilter):
    """Keep events that one of the eight neighbour pixels supports.

    An event passes if a neighbour had an event, of either polarity and whether it passed or not,
    earlier in the stream and at most `window_us` before it. The pixel itself does not count.

    Args:
        sensor: Size of the pixel array.
        window_us: Longest time between the two events, up to 35 minutes.

    Raises:
        ValueError: If the window is out of range.
    """

    def __init__(self, sensor: SensorSize, *, window_us: int = 2_000) -> None:
        if not 0 < window_us <= LONGEST_REACH_US:
            raise ValueError(f"window_us must be 1 to {LONGEST_REACH_US}, got {window_us}")
        super().__init__(sensor)
        self._window_us = window_us
        self._pitch = sensor.width + 2
        self._latest = TimeMap(self._pitch * (sensor.height + 2) + 1, reach_us=window_us)

    def reset(self) -> None:
        """Forget the stream seen so far, and count from zero."""
        super().reset()
        self._latest.clear()

    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        run = Compaction(data)
        latest = self._latest
        for start, stop in latest.stretches(data["t"]):
            run.add(
                keep_supported(
                    run.source(start, stop),
                    run.room,
                    latest.cells,
                    self._pitch,
                    latest.origin_us,
                    self._window_us,
                )
            )
        return run.result()
