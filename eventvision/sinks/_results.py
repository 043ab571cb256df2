"""Finding results by what they are: sinks do not know tasks by name."""

from __future__ import annotations

from typing import TypeVar

from eventvision.core import (
    Alarm,
    Counts,
    Depth,
    Detections,
    Image,
    Segmentation,
    SliceResult,
    Tracks,
)

R = TypeVar("R", Detections, Tracks, Image, Segmentation, Depth, Alarm, Counts)


def last_of(result: SliceResult, kind: type[R]) -> R | None:
    """Return the result of the last task that gave one of this kind; None where none did."""
    for given in reversed(list(result.results.values())):
        if isinstance(given, kind):
            return given
    return None
