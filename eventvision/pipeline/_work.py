"""How long a thread has been at the same piece of work: whoever watches it asks."""

from __future__ import annotations

import time


class Work:
    """One thread begins and ends pieces of work; any thread asks."""

    def __init__(self) -> None:
        self._since_ns = 0

    def begin(self) -> None:
        """Take up a piece."""
        self._since_ns = time.monotonic_ns()

    def end(self) -> None:
        """Be done with it: waiting for the next one is no work."""
        self._since_ns = 0

    @property
    def busy_s(self) -> float:
        """Time since the present piece was begun; 0 while there is none."""
        since_ns = self._since_ns
        return (time.monotonic_ns() - since_ns) / 1e9 if since_ns else 0.0
