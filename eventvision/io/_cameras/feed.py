"""The thread that keeps a camera open and holds what it says until somebody takes it.

    driver ──batches──▶ bounded buffer ──take──▶ CameraSource
             unplugged: wait, look again, open with the same settings

What does not fit the buffer makes room from its old end and is counted. Nothing here ever waits
for the driver: one that hangs is noticed, told and left behind.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import numpy as np

from eventvision.core import EVENT_DTYPE, IMU_DTYPE, TRIGGER_DTYPE, ConfigError, SourceError

from .buffer import Arrival, BatchBuffer, Lost, Opened
from .driver import (
    Batch,
    CameraDescription,
    CameraDriver,
    CameraLostError,
    DriverSession,
)
from .models import CameraName, discover
from .settings import CameraSettings

READ_S = 0.05
STALL_S = 2.0
CLOSE_S = 1.0
APPLY_S = 5.0
RETRY_S = (0.25, 5.0)
"""First and longest wait between two attempts to open a camera that is gone."""

CameraState = Literal["open", "waiting", "closed"]


class CameraFeed:
    """Reads a camera in a thread of its own.

    Args:
        drivers: Where to look for the camera again when it is gone.
        camera: The camera.
        session: The camera, already open.
        settings: What it was opened with, and will be again.
    """

    def __init__(
        self,
        drivers: Sequence[CameraDriver],
        camera: CameraDescription,
        session: DriverSession,
        settings: CameraSettings,
    ) -> None:
        self._drivers = [driver for driver in drivers if driver.name == camera.driver]
        self._wanted = CameraName(camera.name, camera.model, camera.serial)
        self._sensor = session.sensor
        self._session: DriverSession | None = session
        self._settings = settings
        self._buffer = BatchBuffer()
        self._changes: deque[_Change] = deque()
        self._stop = threading.Event()
        self._heard_ns = self._complete_ns = time.monotonic_ns()
        self._thread = threading.Thread(target=self._run, name="eventvision-camera", daemon=True)
        self._thread.start()

    @property
    def state(self) -> CameraState:
        """Whether data can come: not while the camera is gone or its driver hangs."""
        if self._stop.is_set():
            return "closed"
        return "waiting" if self._session is None or self.is_stalled else "open"

    @property
    def is_stalled(self) -> bool:
        """Whether the driver has not come back from a read for `STALL_S`."""
        return self.stalled_s > 0

    @property
    def stalled_s(self) -> float:
        """How long the driver has not come back from a read; 0 up to `STALL_S`, or if closed."""
        silent_s = (time.monotonic_ns() - self._heard_ns) / 1e9
        return silent_s if silent_s > STALL_S and not self._stop.is_set() else 0.0

    @property
    def complete_ns(self) -> int:
        """Monotonic time up to which all that the camera said has come, or is lost for good."""
        return time.monotonic_ns() if self._session is None else self._complete_ns

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost, by cause."""
        return self._buffer.dropped

    @property
    def settings(self) -> CameraSettings:
        """The settings in force, or to be so once the camera is back."""
        return self._settings

    def take(self, timeout_s: float) -> Arrival | Lost | Opened | None:
        """Return the oldest of what has come; None if nothing does within `timeout_s`."""
        return self._buffer.take(timeout_s)

    def forget(self) -> None:
        """Let go of what came before anybody asked for it."""
        self._buffer.forget()

    def apply(self, settings: CameraSettings) -> None:
        """Change the settings; while the camera is gone, they wait for its return.

        Raises:
            ConfigError: If they are for another model or the camera refuses them.
            SourceError: If the camera does not answer.
        """
        if settings.model != self._wanted.model:
            raise ConfigError("settings", settings.model, f"settings of {self._wanted.model}")
        if self.state != "open":
            self._settings = settings
            return
        change = _Change(settings)
        self._changes.append(change)
        if not change.done.wait(APPLY_S):
            problem = f"did not take its settings within {APPLY_S:g} s"
            raise SourceError(self._wanted.text, problem, "try again once it answers")
        if change.failure is not None:
            raise change.failure

    def close(self) -> None:
        """End the thread and release the camera; a driver that hangs is left behind."""
        self._stop.set()
        self._buffer.close()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:
                self._lose(str(error) or type(error).__name__)
                self._reopen()
        self._release()

    def _read(self) -> None:
        if self._session is None:
            raise CameraLostError("is not open")
        while self._changes:
            self._change(self._changes.popleft())
        batch = self._session.read(READ_S)
        self._heard_ns = time.monotonic_ns()
        if batch is not None:
            self._buffer.put(_checked(batch), self._heard_ns)
        self._complete_ns = self._heard_ns

    def _change(self, change: _Change) -> None:
        try:
            if self._session is not None:
                self._session.apply(change.settings)
            self._settings = change.settings
        except ConfigError as error:
            change.failure = error
        finally:
            change.done.set()

    def _lose(self, message: str) -> None:
        self._release()
        while self._changes:
            change = self._changes.popleft()
            self._settings = change.settings
            change.done.set()
        self._buffer.tell(Lost(message))

    def _reopen(self) -> None:
        """Look for the camera until it is back."""
        wait_s, longest_s = RETRY_S
        while not self._stop.wait(wait_s):
            wait_s = min(2 * wait_s, longest_s)
            self._heard_ns = time.monotonic_ns()
            with suppress(Exception):
                session = self._found()
                if session is not None:
                    self._heard_ns = self._complete_ns = time.monotonic_ns()
                    self._session = session
                    self._buffer.tell(Opened())
                    return

    def _found(self) -> DriverSession | None:
        fitting = [camera for camera in discover(self._drivers) if self._wanted.fits(camera)]
        if not fitting:
            return None
        session = self._drivers[0].open(fitting[0], self._settings)
        if session.sensor != self._sensor:
            session.close()
            return None
        return session

    def _release(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(Exception):
                session.close()


class _Change:
    """Settings on their way to the thread that reads."""

    def __init__(self, settings: CameraSettings) -> None:
        self.settings = settings
        self.done = threading.Event()
        self.failure: ConfigError | None = None


def _checked(batch: Batch) -> Batch:
    """Return a batch whose arrays are what they should be.

    Raises:
        CameraLostError: If the driver returned something else.
    """
    shapes = (
        (batch.events, EVENT_DTYPE),
        (batch.imu, IMU_DTYPE),
        (batch.triggers, TRIGGER_DTYPE),
    )
    for part, dtype in shapes:
        if not isinstance(part, np.ndarray) or part.dtype != dtype or part.ndim != 1:
            raise CameraLostError("its driver returned data of an unknown kind")
    return batch
