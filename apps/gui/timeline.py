"""What the timeline draws, as columns of numbers: one for each pixel of its width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .history import History
from .overview import Overview

RECENT_US = 2_000_000
"""So much of the past the lane of slices shows at real time; more in fast motion."""


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
    rates = np.zeros((2, axis.width))
    first = np.clip(np.floor(bins[:-1]).astype(np.int64), 0, counts.shape[1])
    last = np.clip(np.ceil(bins[1:]).astype(np.int64), 0, counts.shape[1])
    filled = np.flatnonzero(last > first)
    if filled.size:
        for row in range(2):
            padded = np.append(counts[row], 0)
            pairs = np.stack([first[filled], last[filled]], axis=1).reshape(-1)
            rates[row, filled] = np.maximum.reduceat(padded, pairs)[::2]
    return rates * (1e6 / overview.bin_us)


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


def slice_rates(history: History, axis: Axis) -> NDArray[np.void]:
    """Return the rows of slices that lie on an axis."""
    rows = history.rows
    return rows[(rows["t1"] > axis.begin_us) & (rows["t0"] < axis.end_us)]


def potential_on(history: History, axis: Axis) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return times and values of the trigger's potential on an axis."""
    first = int(np.searchsorted(history.trace_us, axis.begin_us))
    return history.trace_us[first:], history.trace[first:]


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
