"""What a source delivers: events, and whatever else the sensor said meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ._events import Events
from ._sensor import SensorSize

IMU_DTYPE = np.dtype(
    [("t", "<i8"), ("temperature", "<f4"), ("accelerometer", "<f4", 3), ("gyroscope", "<f4", 3),
     ("magnetometer", "<f4", 3)],
    align=True,
)  # fmt: skip
"""t: us; temperature: degrees Celsius; accelerometer: g; gyroscope: deg/s; magnetometer: uT."""

TRIGGER_DTYPE = np.dtype([("t", "<i8"), ("source", "<i2"), ("rising", "?")], align=True)
"""t: us; source: number of the input or signal, as the format gives it; rising: edge."""

GAP_SOURCE = -1
"""Source of a trigger that marks a gap: what came just before its time is missing, because a
camera was away or something dropped it. AEDAT4 stores it as a time stamp reset."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A conventional image from the same sensor.

    Attributes:
        t_us: Middle of the exposure (or the time stamp, where the format knows no exposure).
        exposure_us: Length of the exposure; 0 where unknown.
        pixels: uint8, shape (height, width) grey or (height, width, 3) BGR.
        x: Column of the image's left edge on the sensor.
        y: Row of its top edge.
    """

    t_us: int
    exposure_us: int
    pixels: NDArray[np.uint8]
    x: int = 0
    y: int = 0


def _no_imu() -> NDArray[np.void]:
    return np.empty(0, IMU_DTYPE)


def _no_triggers() -> NDArray[np.void]:
    return np.empty(0, TRIGGER_DTYPE)


@dataclass(frozen=True, slots=True)
class Packet:
    """A stretch of a stream, as long as the source finds convenient.

    Attributes:
        events: The events; all earlier ones have been delivered before.
        frames: Images whose time lies in this stretch.
        imu: Shape (N,), dtype `IMU_DTYPE`.
        triggers: Shape (N,), dtype `TRIGGER_DTYPE`.
        until_us: All events before this time have been delivered, this packet included; None if
            the source does not know more than its last event says.
        arrived_ns: `time.monotonic_ns()` at which its last event arrived, live or as played at a
            chosen speed; 0 where events do not arrive at any time.
    """

    events: Events
    frames: tuple[Frame, ...] = ()
    imu: NDArray[np.void] = field(default_factory=_no_imu)
    triggers: NDArray[np.void] = field(default_factory=_no_triggers)
    until_us: int | None = None
    arrived_ns: int = 0

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array."""
        return self.events.sensor

    def after_gap(self) -> Packet:
        """Return the same packet with a trigger at its first event that marks a gap before it."""
        first_us = self.events.t[0] if len(self) else self.until_us or 0
        mark = np.array([(first_us, GAP_SOURCE, True)], TRIGGER_DTYPE)
        joined = np.concatenate([mark, self.triggers])
        return replace(self, triggers=joined[np.argsort(joined["t"], kind="stable")])

    def __len__(self) -> int:
        return len(self.events)
