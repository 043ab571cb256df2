"""Arrays to draw on: checked, cleared, and cleared cheaply when they come back."""

from __future__ import annotations

from typing import cast
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.scatter import GROUP, clear_touched

_MOST_REMEMBERED = 8


def check_sensor(slice_: Slice, sensor: SensorSize) -> None:
    """Raise ValueError if a slice is of another sensor."""
    if slice_.events.sensor != sensor:
        raise ValueError(
            f"the representation was made for {sensor}, got a slice of {slice_.events.sensor}"
        )


def checked(out: NDArray[np.generic] | None, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return `out`, or a new array if it is None.

    Raises:
        ValueError: If it is not float32, contiguous, writeable and of that shape.
    """
    if out is None:
        return np.empty(shape, np.float32)
    if out.shape != shape or out.dtype != np.float32:
        raise ValueError(f"out must be float32 of shape {shape}, got {out.dtype} of {out.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("out must be contiguous and writeable")
    return cast("NDArray[np.float32]", out)


class _Drawing:
    """An array, and which groups of its pixels were touched."""

    def __init__(self, array: NDArray[np.float32], pixels: int) -> None:
        self._array = ref(array)
        self.lead = array.ctypes.data // array.itemsize % GROUP
        groups = -(-(pixels + self.lead) // GROUP)
        self._eights = np.zeros(-(-groups // 8), np.uint64)
        self.touched = self._eights.view(np.bool_)
        self._groups = np.empty(self.touched.size, np.int64)

    def is_of(self, array: NDArray[np.float32]) -> bool:
        return self._array() is array

    def clear(self, array: NDArray[np.float32], pixels: int) -> None:
        planes = array.reshape(-1)
        clear_touched(planes, self.touched, self._eights, self._groups, self.lead, pixels)


class Canvas:
    """Clears arrays to draw on.

    An array that comes back is cleared only where it was touched, if that is less work. This holds
    for the latest eight arrays, told by identity; any other is cleared as a whole.

    Args:
        planes: Number of planes.
        sensor: Size of a plane.

    Raises:
        ValueError: If the arrays would have 2**31 cells or more.
    """

    def __init__(self, planes: int, sensor: SensorSize) -> None:
        if planes * sensor.pixels >= 2**31:
            raise ValueError(
                f"{planes} planes of {sensor} are too large, 2**31 cells are the limit"
            )
        self._shape = (planes, *sensor.shape)
        self._pixels = sensor.pixels
        self._drawings: list[_Drawing] = []

    def cleared(
        self, out: NDArray[np.generic] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
        """Prepare an array.

        Returns:
            The array, all zero; flags for its groups of pixels (see `kernels.scatter`), none set;
            and how many pixels are missing in the first group, as groups are cache lines.

        Raises:
            ValueError: If `out` is not a float32 array of the right shape that can be written.
        """
        array = checked(out, self._shape)
        drawing = next((d for d in self._drawings if d.is_of(array)), None)
        if drawing is None:
            drawing = _Drawing(array, self._pixels)
            self._drawings = [*self._drawings, drawing][-_MOST_REMEMBERED:]
            array.fill(0)
        else:
            drawing.clear(array, self._pixels)
        return array, drawing.touched, drawing.lead
