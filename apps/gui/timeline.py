"""What the timeline draws, as columns of numbers: one for each pixel of its width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .history import History
from .overview import Overview

RECENT_US = 2_000_000
"""So much of the past the lane of slices shows at real time; more in fast motion."""

WIDE_PX = 4
"""Slices less wide than this on average have no gaps between them."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps time to columns.

    Attributes:
        begin_us: Time of the left edge.
        end_us: Time of the right edge, later.
        width: Columns.
    """

    begin_us: int
    end_us: int
    width: int

    def column(self, t_us: float) -> float:
        """Return the column of a time; it may lie outside."""
        return (t_us - self.begin_us) / (self.end_us - self.begin_us) * self.width

    def time_us(self, column: float) -> int:
        """Return the time of a column."""
        share = column / max(self.width, 1)
        return self.begin_us + round(share * (self.end_us - self.begin_us))


def whole_axis(overview: Overview, width: int) -> Axis:
    """Return the axis of a whole recording, as far as its length is known."""
    end_us = max(overview.expected_last_us, overview.first_us + 1)
    return Axis(overview.first_us, end_us, max(width, 1))


def recent_axis(history: History, width: int, speed: float | None) -> Axis | None:
    """Return the axis of the latest slices; None if there are none."""
    if not history.rows.size:
        return None
    end_us = int(history.rows["t1"][-1])
    span_us = RECENT_US * min(max(speed or 1.0, 0.01), 20.0)
    return Axis(end_us - round(span_us), end_us, max(width, 1))


def rate_columns(overview: Overview, axis: Axis) -> NDArray[np.float64]:
    """Return the highest event rate of each column in Hz, shape (2, width): OFF and ON."""
    counts = overview.counts
    edges = axis.begin_us + np.arange(axis.width + 1) * ((axis.end_us - axis.begin_us) / axis.width)
    bins = (edges - overview.first_us) / overview.bin_us
    first = np.clip(np.floor(bins[:-1]).astype(np.int64), 0, counts.shape[1])
    last = np.clip(np.ceil(bins[1:]).astype(np.int64), 0, counts.shape[1])
    return _highest(counts.astype(np.float64), first, last) * (1e6 / overview.bin_us)


def _highest(
    values: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the highest of `values[:, first:last]` for each pair, 0 where that is empty.

    Args:
        values: Shape (rows, N).
        first: Shape (columns,), never decreasing.
        last: Shape (columns,).
    """
    highest = np.zeros((values.shape[0], first.size))
    filled = np.flatnonzero(last > first)
    if filled.size:
        padded = np.concatenate([values, np.zeros((values.shape[0], 1))], axis=1)
        pairs = np.stack([first[filled], last[filled]], axis=1).reshape(-1)
        highest[:, filled] = np.maximum.reduceat(padded, pairs, axis=1)[:, ::2]
    return highest


def rate_picture(
    shares: NDArray[np.float64], height: int, colours: tuple[int, int, int]
) -> NDArray[np.uint32]:
    """Draw rates as columns: ON upwards from the middle, OFF downwards.

    Args:
        shares: Shape (2, width), 0 to 1: OFF and ON.
        height: Rows of the picture.
        colours: Of the ground, of OFF and of ON, 0xFFRRGGBB.

    Returns:
        Shape (height, width), 0xFFRRGGBB.
    """
    ground, off, on = (np.uint32(colour) for colour in colours)
    picture = np.full((height, shares.shape[1]), ground, np.uint32)
    above = height // 2
    rows_up = np.arange(above, 0, -1)[:, None]
    rows_down = np.arange(1, height - above + 1)[:, None]
    picture[:above][rows_up <= np.ceil(shares[1] * above)] = on
    picture[above:][rows_down <= np.ceil(shares[0] * (height - above))] = off
    return picture


