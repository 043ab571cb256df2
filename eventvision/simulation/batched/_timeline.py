"""When to look, and where slices end: the same number of sub-steps for every clip of a batch.

Slices are cut as slicers cut them: at equal times, or so that about equally much happens in each
(a mixture of time and motion stands for the event count, which is not known before). Every slice is
divided into the intervals that its representation needs; the sub-steps that are left go where
most moves, so that hardly anything moves by more than a pixel between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ._planes import Place

FloatArray = NDArray[np.float64]

LEAST_SLICE_US = 500.0
_UNEVEN = 0.15


@dataclass(frozen=True, slots=True)
class Timeline:
    """Sub-steps and slices of a batch of clips; times count from the start of each clip.

    Attributes:
        times_us: float64, shape (steps + 1, clips): edges of the sub-steps.
        slice_edges_us: float64, shape (slices + 1, clips).
        last_step: int64, shape (slices + 1, clips): the sub-step edge at each edge of a slice.
        slices: int64, shape (steps, clips): the slice of each sub-step.
        intervals: int64, same shape: the interval within it.
        start: float32, same shape: where in the interval it starts, 0 to 1.
        span: float32, same shape: its share of the interval.
        most_px: float64, shape (clips,): longest motion in a sub-step.
    """

    times_us: FloatArray
    slice_edges_us: FloatArray
    last_step: NDArray[np.int64]
    slices: NDArray[np.int64]
    intervals: NDArray[np.int64]
    start: NDArray[np.float32]
    span: NDArray[np.float32]
    most_px: FloatArray

    def on(self, device: torch.device | str) -> list[Place]:
        """Return where each sub-step lies, on a device."""
        columns = (self.slices, self.intervals, self.start, self.span)
        moved = (torch.from_numpy(column).to(device) for column in columns)
        return [Place(*rows) for rows in zip(*moved, strict=True)]


def slice_edges(
    path_px: FloatArray,
    duration_us: FloatArray,
    slices: int,
    time_share: FloatArray,
    random: np.random.Generator,
) -> FloatArray:
    """Cut clips into slices.

    Args:
        path_px: Shape (clips, R): motion so far at R evenly spaced times from start to end.
        duration_us: Shape (clips,): length of the clips.
        slices: Number of slices.
        time_share: Shape (clips,): 1 for slices of equal time; near 0 for slices of equal motion.
        random: Makes the latter a little uneven.

    Returns:
        Shape (slices + 1, clips), whole microseconds.
    """
    clips, knots = path_px.shape
    time = np.linspace(0, 1, knots)
    edges = np.empty((slices + 1, clips))
    for clip in range(clips):
        still = path_px[clip, -1] < 1e-9
        share = 1.0 if still else time_share[clip]
        motion = path_px[clip] / (1.0 if still else path_px[clip, -1])
        done = share * time + (1 - share) * motion
        weights = np.exp(_UNEVEN * (1 - share) * random.standard_normal(slices))
        wanted = np.concatenate([[0], np.cumsum(weights / weights.sum())])
        place = np.interp(wanted, done, time)
        least = min(LEAST_SLICE_US / duration_us[clip], 1 / slices)
        widths = np.maximum(np.diff(place), least)
        edges[1:, clip] = np.cumsum(widths / widths.sum())
        edges[0, clip] = 0
    return np.rint(edges * duration_us)


def place_steps(
    path_px: FloatArray, slice_edges_us: FloatArray, intervals: int, steps: int
) -> Timeline:
    """Place sub-steps where most moves.

    Args:
        path_px: As for `slice_edges`.
        slice_edges_us: What `slice_edges` gave.
        intervals: Intervals in a slice.
        steps: Sub-steps in a clip, at least one per interval.

    Raises:
        ValueError: If there are fewer sub-steps than intervals.
    """
    slices, clips = slice_edges_us.shape[0] - 1, slice_edges_us.shape[1]
    if steps < slices * intervals:
        raise ValueError(
            f"{slices} slices of {intervals} intervals need as many steps, got {steps}"
        )
    share = np.arange(intervals) / intervals
    lengths_us = np.diff(slice_edges_us, axis=0)
    first_us = (slice_edges_us[:-1, None] + share[:, None] * lengths_us[:, None]).reshape(-1, clips)
    edges_us = np.concatenate([first_us, slice_edges_us[-1:]])
    moved = np.stack(
        [
            np.interp(edges, np.linspace(0, edges[-1], path.size), path)
            for edges, path in zip(edges_us.T, path_px, strict=True)
        ],
        axis=1,
    )
    motion = np.diff(moved, axis=0)
    number = _share_out(motion, steps)
    return _lay_out(edges_us, slice_edges_us, number, motion, intervals, steps)


def _share_out(motion: FloatArray, steps: int) -> NDArray[np.int64]:
    """Return how many sub-steps each interval gets, shape (intervals, clips)."""
    number = np.ones(motion.shape, np.int64)
    clip = np.arange(motion.shape[1])
    for _ in range(steps - motion.shape[0]):
        busiest = np.argmax(motion / number, axis=0)
        number[busiest, clip] += 1
    return number


def _lay_out(
    edges_us: FloatArray,
    slice_edges_us: FloatArray,
    number: NDArray[np.int64],
    motion: FloatArray,
    intervals: int,
    steps: int,
) -> Timeline:
    clips = edges_us.shape[1]
    times_us = np.empty((steps + 1, clips))
    which = np.empty((steps, clips), np.int64)
    start, span = np.empty((steps, clips), np.float32), np.empty((steps, clips), np.float32)
    for clip in range(clips):
        count = number[:, clip]
        owner = np.repeat(np.arange(count.size), count)
        within = np.arange(steps) - np.repeat(np.cumsum(count) - count, count)
        width_us = np.diff(edges_us[:, clip])[owner]
        which[:, clip] = owner
        span[:, clip] = 1 / count[owner]
        start[:, clip] = within / count[owner]
        times_us[:-1, clip] = edges_us[:-1, clip][owner] + width_us * within / count[owner]
        times_us[-1, clip] = edges_us[-1, clip]
    ends = np.cumsum(number, axis=0)[intervals - 1 :: intervals]
    return Timeline(
        times_us=times_us,
        slice_edges_us=slice_edges_us,
        last_step=np.concatenate([np.zeros((1, clips), np.int64), ends]),
        slices=which // intervals,
        intervals=which % intervals,
        start=start,
        span=span,
        most_px=(motion / number).max(axis=0),
    )
