"""Keeps the event rate within what a core can do."""

from __future__ import annotations

import numpy as np

from eventvision.core import Events
from eventvision.kernels.graph_thin import NEVER_US, thin
from eventvision.kernels.words import as_events, as_words

MEMORY_US = 5_000
"""Time constant with which the rate is measured; so long a burst may last before it is thinned."""


class RateGovernor:
    """Lets all events pass below a budget; above it, an even choice of them, and counts the rest.

    What passes does not depend on how events are packed.

    Args:
        budget_hz: Events a second.

    Attributes:
        left_out: Events that did not pass.

    Raises:
        ValueError: If the budget is not positive.
    """

    def __init__(self, budget_hz: float) -> None:
        if not budget_hz > 0:
            raise ValueError(f"budget_hz must be positive, got {budget_hz}")
        self._most = max(budget_hz * MEMORY_US / 1e6, 1.0)
        self.reset()

    def process(self, events: Events) -> Events:
        """Return what passes."""
        words = as_words(events.data)
        kept = np.empty_like(words)
        count = thin(words, self._state, self._most, float(MEMORY_US), kept)
        self.left_out += len(events) - count
        if count == len(events):
            return events
        return Events(as_events(kept[: 2 * count]), events.sensor)

    def reset(self) -> None:
        """Forget the stream."""
        self._state = np.array([NEVER_US, 0.0, 0.0])
        self.left_out = 0
