"""Grey images from the exposure measurements of ATIS, at a regular interval.

Each pixel shows its latest measurement. The scale is logarithmic and the same for all images of a
recording: black is the time that one measurement in a hundred exceeds, white the time that one in
a hundred falls short of. Pixels that were not measured yet are black.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Frame, SensorSize
from eventvision.kernels import grey as kernel

INTERVAL_US = 40_000

_DARKEST, _BRIGHTEST = 0.99, 0.01


@dataclass(frozen=True, slots=True)
class Measurements:
    """A run of exposure events.

    Attributes:
        t: Times in us, shape (N,).
        x: Columns, shape (N,).
        y: Rows, shape (N,).
        second: Whether the second threshold was reached, shape (N,).
    """

    t: NDArray[np.int64]
    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    second: NDArray[np.bool_]

    def between(self, first: int, stop: int) -> Measurements:
        """Return the events of these positions."""
        part = slice(first, stop)
        return Measurements(self.t[part], self.x[part], self.y[part], self.second[part])


@dataclass(frozen=True, slots=True)
class GreyScale:
    """Which exposure times are black and white.

    Attributes:
        black_us: Exposure time shown as 0.
        white_us: Exposure time shown as 255.
    """

    black_us: float
    white_us: float

    @classmethod
    def of(cls, runs: Iterable[Measurements], sensor: SensorSize) -> GreyScale | None:
        """Return the scale that suits a recording; None if nothing was measured."""
        state = _Pixels(sensor)
        for run in runs:
            state.enter(run)
        total = np.cumsum(state.counts)
        if not total[-1]:
            return None
        bins = np.searchsorted(total, np.array([_DARKEST, _BRIGHTEST]) * total[-1])
        black_us, white_us = 2.0 ** ((bins + 0.5) / kernel.BINS_PER_OCTAVE)
        return cls(float(max(black_us, 2 * white_us)), float(white_us))

    def grey(self, took_us: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return grey levels of exposure times; black where there is none."""
        known = took_us > 0
        octaves = np.log2(self.black_us / np.where(known, took_us, 1))
        levels = 255 * octaves / np.log2(self.black_us / self.white_us)
        return np.where(known, np.rint(levels.clip(0, 255)), 0).astype(np.uint8)


def grey_frames(
    runs: Iterable[Measurements], scale: GreyScale, sensor: SensorSize
) -> Iterator[Frame]:
    """Yield an image at each whole multiple of the interval that the measurements reach."""
    state = _Pixels(sensor)
    due_us: int | None = None
    for run in runs:
        at = 0
        while at < run.t.size:
            if due_us is None:
                due_us = (int(run.t[0]) // INTERVAL_US + 1) * INTERVAL_US
            stop = at + int(np.searchsorted(run.t[at:], due_us))
            state.enter(run.between(at, stop))
            at = stop
            if at < run.t.size:
                yield Frame(due_us, 0, scale.grey(state.took))
                due_us = max(due_us + INTERVAL_US, int(run.t[at]) // INTERVAL_US * INTERVAL_US)


class _Pixels:
    """What is known of each pixel."""

    def __init__(self, sensor: SensorSize) -> None:
        self.took = np.full(sensor.shape, kernel.NEVER, np.int64)
        self.counts = np.zeros(kernel.BINS, np.int64)
        self._began = np.full(sensor.shape, kernel.NEVER, np.int64)

    def enter(self, run: Measurements) -> None:
        kernel.measure(run.t, run.x, run.y, run.second, self._began, self.took, self.counts)
