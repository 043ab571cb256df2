"""How many clock cycles an accelerator takes, measured in simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._accelerator import Accelerator


class CycleReport(NamedTuple):
    """Clock cycles.

    Attributes:
        steps: Steps measured.
        events: Events that came in, one for each place that is not zero.
        per_step: Of each step on its own, from its first event to the end of its output.
        latency: Of each step, from the end of its input to the end of its output.
        streamed: Of all steps together, sent one after another.
        update: From a single event in an otherwise empty step to the end of its output; the
            largest found.
    """

    steps: int
    events: int
    per_step: tuple[int, ...]
    latency: tuple[int, ...]
    streamed: int
    update: int


def measure(accelerator: Accelerator, inputs: Sequence[NDArray[np.generic]]) -> CycleReport:
    """Measure an accelerator on a recording.

    Args:
        accelerator: It is reset.
        inputs: Input of each step, shape (channels, height, width).
    """
    accelerator.reset()
    per_step, latency = [], []
    for values in inputs:
        accelerator.run([values])
        per_step.append(accelerator.step_cycles)
        latency.append(accelerator.counters.latency_cycles)
    events = accelerator.counters.events_in
    updates = [_update(accelerator, place) for place in _places(accelerator)]
    accelerator.reset()
    accelerator.run(inputs)
    return CycleReport(
        len(inputs), events, tuple(per_step), tuple(latency), accelerator.step_cycles, max(updates)
    )


def _update(accelerator: Accelerator, place: tuple[int, int, int]) -> int:
    values = np.zeros(accelerator.plan.input_plane.array, np.uint8)
    values[place] = 1
    accelerator.run([values])
    return accelerator.step_cycles


def _places(accelerator: Accelerator) -> list[tuple[int, int, int]]:
    """Return a few places across the input: every channel, corners and middle."""
    channels, height, width = accelerator.plan.input_plane.array
    return [
        (channel, y, x)
        for channel in range(channels)
        for y, x in ((0, 0), (height // 2, width // 2), (height - 1, width - 1))
    ]
