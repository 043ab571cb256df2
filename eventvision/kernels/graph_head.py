"""What reads a graph's map: 3x3 convolutions with ReLU, and one linear layer at each place.

Images are float32 with channels last, contiguous, and have a margin of one pixel of zeros all
around, so that no window needs a test. Channels that go out are multiples of 16; neighbouring
pixels are computed side by side, see `float_tile`. Where a row has fewer pixels left than a tile,
its last ones are computed again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of
from .float_lanes import add_weighted, load_f32, store_f32
from .float_tile import PIXELS, narrow_tile_1, narrow_tile_2, wide_tile_1, wide_tile_2
from .graph_fields import Whole
from .graph_map import FADE_BITS

_BYTES = 4
_LANES = 16
_VECTOR_BYTES = _LANES * _BYTES
_SIDE = 3

Floats = NDArray[np.float32]


@kernel
def lay_out(sums: Floats, counts: Floats, logarithms: Floats, by_cell: bool, image: Floats) -> None:
    """Write a map within the margin of the first image, divided by how many events there were.

    Args:
        sums: Shape (rows, columns, channels).
        counts: Shape (rows, columns).
        logarithms: Of the counts + 1, shape (rows, columns); asked for by cell only.
        by_cell: Whether features are divided by the cell's own count + 1 and the count becomes its
            logarithm; else all is divided by the mean count + 1.
        image: Shape (rows + 2, columns + 2, channels + 1).
    """
    rows, columns, channels = sums.shape
    total = np.float32(0)
    for row in range(rows):
        for column in range(columns):
            total += counts[row, column]
    whole = total / np.float32(rows * columns) + np.float32(1)
    for row in range(rows):
        for column in range(columns):
            count = counts[row, column]
            share = np.float32(1) / (count + np.float32(1) if by_cell else whole)
            for c in range(channels):
                image[row + 1, column + 1, c] = sums[row, column, c] * share
            image[row + 1, column + 1, channels] = (
                logarithms[row, column] if by_cell else count * share
            )


@kernel
def convolve(x: Floats, weight: Floats, bias: Floats, stride: int, out: Floats) -> None:
    """Convolve by 3x3, take what is positive, and write it within the margin of `out`.

    Args:
        x: Shape (rows + 2, columns + 2, inputs).
        weight: Shape (3, 3, inputs, outputs).
        bias: Shape (outputs,).
        stride: Pixels from one window to the next.
        out: Shape (rows after + 2, columns after + 2, outputs).
    """
    inputs = x.shape[2]
    rows, columns, outputs = out.shape[0] - 2, out.shape[1] - 2, out.shape[2]
    x_row, out_row = x.shape[1] * inputs * _BYTES, out.shape[1] * outputs * _BYTES
    step, pitch = stride * inputs * _BYTES, outputs * _BYTES
    for row in range(rows):
        above = address_of(x) + row * stride * x_row
        to = address_of(out) + (row + 1) * out_row + pitch
        column = 0
        while column < columns:
            tile = PIXELS if columns >= PIXELS else 1
            column = min(column, columns - tile)
            _tile(tile, above + column * step, step, x_row, inputs, address_of(weight), pitch,
                  address_of(bias), to + column * pitch)  # fmt: skip
            column += tile


@inline
def _tile(
    pixels: Whole, x: Whole, step: Whole, x_row: Whole, inputs: Whole, weight: Whole, pitch: Whole,
    bias: Whole, to: Whole,
) -> None:  # fmt: skip
    """Compute all channels of one pixel, or of `PIXELS` neighbours, 32 at once where they last."""
    numbers, lane = _SIDE * inputs, 0
    while lane < pitch:
        is_pair = lane + _VECTOR_BYTES < pitch
        if pixels == PIXELS and is_pair:
            wide_tile_2(x, step, x_row, numbers, weight + lane, pitch, bias + lane, to + lane)
        elif pixels == PIXELS:
            wide_tile_1(x, step, x_row, numbers, weight + lane, pitch, bias + lane, to + lane)
        elif is_pair:
            narrow_tile_2(x, step, x_row, numbers, weight + lane, pitch, bias + lane, to + lane)
        else:
            narrow_tile_1(x, step, x_row, numbers, weight + lane, pitch, bias + lane, to + lane)
        lane += 2 * _VECTOR_BYTES if is_pair else _VECTOR_BYTES


@kernel
def mix(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """Multiply the channels of each pixel by a matrix.

    Args:
        x: Shape (rows + 2, columns + 2, inputs).
        weight: Shape (inputs, outputs).
        bias: Shape (outputs,).
        out: Shape (rows, columns, outputs).
    """
    inputs = x.shape[2]
    rows, columns, outputs = out.shape
    pitch = outputs * _BYTES
    for row in range(rows):
        for column in range(columns):
            place = address_of(x) + ((row + 1) * x.shape[1] + column + 1) * inputs * _BYTES
            to = address_of(out) + (row * columns + column) * pitch
            for lane in range(0, pitch, _VECTOR_BYTES):
                total = load_f32(address_of(bias) + lane)
                for k in range(inputs):
                    weights = address_of(weight) + k * pitch + lane
                    total = add_weighted(total, place + k * _BYTES, weights)
                store_f32(to + lane, total)


@kernel
def fade_floats(
    sums: Floats, counts: Floats, ticks: NDArray[np.int64], table: Floats, tick: int, scale: float,
    faded: Floats, faded_counts: Floats,
) -> None:  # fmt: skip
    """Write how the map of a float network has faded until a tick.

    Args:
        sums: (cells, padded channels), as of the cells' ticks.
        counts: (cells,).
        ticks: (cells,).
        table: What is left after so many ticks.
        tick: Until when.
        scale: What features are multiplied by.
        faded: Gets the features, (cells, channels).
        faded_counts: Gets the counts, (cells,).
    """
    factor = np.float32(scale)
    for cell in range(counts.size):
        left = table[min(max(tick - ticks[cell], 0), table.size - 1)]
        for c in range(faded.shape[1]):
            faded[cell, c] = sums[cell, c] * left * factor
        faded_counts[cell] = counts[cell] * left


@kernel
def fade_integers(
    sums: NDArray[np.int64], counts: NDArray[np.int64], ticks: NDArray[np.int64],
    table: NDArray[np.int64], tick: int, scale: float, unit: float, faded: Floats,
    faded_counts: Floats,
) -> None:  # fmt: skip
    """Do the same for an integer network, whose numbers are in units of `unit`.

    They are reckoned in float64, which is faster and exact: below 2**38, shares of them fit in.
    """
    for cell in range(counts.size):
        entry = table[min(max(tick - ticks[cell], 0), table.size - 1)]
        left = np.float64(entry) * 2.0**-FADE_BITS
        for c in range(faded.shape[1]):
            faded[cell, c] = np.float32(np.floor(sums[cell, c] * left) * (unit * scale))
        faded_counts[cell] = np.float32(np.floor(counts[cell] * left) * unit)
