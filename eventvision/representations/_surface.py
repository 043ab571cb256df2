"""Time surface: how long ago each pixel fired (Lagorce et al., HOTS, TPAMI 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.surface import decay_exponents, enter_times
from eventvision.kernels.times import LONGEST_REACH_US, TimeMap
from eventvision.kernels.words import as_words

from ._canvas import check_sensor, checked


class TimeSurface:
    """exp((t - t1) / tau) for each pixel and polarity: t its latest event, t1 the slice's end.

    Plane 0 belongs to OFF events, plane 1 to ON events; 0 where there was none yet or it has faded.
    Times are carried from slice to slice, so the surface does not depend on where slices end.

    Args:
        sensor: Size of the pixel array.
        tau_us: Time in which a value falls to 1/e, in microseconds.

    Raises:
        ValueError: If the time constant is not positive.
    """

    def __init__(self, sensor: SensorSize, *, tau_us: float = 50_000) -> None:
        if not 0 < tau_us < float("inf"):
            raise ValueError(f"tau_us must be positive, got {tau_us}")
        self._sensor, self._tau_us = sensor, float(tau_us)
        self._latest = TimeMap(2 * sensor.pixels, reach_us=LONGEST_REACH_US)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(2, height, width)."""
        return 2, *self._sensor.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def render(self, slice_: Slice, out: NDArray[np.generic] | None = None) -> NDArray[np.float32]:
        """Enter the events of the next slice and return the surface at its end.

        Args:
            slice_: The slice; must not come before the previous one.
            out: Array to write over.

        Raises:
            ValueError: If the slice is of another sensor, or `out` of another shape or type.
        """
        check_sensor(slice_, self._sensor)
        surface = checked(out, self.shape)
        size, latest = self._sensor, self._latest
        words = as_words(slice_.events.data)
        for start, stop in latest.stretches(slice_.events.t):
            part = words[2 * start : 2 * stop]
            enter_times(part, latest.cells, size.width, size.pixels, latest.origin_us)
        now_us = slice_.t1_us - latest.origin_us
        decay_exponents(latest.cells, surface.reshape(-1), latest.never, now_us, self._tau_us)
        return np.exp(surface, out=surface)

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._latest.clear()
