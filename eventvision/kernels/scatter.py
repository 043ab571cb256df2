"""Events into pictures: counts, and grids that are bilinear in time.

The kernels also note which cells they wrote, so that a picture can be cleared for the next slice
at a cost that goes with its events and not with its size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, polarity, row


@kernel
def add_counts(
    words: NDArray[np.uint64],
    planes: NDArray[np.float32],
    written: NDArray[np.int32],
    width: int,
    pixels: int,
) -> None:
    """Count OFF events in plane 0 and ON events in plane 1.

    Args:
        words: Events, shape (N, 2).
        planes: Shape (2 * pixels,); grows by one per event.
        written: Shape (N,) or longer; receives the cell of each event.
        width: Width of the sensor.
        pixels: Number of pixels.
    """
    pitch, plane = np.uint64(width), np.uint64(pixels)
    for i in range(words.shape[0]):
        address = words[i, 1]
        cell = polarity(address) * plane + row(address) * pitch + column(address)
        planes[cell] += np.float32(1)
        written[i] = np.int32(cell)


@kernel
def add_voxels(
    words: NDArray[np.uint64],
    planes: NDArray[np.float32],
    written: NDArray[np.int32],
    stops: NDArray[np.int64],
    width: int,
    step: int,
    t0_us: int,
    duration_us: int,
) -> None:
    """Share the polarity of each event between the two planes around its time.

    Events come in order of time, so they are taken interval by interval, and only two planes are in
    use at once. Positions within an interval are exact integers before they become float32.

    Args:
        words: Events, shape (N, 2).
        planes: Planes one after the other, flat; an event adds its polarity (ON 1, OFF -1), split.
        written: Shape (N,) or longer; receives the earlier cell of each event, the later one lies
            `step` behind it.
        stops: Index of the first event after each interval between two planes.
        width: Width of the sensor.
        step: Cells from a plane to the next.
        t0_us: Time of plane 0.
        duration_us: Time from plane 0 to the last plane.
    """
    pitch, ahead = np.uint64(width), np.uint64(step)
    intervals = stops.size if step else 0
    scale = np.float32(1) / np.float32(duration_us)
    start = 0
    for interval in range(stops.size):
        plane = np.uint64(interval * step)
        origin = t0_us * intervals + interval * duration_us
        for i in range(start, stops[interval]):
            address = words[i, 1]
            cell = plane + row(address) * pitch + column(address)
            share = np.float32(np.int64(words[i, 0]) * intervals - origin) * scale
            sign = np.float32(2) * np.float32(polarity(address)) - np.float32(1)
            late = sign * share
            planes[cell] += sign - late
            planes[cell + ahead] += late
            written[i] = np.int32(cell)
        start = stops[interval]


@kernel
def clear_cells(planes: NDArray[np.float32], written: NDArray[np.int32], step: int) -> None:
    """Set the written cells, and those `step` behind them, to zero.

    Args:
        planes: Flat.
        written: Cells, shape (N,).
        step: Distance of the second cell; 0 for none.
    """
    ahead = np.uint64(step)
    for i in range(written.size):
        cell = np.uint64(written[i])
        planes[cell] = np.float32(0)
        planes[cell + ahead] = np.float32(0)
