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
class Entry:
    """What is remembered of one slice.

    Attributes:
        row: Shape (1,), `ROW_DTYPE`.
        trace_us: Times at which the trigger's potential is known, shape (M,).
        trace: Potential as a share of the threshold, shape (M,).
    """

    row: NDArray[np.void]
    trace_us: NDArray[np.int64]
    trace: NDArray[np.float32]


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


def entry_of(result: SliceResult) -> Entry:
    """Return what is remembered of one slice; it keeps no event."""
    from eventvision.kernels.tally import count_on
    from eventvision.kernels.words import as_words

    slice_ = result.slice
    on = int(count_on(as_words(slice_.events.data)))
    objects, alarm = 0, False
    for value in result.results.values():
        if isinstance(value, Tracks) or (isinstance(value, Detections) and not objects):
            objects = len(value)
        elif isinstance(value, Alarm):
            alarm = len(value.objects) > 0
    ended_by = ENDINGS.index(slice_.ended_by)
    row = (slice_.t0_us, slice_.t1_us, on, len(slice_) - on, ended_by, objects, alarm)
    potential = slice_.potential
    if potential is None:
        potential = np.empty(0, np.float32)
    cells = np.arange(1, potential.size + 1)
    trace_us = slice_.t0_us + slice_.duration_us * cells // max(potential.size, 1)
    return Entry(np.array([row], ROW_DTYPE), trace_us, potential)


def extended(history: History, entries: list[Entry]) -> History:
    """Return a history with further slices, without the oldest where there are too many."""
    rows = [history.rows, *(entry.row for entry in entries)]
    times = [history.trace_us, *(entry.trace_us for entry in entries)]
    values = [history.trace, *(entry.trace for entry in entries)]
    return History(
        np.concatenate(rows)[-MOST_ROWS:],
        np.concatenate(times)[-MOST_TRACE:],
        np.concatenate(values)[-MOST_TRACE:],
    )
