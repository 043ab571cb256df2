"""The integer form of what reads a graph's map: images of bytes, sums of 32 bits.

Images are uint8 with channels last, contiguous, with a margin of one pixel of zeros all around;
channels are filled up to words of four. A row's sums are made by the tiles of `integer_tile`, and
become bytes while they are in the cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import arithmetic, inline, kernel
from ._memory import address_of
from .graph_fields import Whole
from .integer_tile import (
    VECTOR_BYTES,
    WIDE_1,
    WIDE_2,
    narrow_tile_1,
    narrow_tile_2,
    wide_tile_1,
    wide_tile_2,
)
from .lanes import LANES, add, larger, load_i32, shift_right, smaller, splat, store_u8

_LARGEST = 255
_SIDE = 3
_WORD = 4

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@arithmetic
def lay_out_bytes(sums: Floats, counts: Floats, gain: Floats, levels: Floats, image: Bytes) -> None:
    """Write a map within the margin of the first image.

    Args:
        sums: Shape (rows, columns, channels).
        counts: Shape (rows, columns).
        gain: Features by event are multiplied by it, shape (channels,).
        levels: Counts from which on the last channel is 1, 2, ..., shape (255,).
        image: Shape (rows + 2, columns + 2, channels + 1 or more).
    """
    rows, columns, channels = sums.shape
    for row in range(rows):
        for column in range(columns):
            count, place = counts[row, column], image[row + 1, column + 1]
            if count == 0:
                place[:] = 0
                continue
            share, features = np.float32(1) / (count + np.float32(1)), sums[row, column]
            for c in range(channels):
                feature = features[c] * share * gain[c] + np.float32(0.5)
                place[c] = np.uint8(np.int32(min(feature, np.float32(_LARGEST))))
            place[channels] = _reached(levels, count)


@inline
def _reached(levels: Floats, count: Whole) -> Whole:
    """Return how many levels a count has reached, by bisection."""
    reached, step = 0, (_LARGEST + 1) // 2
    while step > 0:
        reached += step if levels[reached + step - 1] <= count else 0
        step //= 2
    return reached


@kernel
def convolve_bytes(
    x: Bytes, weight: NDArray[np.int8], half: NDArray[np.int32], shift: NDArray[np.int32],
    stride: int, sums: NDArray[np.int32], out: Bytes,
) -> None:  # fmt: skip
    """Convolve by 3x3, and write the sums as bytes within the margin of `out`.

    Args:
        x: Shape (rows + 2, columns + 2, inputs), inputs in whole words.
        weight: Shape (groups of up to 32 outputs, 3, words, outputs of the group, 4), flat.
        half: Added to sums, shape (outputs,).
        shift: How far they are shifted to the right then, shape (outputs,).
        stride: Pixels from one window to the next.
        sums: Room for the sums of a row, shape (columns after, outputs).
        out: Shape (rows after + 2, columns after + 2, outputs), outputs in whole vectors.
    """
    inputs, row_bytes = x.shape[2], x.shape[1] * x.shape[2]
    rows, columns, outputs = out.shape[0] - 2, out.shape[1] - 2, out.shape[2]
    for row in range(rows):
        above = address_of(x) + row * stride * row_bytes
        _row_of_sums(above, stride * inputs, _SIDE, row_bytes, _SIDE * inputs // _WORD,
                     address_of(weight), address_of(sums), columns, outputs)  # fmt: skip
        to = address_of(out) + ((row + 1) * out.shape[1] + 1) * outputs
        for column in range(columns):
            for c in range(0, outputs, LANES):
                place = column * outputs + c
                total = add(
                    load_i32(address_of(sums) + place * _WORD),
                    load_i32(address_of(half) + c * _WORD),
                )
                total = shift_right(total, load_i32(address_of(shift) + c * _WORD))
                store_u8(to + place, larger(smaller(total, splat(_LARGEST)), splat(0)))


@kernel
def mix_bytes(
    x: Bytes, weight: NDArray[np.int8], bias: NDArray[np.int32], worth: Floats,
    sums: NDArray[np.int32], out: Floats,
) -> None:  # fmt: skip
    """Multiply the channels of each pixel by a matrix, and say what the sums are worth.

    Args:
        x: Shape (rows + 2, columns + 2, inputs).
        weight: Shape (groups, words, outputs of the group, 4), flat; see `convolve_bytes`.
        bias: Added to sums, shape (padded outputs,).
        worth: What 1 is worth, shape (outputs,).
        sums: Room for the sums of a row, shape (columns, padded outputs).
        out: Shape (outputs, rows, columns).
    """
    inputs = x.shape[2]
    outputs, rows, columns = out.shape
    for row in range(rows):
        first = address_of(x) + ((row + 1) * x.shape[1] + 1) * inputs
        _row_of_sums(first, inputs, 1, 0, inputs // _WORD, address_of(weight), address_of(sums),
                     columns, sums.shape[1])  # fmt: skip
        for c in range(outputs):
            for column in range(columns):
                out[c, row, column] = np.float32(sums[column, c] + bias[c]) * worth[c]


@inline
def _row_of_sums(
    x: Whole, step: Whole, runs: Whole, run_pitch: Whole, words: Whole, weight: Whole,
    sums: Whole, columns: Whole, outputs: Whole,
) -> None:  # fmt: skip
    """Compute all channels of a row, 32 at once where they last."""
    pitch, done = outputs * _WORD, 0
    while done < pitch:
        out = sums + done
        is_pair = done + VECTOR_BYTES < pitch
        wide = WIDE_2 if is_pair else WIDE_1
        column = 0
        while column < columns:
            tile = wide if columns >= wide else 1
            column = min(column, columns - tile)
            start, to = x + column * step, out + column * pitch
            if tile > 1 and is_pair:
                wide_tile_2(start, step, runs, run_pitch, words, weight, to, pitch)
            elif tile > 1:
                wide_tile_1(start, step, runs, run_pitch, words, weight, to, pitch)
            elif is_pair:
                narrow_tile_2(start, step, runs, run_pitch, words, weight, to, pitch)
            else:
                narrow_tile_1(start, step, runs, run_pitch, words, weight, to, pitch)
            column += tile
        width = 2 * VECTOR_BYTES if is_pair else VECTOR_BYTES
        weight += runs * words * width
        done += width
