"""A facet of its own: what each core has to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ._simulator import CoreLoad


@dataclass(frozen=True, slots=True)
class LoadMeter:
    """Tells cores apart by their work.

    Attributes:
        read: Returns the work of each core in the last step.
        step_s: How long a step stands for, in seconds.
    """

    read: Callable[[], tuple[CoreLoad, ...]]
    step_s: float
