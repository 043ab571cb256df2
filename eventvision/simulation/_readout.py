"""How a camera's events get out: late by a little, and over a bus that may be too slow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, SensorSize
from eventvision.kernels.order import order_by_time
from eventvision.kernels.readout import BUS_DTYPE, FREE, LAST, delay_events, read_out
from eventvision.kernels.words import joined

from ._model import Bus, PixelModel

_MOST_CELLS = 1 << 20


class Readout:
    """Delays events and sends them over the bus; keeps those that are still on their way."""

    def __init__(self, sensor: SensorSize, model: PixelModel, *, seed: int) -> None:
        self._sensor, self._seed = sensor, seed
        self._jitter_us = model.jitter_us
        self._late = np.empty(0, EVENT_DTYPE)
        self._has_bus = model.bus is not Bus.NONE
        self._bus = np.zeros(1, BUS_DTYPE)
        self._bus["pass_us"], self._bus["line_us"] = model.bus_pass_us, model.bus_line_us
        self._bus["event_us"], self._bus["by_columns"] = (
            model.bus_event_us,
            model.bus is Bus.COLUMNS,
        )
        lines = sensor.width if model.bus is Bus.COLUMNS else sensor.height
        pixels = sensor.pixels if self._has_bus else 0
        self._heads, self._tails = np.full(lines, LAST, np.int32), np.zeros(lines, np.int32)
        self._successors = np.full(pixels, FREE, np.int32)
        self._polarities = np.zeros(pixels, np.bool_)

    @property
    def lost(self) -> int:
        """Events lost so far because their pixel still waited for the bus."""
        return int(self._bus["lost"][0])

    def read(self, fired: NDArray[np.void], t0_us: int, t1_us: int) -> NDArray[np.void]:
        """Take what the pixels fired between two times, and return what came out meanwhile.

        Args:
            fired: `EVENT_DTYPE`, in any order; changed in place. Times count from the camera's
                first image.
            t0_us: Up to when events came out before.
            t1_us: Up to when they come now.

        Returns:
            `EVENT_DTYPE`, in order of time.
        """
        ready = self._delayed(fired, t0_us, t1_us) if self._jitter_us else _ordered(fired, t0_us)
        if not self._has_bus:
            return ready
        out = np.empty(ready.size + int(self._bus["waiting"][0]), EVENT_DTYPE)
        written = read_out(
            ready,
            self._bus,
            self._heads,
            self._tails,
            self._successors,
            self._polarities,
            t1_us,
            self._sensor.width,
            out,
        )
        return out[:written]

    def _delayed(self, fired: NDArray[np.void], t0_us: int, t1_us: int) -> NDArray[np.void]:
        delay_events(fired, self._jitter_us, self._seed)
        events = joined([self._late, fired]) if self._late.size else fired
        ordered = _ordered(events, t0_us)
        ready = int(np.searchsorted(ordered["t"], t1_us))
        self._late = ordered[ready:].copy()
        return ordered[:ready]


def _ordered(events: NDArray[np.void], t0_us: int) -> NDArray[np.void]:
    """Return events in order of time; those of one time keep their order."""
    if not events.size:
        return events
    span_us = int(events["t"].max()) - t0_us + 1
    if span_us > _MOST_CELLS:
        return events[np.argsort(events["t"], kind="stable")]
    ordered = np.empty_like(events)
    order_by_time(events, t0_us, np.empty(span_us, np.int32), ordered)
    return ordered
