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

from ._jit import kernel

PIXEL_DTYPE = np.dtype([("level", "<f4"), ("mean", "<f4"), ("seen", "<u4")])
"""level: thresholds, exactly 0 if the pixel never fired; mean: -1 to 1; seen: reading of the tile's
clock at the latest event. Clocks run modulo 2**32."""

TILE_SHIFT = 4
LONG_AGO = np.uint32(1 << 31)
RENEWAL_TICKS = np.uint32(8)
FADING_TICKS = 64.0
MOST_WEIGHT = np.float32(0.5)
LEAST_WEIGHT = np.float32(0.1)
NEIGHBOURS_WANTED = np.float32(2.0)
LEVELS = 4

FADING = np.exp(-np.arange(0, 8 * FADING_TICKS) / FADING_TICKS).astype(np.float32)
FADING[-1] = 0.0
"""Freshness by age in ticks; the last entry stands for all that is older."""


def new_state(height: int, width: int) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    """Return pixels (height, width) of `PIXEL_DTYPE` that have seen nothing, and their clocks."""
    tile = 1 << TILE_SHIFT
    clocks = np.full((-(-height // tile), -(-width // tile)), LONG_AGO, np.uint32)
    return np.zeros((height, width), PIXEL_DTYPE), clocks


@kernel
def integrate(
    events: NDArray[np.void], pixels: NDArray[np.void], clocks: NDArray[np.uint32], pole: float
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
        if np.uint32(clock - pixel.seen) > RENEWAL_TICKS:
            clock = np.uint32(clock + 1)
            clocks[row, column] = clock
        pixel.seen = clock


@kernel
def read_out(
    pixels: NDArray[np.void],
    clocks: NDArray[np.uint32],
    levels: NDArray[np.float32],
    fresh: NDArray[np.float32],
) -> None:
    """Write the levels, and how fresh each is: 1 just seen, 1/e after `FADING_TICKS`, 0 never."""
    height, width = pixels.shape
    oldest = np.uint32(FADING.size - 1)
    for y in range(height):
        for x in range(width):
            pixel = pixels[y, x]
            age = np.uint32(clocks[y >> TILE_SHIFT, x >> TILE_SHIFT] - pixel.seen)
            levels[y, x] = pixel.level
            fresh[y, x] = FADING[min(age, oldest)]


@kernel
def support(fresh: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the weight of each pixel: its freshness, as far as its eight neighbours share it."""
    height, width = fresh.shape
    columns = np.empty(width + 2, np.float32)
    one = np.float32(1.0)
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            columns[x + 1] = fresh[above, x] + fresh[y, x] + fresh[below, x]
        columns[0], columns[width + 1] = columns[1], columns[width]
        for x in range(width):
            others = columns[x] + columns[x + 1] + columns[x + 2] - fresh[y, x]
            weight = fresh[y, x] * min(others / NEIGHBOURS_WANTED, one)
            out[y, x] = min(max(weight, LEAST_WEIGHT), MOST_WEIGHT)


@kernel
def gather(
    values: NDArray[np.float32],
    weights: NDArray[np.float32],
    coarse: NDArray[np.float32],
    coarse_weights: NDArray[np.float32],
) -> None:
    """Average 2x2 blocks by weight; a block is as sure as its pixels together, at most 1."""
    height, width = values.shape
    one = np.float32(1.0)
    totals = np.empty(width + 1, np.float32)
    sums = np.empty(width + 1, np.float32)
    totals[width], sums[width] = 0.0, 0.0
    for row in range(coarse.shape[0]):
        top = 2 * row
        for x in range(width):
            totals[x] = weights[top, x] * values[top, x]
            sums[x] = weights[top, x]
        if top + 1 < height:
            for x in range(width):
                totals[x] += weights[top + 1, x] * values[top + 1, x]
                sums[x] += weights[top + 1, x]
        for column in range(coarse.shape[1]):
            weight = sums[2 * column] + sums[2 * column + 1]
            coarse[row, column] = (totals[2 * column] + totals[2 * column + 1]) / weight
            coarse_weights[row, column] = min(weight, one)


@kernel
def spread(
    coarse: NDArray[np.float32], weights: NDArray[np.float32], values: NDArray[np.float32]
) -> None:
    """Blend `values` with the coarse image, bilinear, where their own weight is below 1."""
    height, width = values.shape
    rows, columns = coarse.shape
    near, far = np.float32(0.75), np.float32(0.25)
    line = np.empty(columns + 2, np.float32)
    around = np.empty(2 * columns, np.float32)
    for y in range(height):
        row = y >> 1
        other = min(row + 1, rows - 1) if y & 1 else max(row - 1, 0)
        for column in range(columns):
            line[column + 1] = near * coarse[row, column] + far * coarse[other, column]
        line[0], line[columns + 1] = line[1], line[columns]
        for column in range(columns):
            around[2 * column] = near * line[column + 1] + far * line[column]
            around[2 * column + 1] = near * line[column + 1] + far * line[column + 2]
        for x in range(width):
            values[y, x] = around[x] + weights[y, x] * (values[y, x] - around[x])


def smooth(values: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    """Replace `values`, where their weight is low, by weighted averages of ever wider blocks.

    Args:
        values: Shape (height, width); replaced.
        weights: Same shape, above 0, at most 1.
    """
    pyramid = [(values, weights)]
    for _ in range(LEVELS - 1):
        height, width = pyramid[-1][0].shape
        shape = ((height + 1) // 2, (width + 1) // 2)
        coarser = np.empty(shape, np.float32), np.empty(shape, np.float32)
        gather(*pyramid[-1], *coarser)
        pyramid.append(coarser)
    for fine, coarse in zip(pyramid[-2::-1], pyramid[:0:-1], strict=True):
        spread(coarse[0], fine[1], fine[0])


@kernel
def swing(
    values: NDArray[np.float32], pixels: NDArray[np.void], share: float, bin_width: float
) -> float:
    """Return the size that `share` of the values stay within, among pixels that ever fired.

    Exact to `bin_width`; 0 where no pixel has fired. On large sensors every n-th row is looked at,
    so that some forty thousand pixels are.
    """
    bins = np.zeros(1024, np.int64)
    height, width = values.shape
    fired = 0
    for y in range(0, height, max(height * width // 40_000, 1)):
        for x in range(width):
            if pixels[y, x].level != 0.0:
                bins[min(int(abs(values[y, x]) / bin_width), bins.size - 1)] += 1
                fired += 1
    reached = 0
    for i in range(bins.size):
        reached += bins[i]
        if fired and reached >= share * fired:
            return (i + 1) * bin_width
    return 0.0


@kernel
def to_grey(values: NDArray[np.float32], half_range: float) -> None:
    """Map `-half_range` to `half_range` onto 0 to 1 in place, clipping what lies outside."""
    height, width = values.shape
    scale, middle = np.float32(0.5 / half_range), np.float32(0.5)
    black, white = np.float32(0.0), np.float32(1.0)
    for y in range(height):
        for x in range(width):
            values[y, x] = min(max(values[y, x] * scale + middle, black), white)
