"""Recordings of another sensor, brought to the size that a network takes."""

from __future__ import annotations

import dataclasses

import numpy as np

from eventvision.core import SensorSize

from ._samples import LabelledRecordings


def resized(
    recordings: LabelledRecordings, sensor: SensorSize, *, shrink: float
) -> LabelledRecordings:
    """Put the middle of each recording's events into the middle of another sensor.

    Args:
        recordings: The recordings.
        sensor: The other sensor.
        shrink: How many old pixels make one new pixel, in each direction.

    Returns:
        Shrunken copies; events that fall outside are left out.

    Raises:
        ValueError: If `shrink` is not positive.
    """
    if not shrink > 0:
        raise ValueError(f"shrink must be positive, got {shrink}")
    count = len(recordings)
    which = np.repeat(np.arange(count), np.diff(recordings.offsets))
    events = recordings.events.copy()
    kept = np.ones(events.size, bool)
    for axis, size in (("x", sensor.width), ("y", sensor.height)):
        place = recordings.events[axis].astype(np.float64)
        middles = [
            np.median(place[start:stop]) if stop > start else 0.0
            for start, stop in zip(recordings.offsets, recordings.offsets[1:], strict=False)
        ]
        new = np.floor((place - np.array(middles)[which]) / shrink + size / 2).astype(np.int64)
        kept &= (new >= 0) & (new < size)
        events[axis] = np.clip(new, 0, size - 1)
    sizes = np.bincount(which[kept], minlength=count)
    return LabelledRecordings(
        events=events[kept],
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        labels=recordings.labels,
        sensor=sensor,
    )


def anti_transposed(recordings: LabelledRecordings) -> LabelledRecordings:
    """Exchange x and y and reverse both, as MNIST-DVS needs to be upright."""
    events, size = recordings.events.copy(), recordings.sensor
    events["x"] = size.height - 1 - recordings.events["y"]
    events["y"] = size.width - 1 - recordings.events["x"]
    return dataclasses.replace(
        recordings, events=events, sensor=SensorSize(size.height, size.width)
    )
