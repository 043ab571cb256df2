"""Voxel grid: polarity in space and time, bilinear in time (Zhu et al., CVPR 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.scatter import add_voxels
from eventvision.kernels.words import as_words

from ._canvas import Canvas, check_sensor


class VoxelGrid:
    """Polarity of the events around each of `bins` instants, per pixel.

    The instants divide the slice `[t0, t1)` evenly, the first at t0 and the last at t1. An event at
    t lies at b = (bins - 1) * (t - t0) / (t1 - t0) among them and adds its polarity (ON 1, OFF -1)
    times max(0, 1 - |b - k|) to plane k, that is, shares it between the two nearest instants. With
    a single bin, it adds all of it. Zhu et al. measure time from the first event to the last one;
    the slice's own bounds are taken here, so that the same motion gives the same grid.

    Args:
        sensor: Size of the pixel array.
        bins: Number of instants.

    Raises:
        ValueError: If there is no bin, or the grid would have 2**31 cells or more.
    """

    def __init__(self, sensor: SensorSize, *, bins: int = 5) -> None:
        if bins < 1:
            raise ValueError(f"bins must be positive, got {bins}")
        self._sensor, self._bins = sensor, bins
        self._canvas = Canvas(bins, sensor)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(bins, height, width)."""
        return self._bins, *self._sensor.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def render(self, slice_: Slice, out: NDArray[np.generic] | None = None) -> NDArray[np.float32]:
        """Sum up the events of a slice.

        Args:
            slice_: The slice.
            out: Array to write over. One that this object has filled before must come back as it
                was, as only what was drawn then is cleared.

        Raises:
            ValueError: If the slice is of another sensor, or `out` of another shape or type.
        """
        check_sensor(slice_, self._sensor)
        planes, touched, lead = self._canvas.cleared(out)
        add_voxels(
            as_words(slice_.events.data), planes.reshape(-1), touched, lead, self._sensor.width,
            self._sensor.pixels, slice_.t0_us, max(slice_.duration_us, 1),
        )  # fmt: skip
        return planes

    def reset(self) -> None:
        """Do nothing: slices are independent of each other."""
