"""What a camera driver has to offer: it finds cameras, opens one, and hands over what that says.

A driver knows nothing of threads, queues, gaps or reconnecting; `CameraFeed` does all that for
every driver alike. A session is used by one thread at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, IMU_DTYPE, TRIGGER_DTYPE, Frame, SensorSize

if TYPE_CHECKING:
    from .settings import CameraSettings


class CameraLostError(Exception):
    """The camera is gone, or no longer answers; the feed reconnects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraDescription:
    """An attached camera.

    Attributes:
        driver: Name of the driver that found it.
        model: Name of the model as in `camera:MODEL/SERIAL`.
        title: Maker and model in words.
        serial: Serial number; empty if it could not be read.
        connection: How it is attached, in words; may be empty.
        problem: Why it cannot be opened at present; empty if nothing is known against it.
    """

    driver: str
    model: str
    title: str
    serial: str
    connection: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """Name that opens this camera."""
        return f"camera:{self.model}" + (f"/{self.serial}" if self.serial else "")

    def __str__(self) -> str:
        return f"{self.title} {self.serial}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What a camera said since the last read; times are those of its own clock.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`; unchecked.
        frames: Images.
        imu: Shape (N,), dtype `IMU_DTYPE`.
        triggers: Shape (N,), dtype `TRIGGER_DTYPE`.
        until_us: Time that the camera's clock had reached, where the driver knows.
        packets_lost: Transfers that the driver had to drop before this batch.
    """

    events: NDArray[np.void] = field(default_factory=lambda: np.empty(0, EVENT_DTYPE))
    frames: tuple[Frame, ...] = ()
    imu: NDArray[np.void] = field(default_factory=lambda: np.empty(0, IMU_DTYPE))
    triggers: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TRIGGER_DTYPE))
    until_us: int | None = None
    packets_lost: int = 0


class DriverSession(Protocol):
    """An open camera."""

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array."""

    def read(self, timeout_s: float) -> Batch | None:
        """Return what has come, waiting at most `timeout_s` for it; None if nothing came.

        Raises:
            CameraLostError: If the camera is gone. Whatever else is raised counts as that, too.
        """

    def apply(self, settings: CameraSettings) -> None:
        """Change the settings while the camera runs.

        Raises:
            ConfigError: If the camera refuses one of them.
        """

    def close(self) -> None:
        """Release the camera; may be called twice."""


class CameraDriver(Protocol):
    """A way to reach cameras of some makers."""

    @property
    def name(self) -> str:
        """Name of the driver."""

    @property
    def models(self) -> tuple[str, ...]:
        """Models that it can open, as in `camera:MODEL`."""

    @property
    def missing(self) -> str:
        """What is missing before it can look for cameras, and the remedy; empty if nothing is."""

    def discover(self) -> list[CameraDescription]:
        """Return the attached cameras; an empty list where it cannot look for any."""

    def open(self, camera: CameraDescription, settings: CameraSettings) -> DriverSession:
        """Open a camera that was found, with these settings.

        Raises:
            SourceError: If it cannot be opened.
            ConfigError: If it refuses one of the settings.
        """
