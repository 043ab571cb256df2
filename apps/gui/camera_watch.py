"""Which cameras are attached, looked at again and again in a thread: plugging in is noticed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from eventvision.io import CameraDescription, camera_drivers, list_cameras

LOOK_EVERY_S = 2.0

Lister = Callable[[], Sequence[CameraDescription]]
OnCameras = Callable[[tuple[CameraDescription, ...], str], None]
"""Hears of the cameras that are attached, and why none could be looked for (else empty); from the
watching thread."""


class CameraWatch:
    """Tells which cameras are attached, at first and whenever that changes.

    Args:
        on_cameras: Hears of them.
        lister: Finds them.
        every_s: Time between two looks.
    """

    def __init__(
        self,
        on_cameras: OnCameras,
        lister: Lister = list_cameras,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._on_cameras, self._lister, self._every_s = on_cameras, lister, every_s
        self._stop = threading.Event()
        self._now = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it looks."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to look, in a thread; does nothing if it looks already."""
        if not self.is_running:
            self._stop.clear()
            self._thread = threading.Thread(
                target=self._run, name="eventvision-camera-watch", daemon=True
            )
            self._thread.start()

    def look_now(self) -> None:
        """Look again at once, and tell even if nothing has changed."""
        self._now.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End; may be called twice."""
        self._stop.set()
        self._now.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def _run(self) -> None:
        told: tuple[object, str] | None = None
        while not self._stop.is_set():
            if self._now.is_set():
                self._now.clear()
                told = None
            found = self._look()
            if found != told and not self._stop.is_set():
                told = found
                self._on_cameras(*found)
            self._now.wait(self._every_s)

    def _look(self) -> tuple[tuple[CameraDescription, ...], str]:
        try:
            return tuple(self._lister()), ""
        except Exception as error:  # drivers are other people's code; looking goes on
            return (), f"cameras could not be looked for ({type(error).__name__}: {error})"


def driver_lines() -> list[str]:
    """Return a line per driver that cannot look, with the remedy; empty if all can."""
    return [f"{driver.name}: {driver.missing}" for driver in camera_drivers() if driver.missing]
