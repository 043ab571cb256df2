"""Sensor sizes for recordings that do not state theirs.

A recording names only the pixels that saw something. The sensor that made it is taken to be the
smallest common one that holds them all, since the outermost rows and columns of a real sensor
are seldom silent for a whole recording but a crop of it often is.
"""

from __future__ import annotations

from ..core import SensorSize

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
