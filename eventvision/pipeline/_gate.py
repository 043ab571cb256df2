"""Where a run can be held: slices pass, or wait, or pass one by one."""

from __future__ import annotations

import threading
from typing import Literal

Pace = Literal["play", "hold", "rush"]
"""How events come: when they are due, not at all, or at once."""


class Gate:
    """Lets one thread pass, slice by slice, as others say.

    `pause`, `resume`, `step` and `open_for_good` may be called from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_paused = self._is_open_for_good = False
        self._steps = 0

    @property
    def is_paused(self) -> bool:
        """Whether slices wait, but for those that were asked for."""
        return self._is_paused and not self._is_open_for_good

    @property
    def pace(self) -> Pace:
        """How events are to come: they need not wait while a step waits for them."""
        if not self.is_paused:
            return "play"
        return "rush" if self._steps else "hold"

    def pause(self) -> None:
        """Let slices wait from now on."""
        with self._changed:
            self._is_paused = True

    def resume(self) -> None:
        """Let all slices pass; steps that were asked for and not taken are forgotten."""
        with self._changed:
            self._is_paused, self._steps = False, 0
            self._changed.notify_all()

    def step(self) -> None:
        """Let one more slice pass and pause after it."""
        with self._changed:
            self._is_paused = True
            self._steps += 1
            self._changed.notify_all()

    def open_for_good(self) -> None:
        """Let everything pass: the run ends."""
        with self._changed:
            self._is_open_for_good = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until a slice may pass."""
        with self._changed:
            self._changed.wait_for(lambda: self.pace != "hold")

    def passed(self) -> None:
        """Take note that a slice has passed."""
        with self._changed:
            self._steps = max(0, self._steps - 1)
