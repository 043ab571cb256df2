"""Exponential accumulation: a grey picture in which recent changes stand out, for the eye."""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.surface import accumulate
from eventvision.kernels.words import as_words

from ._canvas import check_sensor, checked


class Accumulation:
    """Grey 0.5, brighter by each ON event and darker by each OFF event, fading back to grey.

    The picture at the slice's end t1 is 0.5 plus the sum of all events so far, each with its
    polarity times contribution * exp((t - t1) / decay), clipped to 0 to 1. Sums are carried from
    slice to slice unclipped, so the picture at a time does not depend on where slices end.

    Args:
        sensor: Size of the pixel array.
        decay_us: Time in which an event's trace falls to 1/e, in microseconds.
        contribution: What one event adds at its own time.

    Raises:
        ValueError: If a setting is not positive.
    """

    def __init__(
        self, sensor: SensorSize, *, decay_us: float = 30_000, contribution: float = 0.2
    ) -> None:
        if not 0 < decay_us < float("inf"):
            raise ValueError(f"decay_us must be positive, got {decay_us}")
        if not 0 < contribution < float("inf"):
            raise ValueError(f"contribution must be positive, got {contribution}")
        self._sensor = sensor
        self._decay_us, self._contribution = float(decay_us), float(contribution)
        self._sums = np.zeros(sensor.shape, np.float32)
        self._at_us: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self._sensor.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def render(self, slice_: Slice, out: NDArray[np.generic] | None = None) -> NDArray[np.float32]:
        """Add the events of the next slice and return the picture at its end.

        Args:
            slice_: The slice; must not come before the previous one.
            out: Array to write over.

        Raises:
            ValueError: If the slice is of another sensor, or `out` of another shape or type.
        """
        check_sensor(slice_, self._sensor)
        picture = checked(out, self.shape)
        since_us = 0 if self._at_us is None else slice_.t1_us - self._at_us
        accumulate(
            as_words(slice_.events.data), self._sums.reshape(-1), self._sensor.width,
            exp(-since_us / self._decay_us), slice_.t1_us, self._decay_us, self._contribution,
        )  # fmt: skip
        self._at_us = slice_.t1_us
        np.add(self._sums, np.float32(0.5), out=picture)
        return np.clip(picture, 0, 1, out=picture)

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._sums.fill(0)
        self._at_us = None
