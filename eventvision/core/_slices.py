"""A slice: the events that are looked at together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._events import Events
from ._packets import Frame

SliceEnd = Literal["time", "count", "activity", "spike", "event_limit", "flush"]
"""Why a slice ended: its rule was met, a safety limit was hit, or the stream ended (`flush`)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Events of `[t0_us, t1_us)`, in order; every event of a stream lies in exactly one slice.

    Attributes:
        index: Number of the slice in its stream, from 0.
        events: The events. Read-only.
        t0_us: Start, inclusive.
        t1_us: End, exclusive.
        ended_by: Why it ended.
        frames: Images whose time lies in the slice.
        arrived_ns: Monotonic time at which the last event's packet arrived; 0 if unknown.
        potential: Membrane potential of the trigger, shape (cells,), where one decided.
    """

    index: int
    events: Events
    t0_us: int
    t1_us: int
    ended_by: SliceEnd
    frames: tuple[Frame, ...] = ()
    arrived_ns: int = 0
    potential: NDArray[np.float32] | None = None

    @property
    def duration_us(self) -> int:
        """Length of the slice in time."""
        return self.t1_us - self.t0_us

    def __len__(self) -> int:
        return len(self.events)
