"""Arrays to draw on: checked, cleared, and cleared cheaply when they come back."""

from __future__ import annotations

from typing import cast
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice
from eventvision.kernels.scatter import clear_cells

_MOST_REMEMBERED = 8
_CELLS_PER_SPARSE_CLEAR = 8
"""Clearing one event's cells takes about as long as clearing this many cells in a row."""


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
    """An array, and which of its cells were written."""

    def __init__(self, array: NDArray[np.float32]) -> None:
        self._array = ref(array)
        self._cells = np.empty(0, np.int32)
        self._count = 0

    def is_of(self, array: NDArray[np.float32]) -> bool:
        return self._array() is array

    @property
    def written(self) -> NDArray[np.int32]:
        return self._cells[: self._count]

    def room(self, events: int) -> NDArray[np.int32]:
        if self._cells.size < events:
            self._cells = np.empty(events + events // 4, np.int32)
        self._count = events
        return self.written


class Canvas:
    """Clears arrays to draw on.

    An array that comes back is cleared only where it was written, if that is less work. This holds
    for the latest eight arrays, told by identity; any other is cleared as a whole.

    Args:
        shape: Shape of the arrays.
        step: Distance from a written cell to a second one that is written with it; 0 for none.

    Raises:
        ValueError: If the arrays would have 2**31 cells or more.
    """

    def __init__(self, shape: tuple[int, ...], *, step: int = 0) -> None:
        cells = 1
        for length in shape:
            cells *= length
        if cells >= 2**31:
            raise ValueError(f"an array of shape {shape} is too large, 2**31 cells are the limit")
        self._shape, self._step = shape, step
        self._drawings: list[_Drawing] = []

    def cleared(
        self, out: NDArray[np.generic] | None, events: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Return a cleared array, and room to note the cells that `events` events write.

        Raises:
            ValueError: If `out` is not a float32 array of the right shape that can be written.
        """
        array = checked(out, self._shape)
        drawing = next((d for d in self._drawings if d.is_of(array)), None)
        if drawing is None:
            drawing = _Drawing(array)
            self._drawings = [*self._drawings, drawing][-_MOST_REMEMBERED:]
            array.fill(0)
        elif drawing.written.size * _CELLS_PER_SPARSE_CLEAR < array.size:
            clear_cells(array.reshape(-1), drawing.written, self._step)
        else:
            array.fill(0)
        return array, drawing.room(events)
