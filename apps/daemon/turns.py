"""A thread's right to go on: Python cannot end a thread that hangs, but nobody has to wait for it.

Whoever watches takes the turn away and lets another thread go on. The one that hung meets
`OvertakenError` as soon as its call returns, if ever, lets go of what it holds, and ends.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol


class OvertakenError(Exception):
    """Another thread goes on in the place of this one."""


class Turn:
    """Of one thread; it begins and ends pieces of work, and any other thread may look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since_ns = 0
        self._is_over = False

    def begin(self) -> None:
        """Take up a piece that may hang."""
        self._since_ns = time.monotonic_ns()

    def end(self) -> None:
        """Be done with it.

        Raises:
            OvertakenError: If the turn was taken away meanwhile.
        """
        with self._lock:
            self._since_ns = 0
            if self._is_over:
                raise OvertakenError

    @property
    def busy_s(self) -> float:
        """Time since the present piece was begun; 0 while there is none."""
        since_ns = self._since_ns
        return (time.monotonic_ns() - since_ns) / 1e9 if since_ns else 0.0

    @property
    def is_over(self) -> bool:
        """Whether it was taken away."""
        return self._is_over

    def take(self, limit_s: float) -> bool:
        """Take it away from a thread that has been at one piece for longer than `limit_s`.

        Returns:
            Whether it was; if not, the thread has gone on meanwhile.
        """
        with self._lock:
            self._is_over = self._is_over or self.busy_s > limit_s
            return self._is_over


class Restartable(Protocol):
    """A stage that can be started anew while all others go on."""

    @property
    def name(self) -> str:
        """What it is called in logs and metrics."""

    @property
    def is_vital(self) -> bool:
        """Whether nothing goes on without it."""

    @property
    def busy_s(self) -> float:
        """How long it has been at the same piece of work; 0 while it waits for one."""

    def restart(self, limit_s: float, wait_s: float) -> bool:
        """Leave a thread that hangs behind, and have another go on after a wait.

        Returns:
            False if it hung no longer than `limit_s`, and nothing was done.
        """
