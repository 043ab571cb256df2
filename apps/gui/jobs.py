"""Work that takes a while: one thread, progress, an end that is told once, cancelling.

The work is a function that calls `report(share, text)` now and then. Cancelling makes the next
report raise, so that the functions of the library clean up behind themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from eventvision.core import EventVisionError

JobState = Literal["running", "done", "cancelled", "failed"]


class JobCancelledError(Exception):
    """Raised inside the work when the user has cancelled it."""


class Report(Protocol):
    """Hears how far the work has come."""

    def __call__(self, share: float | None, text: str = "") -> None:
        """Take the share done, 0 to 1 or None where unknown, and a line about it.

        Raises:
            JobCancelledError: If the work is to end.
        """


Work = Callable[[Report], str]
"""Does the work and returns what was done, in a line or a few."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStatus:
    """How a job is.

    Attributes:
        state: Whether it runs or how it ended.
        share: Share done, 0 to 1; None where unknown.
        text: What it does at present; once it has ended, what was done or what was wrong.
        elapsed_s: How long it has run.
    """

    state: JobState
    share: float | None
    text: str
    elapsed_s: float

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state != "running"

    @property
    def left_s(self) -> float | None:
        """How long it will still take, if it goes on like this; None while that is unknown."""
        if self.is_over or not self.share or self.elapsed_s < 0.5:
            return None
        return self.elapsed_s * (1 / self.share - 1)


class Job:
    """Work in a thread of its own; begins at once.

    Args:
        name: For the thread and for messages.
        work: What to do.
    """

    def __init__(self, name: str, work: Work) -> None:
        self.name = name
        self._work = work
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._state: JobState = "running"
        self._share: float | None = None
        self._text = ""
        self._elapsed_s: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"eventvision-{name}", daemon=True)
        self._thread.start()

    @property
    def status(self) -> JobStatus:
        """How it is; cheap, from any thread."""
        with self._lock:
            elapsed_s = self._elapsed_s
            if elapsed_s is None:
                elapsed_s = time.monotonic() - self._began_s
            return JobStatus(
                state=self._state, share=self._share, text=self._text, elapsed_s=elapsed_s
            )

    def cancel(self) -> None:
        """Let the work end at its next report."""
        self._cancelled.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; return whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _report(self, share: float | None, text: str = "") -> None:
        if self._cancelled.is_set():
            raise JobCancelledError
        with self._lock:
            self._share = None if share is None else min(1.0, max(0.0, share))
            self._text = text or self._text

    def _run(self) -> None:
        try:
            done = self._work(self._report)
        except JobCancelledError:
            self._end("cancelled", "cancelled; nothing was left behind")
        except EventVisionError as error:
            self._end("failed", str(error))
        except Exception as error:  # a thread's exception would be lost, and the dialog hang
            self._end("failed", f"{type(error).__name__}: {error}")
        else:
            self._end("done", done)

    def _end(self, state: JobState, text: str) -> None:
        with self._lock:
            self._state, self._text = state, text
            self._elapsed_s = time.monotonic() - self._began_s
            if state == "done":
                self._share = 1.0
