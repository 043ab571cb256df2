"""What reads a graph's map: 3x3 convolutions with ReLU, and one linear layer at each place.

Images are float32 with channels last, contiguous, and have a margin of one pixel of zeros all
around, so that no window needs a test. Channels that go out are multiples of 16; eight neighbouring
pixels are computed side by side, so that a weight is loaded once for all of them. Where a row has
fewer than eight pixels left, the last eight of it are computed again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of
from .float_lanes import add_weighted, larger_f32, load_f32, splat_f32, store_f32
from .graph_fields import Whole
from .graph_map import FADE_BITS

_BYTES = 4
_LANES = 16
_VECTOR_BYTES = _LANES * _BYTES
_SIDE = 3
_TILE = 8

Floats = NDArray[np.float32]


@kernel
def lay_out(sums: Floats, counts: Floats, by_cell: bool, image: Floats) -> None:
    """Write a map within the margin of the first image, divided by how many events there were.

    Args:
        sums: Shape (rows, columns, channels).
        counts: Shape (rows, columns).
        by_cell: Whether features are divided by the cell's own count + 1 and the count becomes a
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
            image[row + 1, column + 1, channels] = np.log1p(count) if by_cell else count * share


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
        for lane in range(0, pitch, _VECTOR_BYTES):
            weights, start = address_of(weight) + lane, address_of(bias) + lane
            column = 0
            while column < columns:
                if columns >= _TILE:
                    column = min(column, columns - _TILE)
                    _eight(above + column * step, x_row, step, inputs, weights, pitch, start,
                           to + column * pitch + lane)  # fmt: skip
                    column += _TILE
                else:
                    _one(above + column * step, x_row, inputs, weights, pitch, start,
                         to + column * pitch + lane)  # fmt: skip
                    column += 1


@inline
def _eight(
    x: Whole, x_row: Whole, step: Whole, inputs: Whole, weight: Whole, pitch: Whole, bias: Whole,
    to: Whole,
) -> None:  # fmt: skip
    """Compute sixteen channels of eight neighbouring pixels."""
    a = load_f32(bias)
    b, c, d, e, f, g, h = a, a, a, a, a, a, a
    for dy in range(_SIDE):
        values = x + dy * x_row
        weights = weight + dy * _SIDE * inputs * pitch
        for k in range(_SIDE * inputs):
            place, value = weights + k * pitch, values + k * _BYTES
            a = add_weighted(a, value, place)
            b = add_weighted(b, value + step, place)
            c = add_weighted(c, value + 2 * step, place)
            d = add_weighted(d, value + 3 * step, place)
            e = add_weighted(e, value + 4 * step, place)
            f = add_weighted(f, value + 5 * step, place)
            g = add_weighted(g, value + 6 * step, place)
            h = add_weighted(h, value + 7 * step, place)
    nothing = splat_f32(np.float32(0))
    store_f32(to, larger_f32(a, nothing))
    store_f32(to + pitch, larger_f32(b, nothing))
    store_f32(to + 2 * pitch, larger_f32(c, nothing))
    store_f32(to + 3 * pitch, larger_f32(d, nothing))
    store_f32(to + 4 * pitch, larger_f32(e, nothing))
    store_f32(to + 5 * pitch, larger_f32(f, nothing))
    store_f32(to + 6 * pitch, larger_f32(g, nothing))
    store_f32(to + 7 * pitch, larger_f32(h, nothing))


@inline
def _one(
    x: Whole, x_row: Whole, inputs: Whole, weight: Whole, pitch: Whole, bias: Whole, to: Whole
) -> None:
    """Compute sixteen channels of a pixel."""
    total = load_f32(bias)
    for dy in range(_SIDE):
        values = x + dy * x_row
        weights = weight + dy * _SIDE * inputs * pitch
        for k in range(_SIDE * inputs):
            total = add_weighted(total, values + k * _BYTES, weights + k * pitch)
    store_f32(to, larger_f32(total, splat_f32(np.float32(0))))


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
    """Do the same for an integer network, whose numbers are in units of `unit`."""
    for cell in range(counts.size):
        left = table[min(max(tick - ticks[cell], 0), table.size - 1)]
        for c in range(faded.shape[1]):
            faded[cell, c] = np.float32(((sums[cell, c] * left) >> FADE_BITS) * (unit * scale))
        faded_counts[cell] = np.float32(((counts[cell] * left) >> FADE_BITS) * unit)
