"""Sensor sizes for recordings that do not state theirs.

A recording names only the pixels that saw something. The sensor that made it is taken to be the
smallest common one that holds them all, since the outermost rows and columns of a real sensor
are seldom silent for a whole recording but a crop of it often is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from eventvision.core import SensorSize

KNOWN_SENSORS = tuple(
    sorted(
        (
            SensorSize(34, 34),  # N-MNIST crop
            SensorSize(128, 128),  # DVS128, Speck
            SensorSize(240, 180),  # DAVIS240
            SensorSize(304, 240),  # ATIS, Prophesee Gen1
            SensorSize(320, 240),  # DVXplorer Lite
            SensorSize(320, 320),  # Prophesee GenX320
            SensorSize(346, 260),  # DAVIS346
            SensorSize(480, 320),  # Prophesee Gen3 HVGA, DVXplorer S
            SensorSize(640, 480),  # DVXplorer, Prophesee Gen3 VGA
            SensorSize(768, 640),  # CeleX-IV
            SensorSize(960, 720),  # Samsung Gen3.1 XGA class
            SensorSize(1280, 720),  # Prophesee Gen4, IMX636
            SensorSize(1280, 800),  # CeleX-V
            SensorSize(1280, 960),  # Samsung Gen4
        ),
        key=lambda sensor: sensor.pixels,
    )
)
"""Common sensors, the smallest first."""


def smallest_known_sensor(max_x: int, max_y: int) -> SensorSize:
    """Return the smallest common sensor that has the pixel (max_x, max_y).

    Where none is large enough, the size is just that of the pixels seen.

    >>> str(smallest_known_sensor(239, 170)), str(smallest_known_sensor(240, 170))
    ('240x180', '304x240')

    Raises:
        ValueError: If a coordinate is negative or no sensor size can express it.
    """
    if max_x < 0 or max_y < 0:
        raise ValueError(f"pixel coordinates start at 0, got ({max_x}, {max_y})")
    for sensor in KNOWN_SENSORS:
        if max_x < sensor.width and max_y < sensor.height:
            return sensor
    return SensorSize(max_x + 1, max_y + 1)


_LARGEST_SIDE_PX = 8192
_FEW = 0.001
"""Share of events that may lie outside the sensor before it is not that sensor."""


class PixelCounts:
    """Counts events per column and per row, from which the sensor is inferred.

    A few damaged events must not blow up the sensor: a common sensor that holds all but a
    thousandth of the events is preferred to a bounding size.
    """

    def __init__(self) -> None:
        self._columns = np.zeros(65_536, np.int64)
        self._rows = np.zeros(65_536, np.int64)

    def add(self, x: ArrayLike, y: ArrayLike) -> None:
        """Count events; coordinates are 0 to 65535, and 65535 stands for "outside anything"."""
        self._columns += np.bincount(np.asarray(x), minlength=65_536)
        self._rows += np.bincount(np.asarray(y), minlength=65_536)

    def __len__(self) -> int:
        return int(self._columns.sum())

    def extent(self) -> SensorSize:
        """Return the smallest size that holds all events.

        Raises:
            ValueError: If there is no event.
        """
        if not len(self):
            raise ValueError("no pixel was seen")
        width, height = (int(np.flatnonzero(n)[-1]) + 1 for n in (self._columns, self._rows))
        return SensorSize(min(width, 65_535), min(height, 65_535))

    def sensor(self) -> SensorSize:
        """Return the sensor that the events suggest.

        Raises:
            ValueError: If there is no event, or they lie further out than on any sensor.
        """
        seen_x, seen_y = np.flatnonzero(self._columns[:-1]), np.flatnonzero(self._rows[:-1])
        if not (seen_x.size and seen_y.size):
            raise ValueError("no pixel was seen")
        whole = smallest_known_sensor(int(seen_x[-1]), int(seen_y[-1]))
        if whole in KNOWN_SENSORS:
            return whole
        for sensor in KNOWN_SENSORS:
            outside = self._columns[sensor.width :].sum() + self._rows[sensor.height :].sum()
            if outside <= _FEW * len(self):
                return sensor
        if max(whole.width, whole.height) > _LARGEST_SIDE_PX:
            raise ValueError(f"pixels reach ({seen_x[-1]}, {seen_y[-1]}), beyond any sensor")
        return whole
