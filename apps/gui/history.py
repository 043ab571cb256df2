"""The latest slices as rows of numbers: what the timeline draws."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Alarm, Detections, SliceResult, Tracks

ROW_DTYPE = np.dtype(
    [
        ("t0", "<i8"), ("t1", "<i8"), ("on", "<i4"), ("off", "<i4"), ("ended_by", "u1"),
        ("objects", "<i2"), ("alarm", "?"),
    ]
)  # fmt: skip
"""t0, t1: us; on, off: events; ended_by: index into `ENDINGS`; objects: tracks or detections."""

ENDINGS = ("time", "count", "activity", "spike", "event_limit", "flush")

MOST_ROWS = 4096
MOST_TRACE = 32_768


@dataclass(frozen=True, eq=False, slots=True)
class History:
    """Rows of the latest slices, and the trigger's potential over time.

    Attributes:
        rows: Shape (N,), `ROW_DTYPE`, the latest last.
        trace_us: Times at which the potential is known, shape (M,).
        trace: Potential as a share of the threshold, shape (M,): 1 fires.
    """

    rows: NDArray[np.void] = field(default_factory=lambda: np.empty(0, ROW_DTYPE))
    trace_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    trace: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))


def row_of(result: SliceResult) -> NDArray[np.void]:
    """Return the row of one slice, shape (1,)."""
    slice_ = result.slice
    on = int(np.count_nonzero(slice_.events.on))
    objects, alarm = 0, False
    for value in result.results.values():
        if isinstance(value, Tracks) or (isinstance(value, Detections) and not objects):
            objects = len(value)
        elif isinstance(value, Alarm):
            alarm = len(value.objects) > 0
    ended_by = ENDINGS.index(slice_.ended_by)
    row = (slice_.t0_us, slice_.t1_us, on, len(slice_) - on, ended_by, objects, alarm)
    return np.array([row], ROW_DTYPE)


def extended(history: History, results: list[SliceResult]) -> History:
    """Return a history with further slices, without the oldest where there are too many."""
    rows = np.concatenate([history.rows, *map(row_of, results)])[-MOST_ROWS:]
    times, values = [history.trace_us], [history.trace]
    for result in results:
        potential = result.slice.potential
        if potential is not None and potential.size:
            slice_ = result.slice
            cells = np.arange(1, potential.size + 1)
            times.append(slice_.t0_us + slice_.duration_us * cells // potential.size)
            values.append(potential)
    return History(rows, np.concatenate(times)[-MOST_TRACE:], np.concatenate(values)[-MOST_TRACE:])
