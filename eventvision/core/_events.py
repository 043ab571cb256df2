"""The one event type: a structured array, 16 bytes an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import EventBoundsError, EventOrderError
from ._sensor import SensorSize

EVENT_DTYPE = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")], align=True)
"""t: microseconds, never decreasing; x right, y down, from the top-left pixel; on: brighter."""


@dataclass(frozen=True, slots=True)
class Events:
    """A run of events of one sensor, ordered in time.

    Attributes:
        data: Shape (N,), dtype `EVENT_DTYPE`. Treat as read-only: packets share memory.
        sensor: Size of the pixel array that the coordinates refer to.
    """

    data: NDArray[np.void]
    sensor: SensorSize

    @classmethod
    def empty(cls, sensor: SensorSize) -> Events:
        """Return a run of no events."""
        return cls(np.empty(0, EVENT_DTYPE), sensor)

    @classmethod
    def from_columns(
        cls, t: ArrayLike, x: ArrayLike, y: ArrayLike, on: ArrayLike, *, sensor: SensorSize
    ) -> Events:
        """Pack four columns of equal length and check them.

        Args:
            t: Times in microseconds, never decreasing.
            x: Columns, 0 at the left.
            y: Rows, 0 at the top.
            on: Polarity; above zero means brighter.
            sensor: Size of the pixel array.

        Raises:
            ValueError: If the columns differ in length.
            EventOrderError: If times go backwards.
            EventBoundsError: If an event lies outside the sensor.
        """
        columns = [np.asarray(column) for column in (t, x, y, on)]
        if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
            shapes = ", ".join(str(column.shape) for column in columns)
            raise ValueError(f"t, x, y, on must be one-dimensional and of one length, got {shapes}")
        xs, ys = columns[1].astype(np.int64), columns[2].astype(np.int64)
        outside = (xs < 0) | (xs >= sensor.width) | (ys < 0) | (ys >= sensor.height)
        if outside.any():
            index = int(np.argmax(outside))
            raise EventBoundsError(index=index, x=int(xs[index]), y=int(ys[index]), sensor=sensor)
        data = np.zeros(columns[0].size, EVENT_DTYPE)
        data["t"], data["x"], data["y"], data["on"] = columns[0], xs, ys, columns[3] > 0
        return cls(data, sensor).check_order()

    @classmethod
    def join(cls, parts: Sequence[Events]) -> Events:
        """Concatenate runs of one sensor; a single run is returned as it is.

        Raises:
            ValueError: If there is no run, or the sensors differ.
        """
        if len({part.sensor for part in parts}) != 1:
            raise ValueError("join needs at least one run, all of one sensor")
        if len(parts) == 1:
            return parts[0]
        # As words: numpy copies structures field by field, which takes twenty times as long.
        words = [np.ascontiguousarray(part.data).view(np.uint64) for part in parts]
        return cls(np.concatenate(words).view(EVENT_DTYPE), parts[0].sensor)

    def __len__(self) -> int:
        return self.data.size

    @property
    def t(self) -> NDArray[np.int64]:
        """Times in microseconds, shape (N,)."""
        return self.data["t"]

    @property
    def x(self) -> NDArray[np.uint16]:
        """Columns, shape (N,)."""
        return self.data["x"]

    @property
    def y(self) -> NDArray[np.uint16]:
        """Rows, shape (N,)."""
        return self.data["y"]

    @property
    def on(self) -> NDArray[np.bool_]:
        """Polarity, True for brighter, shape (N,)."""
        return self.data["on"]

    def between(self, t0_us: int, t1_us: int) -> Events:
        """Return the events of `[t0_us, t1_us)`, sharing memory."""
        first, last = np.searchsorted(self.t, (t0_us, t1_us))
        return Events(self.data[first:last], self.sensor)

    def check_order(self) -> Events:
        """Return self.

        Raises:
            EventOrderError: If times go backwards; names the first offending event.
        """
        back = self.t[1:] < self.t[:-1]
        if back.any():
            index = int(np.argmax(back)) + 1
            raise EventOrderError(
                index=index, previous_us=int(self.t[index - 1]), found_us=int(self.t[index])
            )
        return self
