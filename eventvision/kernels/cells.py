"""Activity on a coarse grid: square cells that events charge and time discharges.

A cell's charge at time T is the sum of exp(-(T - t) / memory) over its events: an exponential
memory, the same however the stream is cut.

Light that flickers is told from things that move by the turns of polarity at one pixel. An edge
makes a pixel fire a run of one polarity and goes on; even the next edge seldom follows within
milliseconds, and hardly ever a third. A lamp on the mains turns the same pixel over every 5 ms
(4 ms at 60 Hz), again and again. A pixel with two quick turns in a row flickers, and its events
count apart; where they make up a good part of what a neighbourhood has seen of late, the whole of
it is lit by that lamp, including those pixels that follow it only now and then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

TURN_DTYPE = np.dtype([("t", "<i8"), ("turns", "<i4"), ("on", "?")], align=True)
"""t: us of the latest event; turns: quick turns of polarity in a row; on: latest polarity."""

LONG_AGO = -(1 << 60)
QUICK_US = 16_000
FLICKER_TURNS = 2


def new_pixels(height: int, width: int) -> NDArray[np.void]:
    """Return pixels (height, width) of `TURN_DTYPE` that have seen nothing."""
    pixels = np.zeros((height, width), TURN_DTYPE)
    pixels["t"] = LONG_AGO
    return pixels


@inline
def _fade(cells: NDArray[np.float32], factor: float) -> None:
    keep = np.float32(factor)
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            cells[row, column] *= keep


@kernel
def charge(
    events: NDArray[np.void],
    pixels: NDArray[np.void],
    cells: NDArray[np.float32],
    steady: NDArray[np.float32],
    flicker: NDArray[np.float32],
    cell_px: int,
    from_us: int,
    until_us: int,
    memory_us: float,
    long_memory_us: float,
) -> None:
    """Bring the cells from `from_us` to `until_us` and add the events between.

    Args:
        events: Shape (N,), `EVENT_DTYPE`, inside the sensor.
        pixels: Shape (height, width), `TURN_DTYPE`; updated.
        cells: Charges by events that do not flicker, shape (rows, columns); updated.
        steady: The same, remembered longer; updated.
        flicker: Charges by events that flicker, remembered as long as `steady`; updated.
        cell_px: Side of a cell in pixels.
        from_us: Time for which the charges stand.
        until_us: Time to bring them to; at or after every event.
        memory_us: Time constant of `cells`.
        long_memory_us: Time constant of `steady` and `flicker`.
    """
    passed = float(until_us - from_us)
    _fade(cells, np.exp(-passed / memory_us))
    _fade(steady, np.exp(-passed / long_memory_us))
    _fade(flicker, np.exp(-passed / long_memory_us))
    side = np.uint32(cell_px)
    t_us = until_us
    short, long = np.float32(1.0), np.float32(1.0)
    for i in range(events.size):
        event = events[i]
        pixel = pixels[event.y, event.x]
        if event.t - pixel.t > QUICK_US:
            pixel.turns = 0
        elif event.on != pixel.on:
            pixel.turns += 1
        pixel.t, pixel.on = event.t, event.on
        if event.t != t_us:
            t_us = event.t
            short = np.float32(np.exp((t_us - until_us) / memory_us))
            long = np.float32(np.exp((t_us - until_us) / long_memory_us))
        row, column = event.y // side, event.x // side
        if pixel.turns >= FLICKER_TURNS:
            flicker[row, column] += long
        else:
            cells[row, column] += short
            steady[row, column] += long


@kernel
def drop_flickering(
    active: NDArray[np.bool_],
    steady: NDArray[np.float32],
    flicker: NDArray[np.float32],
    reach: int,
    most_share: float,
) -> None:
    """Clear active cells where more than `most_share` of the charge within `reach` flickers."""
    rows, columns = active.shape
    for row in range(rows):
        for column in range(columns):
            if not active[row, column]:
                continue
            flickering, total = 0.0, 0.0
            for y in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for x in range(max(column - reach, 0), min(column + reach + 1, columns)):
                    flickering += flicker[y, x]
                    total += flicker[y, x] + steady[y, x]
            active[row, column] = flickering <= most_share * total
