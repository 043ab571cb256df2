"""Events counted per pixel and polarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.scatter import add_counts
from eventvision.kernels.words import as_words

from ._canvas import Canvas, check_sensor


class PolarityHistogram:
    """Number of OFF events (plane 0) and ON events (plane 1) of each pixel.

    The counts are float32, as networks take them, and exact up to 2**24.

    Args:
        sensor: Size of the pixel array.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._sensor = sensor
        self._canvas = Canvas(2, sensor)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(2, height, width)."""
        return 2, *self._sensor.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def render(self, slice_: Slice, out: NDArray[np.generic] | None = None) -> NDArray[np.float32]:
        """Count the events of a slice.

        Args:
            slice_: The slice.
            out: Array to write over. One that this object has filled before must come back as it
                was, as only what was drawn then is cleared.

        Raises:
            ValueError: If the slice is of another sensor, or `out` of another shape or type.
        """
        check_sensor(slice_, self._sensor)
        planes, touched, lead = self._canvas.cleared(out)
        words = as_words(slice_.events.data)
        size = self._sensor
        add_counts(words, planes.reshape(-1), touched, lead, size.width, size.pixels)
        return planes

    def reset(self) -> None:
        """Do nothing: slices are independent of each other."""
