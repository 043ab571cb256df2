"""Log intensity from events, filtered on the clock of each pixel's own events.

The method follows the idea of FIBAR (arXiv 2510.20071). A time constant in seconds suits one speed
only; counted in events of the pixel, one setting serves a crawling and a racing scene alike. Two
recursive stages, both with pole `p = 1 - 2 pi / cutoff_events`:

    mean  += (1 - p) (polarity - mean)          what this pixel says on average
    level  = p level + (polarity - mean)        log intensity, drift forgotten

The mean takes out unequal ON and OFF thresholds, the leak takes out what noise adds up to.

An event renews its pixel. Ageing is local and counted as well: every tile of 16x16 pixels has a
clock, which ticks when a pixel fires that has not done so for a few ticks; a lamp or a hot pixel
therefore stops the clock soon instead of ageing its neighbours. A rendering keeps pixels that are
young and have young neighbours, and spreads the others out: normalised averages over 2x2, 4x4, ...
blocks, weighted by freshness, fill in where the finer ones know little. Edges that are
being seen stay sharp; old trails and lone noise events melt into what surrounds them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

PIXEL_DTYPE = np.dtype([("level", "<f4"), ("mean", "<f4"), ("seen", "<i8")], align=True)
"""level: thresholds; mean: -1 to 1; seen: reading of the tile's clock at the latest event."""

TILE_SHIFT = 4
NEVER = -(1 << 40)
RENEWAL_TICKS = 8
FADING_TICKS = 64.0
MOST_WEIGHT = np.float32(0.5)
LEAST_WEIGHT = np.float32(0.1)
NEIGHBOURS_WANTED = np.float32(2.0)
LEVELS = 4


def new_state(height: int, width: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return pixels (height, width) of `PIXEL_DTYPE` that have seen nothing, and their clocks."""
    pixels = np.zeros((height, width), PIXEL_DTYPE)
    pixels["seen"] = NEVER
    tile = 1 << TILE_SHIFT
    return pixels, np.zeros((-(-height // tile), -(-width // tile)), np.int64)


@kernel
def integrate(
    events: NDArray[np.void], pixels: NDArray[np.void], clocks: NDArray[np.int64], pole: float
) -> None:
    """Take events into the state; cutting a stream in pieces changes nothing.

    Args:
        events: Shape (N,), `EVENT_DTYPE`, inside the sensor.
        pixels: Shape (height, width), `PIXEL_DTYPE`; updated.
        clocks: Shape (tiles down, tiles across); updated.
        pole: Of both stages, 0 to 1; `1 - 2 pi / cutoff_events`.
    """
    keep = np.float32(pole)
    learn = np.float32(1.0 - pole)
    for i in range(events.size):
        event = events[i]
        pixel = pixels[event.y, event.x]
        polarity = np.float32(1.0) if event.on else np.float32(-1.0)
        mean = pixel.mean + learn * (polarity - pixel.mean)
        pixel.mean = mean
        pixel.level = keep * pixel.level + (polarity - mean)
        row, column = event.y >> TILE_SHIFT, event.x >> TILE_SHIFT
        clock = clocks[row, column]
        if clock - pixel.seen > RENEWAL_TICKS:
            clock += 1
            clocks[row, column] = clock
        pixel.seen = clock


@kernel
def freshness(
    pixels: NDArray[np.void], clocks: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Write how fresh each pixel is: 1 just seen, falling by 1/e every `FADING_TICKS`, 0 never."""
    height, width = pixels.shape
    fading = np.exp(-np.arange(0, 8 * FADING_TICKS) / FADING_TICKS).astype(np.float32)
    for y in range(height):
        for x in range(width):
            age = clocks[y >> TILE_SHIFT, x >> TILE_SHIFT] - pixels[y, x].seen
            out[y, x] = fading[age] if age < fading.size else np.float32(0.0)


@kernel
def support(fresh: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the weight of each pixel: its freshness, as far as its eight neighbours share it."""
    height, width = fresh.shape
    columns = np.empty(width, np.float32)
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            columns[x] = fresh[above, x] + fresh[y, x] + fresh[below, x]
        for x in range(width):
            around = columns[max(x - 1, 0)] + columns[x] + columns[min(x + 1, width - 1)]
            shared = min((around - fresh[y, x]) / NEIGHBOURS_WANTED, np.float32(1.0))
            out[y, x] = min(max(fresh[y, x] * shared, LEAST_WEIGHT), MOST_WEIGHT)


@inline
def _gather(
    values: NDArray[np.float32],
    weights: NDArray[np.float32],
    coarse: NDArray[np.float32],
    coarse_weights: NDArray[np.float32],
) -> None:
    """Average 2x2 blocks by weight; a block is as sure as its pixels together, at most 1."""
    height, width = values.shape
    for row in range(coarse.shape[0]):
        for column in range(coarse.shape[1]):
            total = np.float32(0.0)
            weight = np.float32(0.0)
            for y in range(2 * row, min(2 * row + 2, height)):
                for x in range(2 * column, min(2 * column + 2, width)):
                    total += weights[y, x] * values[y, x]
                    weight += weights[y, x]
            coarse[row, column] = total / weight
            coarse_weights[row, column] = min(weight, np.float32(1.0))


@inline
def _spread(
    coarse: NDArray[np.float32], weights: NDArray[np.float32], values: NDArray[np.float32]
) -> None:
    """Blend `values` with the coarse image, bilinear, where their own weight is below 1."""
    height, width = values.shape
    rows, columns = coarse.shape
    near, far = np.float32(0.75), np.float32(0.25)
    line = np.empty(columns, np.float32)
    for y in range(height):
        row = y >> 1
        other = min(row + 1, rows - 1) if y & 1 else max(row - 1, 0)
        for column in range(columns):
            line[column] = near * coarse[row, column] + far * coarse[other, column]
        for x in range(width):
            column = x >> 1
            beside = min(column + 1, columns - 1) if x & 1 else max(column - 1, 0)
            around = near * line[column] + far * line[beside]
            weight = weights[y, x]
            values[y, x] = weight * values[y, x] + (np.float32(1.0) - weight) * around


@kernel
def smooth(values: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    """Replace `values`, where their weight is low, by weighted averages of ever wider blocks.

    Args:
        values: Shape (height, width); replaced.
        weights: Same shape, above 0, at most 1.
    """
    pyramid = [(values, weights)]
    for _ in range(LEVELS - 1):
        fine, fine_weights = pyramid[-1]
        shape = ((fine.shape[0] + 1) // 2, (fine.shape[1] + 1) // 2)
        coarse, coarse_weights = np.empty(shape, np.float32), np.empty(shape, np.float32)
        _gather(fine, fine_weights, coarse, coarse_weights)
        pyramid.append((coarse, coarse_weights))
    for level in range(LEVELS - 2, -1, -1):
        _spread(pyramid[level + 1][0], pyramid[level][1], pyramid[level][0])


@kernel
def swing(
    values: NDArray[np.float32], pixels: NDArray[np.void], share: float, bin_width: float
) -> float:
    """Return the size that `share` of the values stay within, among pixels that ever fired.

    Exact to `bin_width`; 0 where no pixel has fired.
    """
    bins = np.zeros(1024, np.int64)
    height, width = values.shape
    fired = 0
    for y in range(height):
        for x in range(width):
            if pixels[y, x].seen != NEVER:
                bins[min(int(abs(values[y, x]) / bin_width), bins.size - 1)] += 1
                fired += 1
    reached = 0
    for i in range(bins.size):
        reached += bins[i]
        if fired and reached >= share * fired:
            return (i + 1) * bin_width
    return 0.0
