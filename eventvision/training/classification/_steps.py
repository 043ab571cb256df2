"""Recordings as networks take them: events counted per step, polarity and pixel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ._recipe import ClassifierRecipe
from ._samples import LabelledRecordings


def step_counts(recordings: LabelledRecordings, *, steps: int, step_us: int) -> Tensor:
    """Count events.

    Args:
        recordings: The recordings.
        steps: How many steps there are.
        step_us: How long one is; what comes after the last is left out.

    Returns:
        Counts of OFF (channel 0) and ON events, float32 (steps, recordings, 2, height, width).
    """
    events, count = recordings.events, len(recordings)
    height, width = recordings.sensor.shape
    which = np.repeat(np.arange(count), np.diff(recordings.offsets))
    step = events["t"] // step_us
    kept = (step >= 0) & (step < steps)
    cell = ((step * count + which) * 2 + events["on"]) * height + events["y"]
    cell = cell * width + events["x"]
    shape = (steps, count, 2, height, width)
    counts = np.bincount(cell[kept], minlength=int(np.prod(shape)))
    return torch.from_numpy(counts.astype(np.float32).reshape(shape))


def recording_steps(recipe: ClassifierRecipe, recordings: LabelledRecordings) -> Tensor:
    """Count events in the steps of a recipe: (steps, recordings, 2, height, width)."""
    return step_counts(recordings, steps=recipe.steps, step_us=recipe.step_us)
