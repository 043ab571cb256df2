"""What HTTP shows and switches: the seam to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from eventvision.core import SliceResult


class State(Protocol):
    """A running daemon, as others see it; every method may be called from any thread."""

    def status(self) -> Mapping[str, Any]:
        """Return numbers about the run, such as `Status.as_dict()`."""

    def results(self) -> SliceResult | None:
        """Return what was found in the latest slice; None before the first."""

    def config(self) -> Mapping[str, Any]:
        """Return the configuration, without anything secret."""

    def set_task(self, name: str, on: bool) -> None:
        """Switch a task.

        Raises:
            ConfigError: If there is no such task.
        """

    def record(self, on: bool) -> None:
        """Begin or end a recording.

        Raises:
            EventVisionError: If that cannot be done.
        """

    def ready(self) -> bool:
        """Tell whether events are being looked at."""

    def healthy(self) -> bool:
        """Tell whether everything runs, or is on its way to."""
