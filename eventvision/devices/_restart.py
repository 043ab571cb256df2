"""Opens a failed device anew while others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from eventvision.core import Session


class Restart:
    """Opens a device in the background, after a wait.

    Args:
        opener: Opens the device.
        wait_s: How long to wait before.
        timeout_s: How long opening may take.

    Attributes:
        session: What was opened, once done.
        error: Why nothing was.
    """

    def __init__(self, opener: Callable[[], Session], wait_s: float, timeout_s: float) -> None:
        self.session: Session | None = None
        self.error: BaseException | None = None
        self._opener, self._wait_s = opener, wait_s
        self._wanted = True
        self._late_s = time.monotonic() + wait_s + timeout_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="device restart", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether the device was opened or failed to."""
        return not self._thread.is_alive()

    @property
    def is_late(self) -> bool:
        """Whether it takes longer than it may."""
        return time.monotonic() > self._late_s

    def give_up(self) -> None:
        """Do not open it, or close what was opened."""
        self._stop.set()
        with self._lock:
            self._wanted = False
            self.error = self.error or TimeoutError("it did not open in time")
            if self.session is not None:
                close_quietly(self.session)

    def _run(self) -> None:
        if self._stop.wait(self._wait_s):
            return
        try:
            session = self._opener()
        except BaseException as error:  # handed to the thread that asks
            self.error = error
            return
        with self._lock:
            if self._wanted:
                self.session = session
                return
        close_quietly(session)


def close_quietly(session: Session) -> None:
    """Close what may be broken already: whether it likes that does not matter any more."""
    with suppress(Exception):
        session.close()