@dataclass(frozen=True, eq=False, slots=True)
class SliceColumns:
    """The slices of an axis, drawn together for each column.

    Attributes:
        rates: Highest event rate in Hz, shape (2, width): OFF and ON.
        endings: Index into `ENDINGS` of the column's last slice, -1 for none; shape (width,).
        begins: Whether a slice follows another there, where they are wide enough to be told apart.
        objects: Most objects at once, shape (width,).
        alarms: Whether there was an alarm, shape (width,).
    """

    rates: NDArray[np.float64]
    endings: NDArray[np.int64]
    begins: NDArray[np.bool_]
    objects: NDArray[np.int64]
    alarms: NDArray[np.bool_]


def slice_columns(history: History, axis: Axis) -> SliceColumns:
    """Return what the columns of an axis show of the latest slices."""
    rows = history.rows
    rows = rows[(rows["t1"] > axis.begin_us) & (rows["t0"] < axis.end_us)]
    edges = axis.begin_us + np.arange(axis.width + 1) * ((axis.end_us - axis.begin_us) / axis.width)
    first = np.searchsorted(rows["t1"], edges[:-1], side="right")
    last = np.searchsorted(rows["t0"], edges[1:], side="left")
    spans_s = np.maximum(rows["t1"] - rows["t0"], 1) / 1e6
    values = np.stack([rows["off"] / spans_s, rows["on"] / spans_s, rows["objects"], rows["alarm"]])
    highest = _highest(values, first, last)
    endings = np.full(axis.width, -1)
    filled = last > first
    endings[filled] = rows["ended_by"][last[filled] - 1]
    begins = np.zeros(axis.width, bool)
    if rows.size * WIDE_PX <= axis.width:
        begins[1:] = (first[1:] != first[:-1]) & filled[1:]
    return SliceColumns(
        highest[:2], endings, begins, highest[2].astype(np.int64), highest[3].astype(bool)
    )


def potential_columns(
    history: History, axis: Axis
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return columns in which the trigger's potential is known, and its highest value there."""
    inside = history.trace_us > axis.begin_us
    times, values = history.trace_us[inside], history.trace[inside].astype(np.float64)
    if not times.size:
        return np.empty(0, np.int64), np.empty(0)
    width_us = (axis.end_us - axis.begin_us) / axis.width
    places = np.minimum(((times - axis.begin_us) / width_us).astype(np.int64), axis.width - 1)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    return places[starts], np.maximum.reduceat(values, starts)


def marks_of(flags: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Return which columns have something to mark, each flag at least one of them.

    Args:
        flags: Shape (bins,).
        width: Columns.
    """
    marks = np.zeros(width, bool)
    places = np.flatnonzero(flags)
    first = places * width // flags.size
    marks[first] = True
    if width > flags.size:  # bins are wider than columns
        last = ((places + 1) * width - 1) // flags.size
        for offset in range(1, -(-width // flags.size)):
            marks[np.minimum(first + offset, last)] = True
    return marks


class Sightings:
    """Where objects were seen and alarms were raised, over the whole recording.

    Args:
        bins: How many stretches of time are told apart.

    Attributes:
        objects: Shape (bins,): most objects at once.
        alarms: Shape (bins,): whether there was an alarm.
    """

    def __init__(self, bins: int = 2048) -> None:
        self.objects = np.zeros(bins, np.int16)
        self.alarms = np.zeros(bins, bool)
        self._span = (0, 0)

    def add(self, rows: NDArray[np.void], begin_us: int, end_us: int) -> None:
        """Take slices; all is forgotten when the recording turns out longer or is another."""
        if (begin_us, end_us) != self._span:
            self.objects[:], self.alarms[:] = 0, False
            self._span = (begin_us, end_us)
        if end_us <= begin_us or not rows.size:
            return
        place = (rows["t0"] - begin_us) * self.objects.size // (end_us - begin_us)
        inside = (place >= 0) & (place < self.objects.size)
        np.maximum.at(self.objects, place[inside], rows["objects"][inside])
        self.alarms[place[inside & rows["alarm"]]] = True
