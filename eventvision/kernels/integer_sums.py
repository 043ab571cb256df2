"""The sums of an integer network's layers, a stretch of one row at a time.

Each function fills 32-bit sums, pixel by pixel and 16 channels to a vector, for `count` pixels of
row `row` from column `first` on. `op` is a row of `integer_fields`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import integer_fields as f
from ._jit import inline
from .integer_tile import (
    WIDE_1,
    WIDE_2,
    WIDE_4,
    narrow_tile_1,
    narrow_tile_2,
    narrow_tile_4,
    wide_tile_1,
    wide_tile_2,
    wide_tile_4,
)
from .lanes import (
    Lanes,
    add,
    dot,
    either,
    larger,
    load_i16,
    load_i32,
    load_u8,
    shift_left,
    splat,
    store_i32,
)
from .sparse_conv import active_words, list_active, sum_listed_1, sum_listed_2, sum_listed_4

_VECTOR_BYTES = 64
_LANES = 16
_ROWS_OF_A_WORD = 4
ROOM_AFTER_A_LIST = 32
"""Words after a list of active words that may be written."""

Op = NDArray[np.int64]


@inline
def fill_dense(op: Op, row: int, first: int, count: int, sums: int, extra: int) -> None:
    """Convolve, by tiles, or by spikes where there are few.

    Args:
        op: The operation.
        row: Row of the result.
        first: Column of the first pixel.
        count: Number of pixels.
        sums: Where sums go.
        extra: Scratch memory for two lists of `RUNS * WORDS + ROOM_AFTER_A_LIST` words.
    """
    if _is_sparse(op, row):
        _fill_sparse(op, row, first, count, sums, extra)
    else:
        _fill_tiles(op, row, first, count, sums)


@inline
def _is_sparse(op: Op, row: int) -> bool:
    limit = op[f.SPARSE_BELOW]
    if limit <= 0:
        return False
    words = ((op[f.COLUMNS] - 1) * op[f.SOURCE_STEP]) // 4 + op[f.WORDS]
    address = op[f.SOURCE] + row * op[f.SOURCE_ROW]
    active = 0
    for run in range(op[f.RUNS]):
        active += active_words(address + run * op[f.RUN_PITCH], words)
    return bool(active * 1024 < limit * words * op[f.RUNS])


@inline
def _fill_tiles(op: Op, row: int, first: int, count: int, sums: int) -> None:
    step, runs, run_pitch, words = op[f.SOURCE_STEP], op[f.RUNS], op[f.RUN_PITCH], op[f.WORDS]
    start = op[f.SOURCE] + row * op[f.SOURCE_ROW] + first * step
    weights, vectors = op[f.WEIGHTS], op[f.VECTORS]
    pitch = vectors * _VECTOR_BYTES
    done = 0
    while done < vectors:
        out = sums + done * _VECTOR_BYTES
        if vectors - done >= 4:
            _tiles_4(start, step, runs, run_pitch, words, weights, out, pitch, count)
            width = 4
        elif vectors - done >= 2:
            _tiles_2(start, step, runs, run_pitch, words, weights, out, pitch, count)
            width = 2
        else:
            _tiles_1(start, step, runs, run_pitch, words, weights, out, pitch, count)
            width = 1
        weights += runs * words * width * _VECTOR_BYTES
        done += width


@inline
def _tiles_1(
    start: int, step: int, runs: int, run_pitch: int, words: int, weights: int, out: int,
    pitch: int, count: int,
) -> None:  # fmt: skip
    if count < WIDE_1:
        for x in range(count):
            narrow_tile_1(
                start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch
            )
        return
    for tile in range(0, count, WIDE_1):
        x = min(tile, count - WIDE_1)
        wide_tile_1(start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch)


@inline
def _tiles_2(
    start: int, step: int, runs: int, run_pitch: int, words: int, weights: int, out: int,
    pitch: int, count: int,
) -> None:  # fmt: skip
    if count < WIDE_2:
        for x in range(count):
            narrow_tile_2(
                start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch
            )
        return
    for tile in range(0, count, WIDE_2):
        x = min(tile, count - WIDE_2)
        wide_tile_2(start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch)


@inline
def _tiles_4(
    start: int, step: int, runs: int, run_pitch: int, words: int, weights: int, out: int,
    pitch: int, count: int,
) -> None:  # fmt: skip
    if count < WIDE_4:
        for x in range(count):
            narrow_tile_4(
                start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch
            )
        return
    for tile in range(0, count, WIDE_4):
        x = min(tile, count - WIDE_4)
        wide_tile_4(start + x * step, step, runs, run_pitch, words, weights, out + x * pitch, pitch)


@inline
def _fill_sparse(op: Op, row: int, first: int, count: int, sums: int, extra: int) -> None:
    step, runs, words, vectors = op[f.SOURCE_STEP], op[f.RUNS], op[f.WORDS], op[f.VECTORS]
    start = op[f.SOURCE] + row * op[f.SOURCE_ROW] + first * step
    places = extra + (runs * words + ROOM_AFTER_A_LIST) * 4
    for x in range(count):
        listed = list_active(start + x * step, runs, op[f.RUN_PITCH], words, extra, places)
        out, weights = sums + x * vectors * _VECTOR_BYTES, op[f.WEIGHTS]
        done = 0
        while done < vectors:
            if vectors - done >= 4:
                sum_listed_4(listed, extra, places, weights, out)
                width = 4
            elif vectors - done >= 2:
                sum_listed_2(listed, extra, places, weights, out)
                width = 2
            else:
                sum_listed_1(listed, extra, places, weights, out)
                width = 1
            weights += runs * words * width * _VECTOR_BYTES
            out += width * _VECTOR_BYTES
            done += width


@inline
def fill_depthwise(op: Op, row: int, first: int, count: int, sums: int, columns: int) -> None:
    """Convolve each channel with its own kernel.

    Four values above one another make the word that one instruction multiplies with four weights.
    A column of words serves all windows that cover it.

    Args:
        op: The operation.
        row: Row of the result.
        first: Column of the first pixel.
        count: Number of pixels.
        sums: Where sums go.
        columns: Scratch memory for one vector per column of the input.
    """
    stride = op[f.SOURCE_STEP] // op[f.PIXEL_PITCH]
    height, width, vectors = op[f.RUNS], op[f.WORDS], op[f.VECTORS]
    start = op[f.SOURCE] + row * op[f.SOURCE_ROW] + first * op[f.SOURCE_STEP]
    covered = (count - 1) * stride + width
    for vector in range(vectors):
        out = sums + vector * _VECTOR_BYTES
        for top in range(0, height, _ROWS_OF_A_WORD):
            _stack_columns(
                start + top * op[f.RUN_PITCH] + vector * _LANES, op[f.PIXEL_PITCH],
                op[f.RUN_PITCH], min(_ROWS_OF_A_WORD, height - top), covered, columns,
            )  # fmt: skip
            weights = op[f.WEIGHTS] + (vector * ((height + 3) // 4) + top // 4) * (
                width * _VECTOR_BYTES
            )
            if width == 3:
                _slide_3(columns, stride, count, weights, out, vectors * _VECTOR_BYTES, top > 0)
            else:
                _slide(
                    columns, stride, count, width, weights, out, vectors * _VECTOR_BYTES, top > 0
                )


@inline
def _stack_columns(
    start: int, pixel_pitch: int, run_pitch: int, rows: int, count: int, columns: int
) -> None:
    eight, sixteen, twenty_four = splat(8), splat(16), splat(24)
    for x in range(count):
        address = start + x * pixel_pitch
        word = load_u8(address)
        if rows > 1:
            word = either(word, shift_left(load_u8(address + run_pitch), eight))
        if rows > 2:
            word = either(word, shift_left(load_u8(address + 2 * run_pitch), sixteen))
        if rows > 3:
            word = either(word, shift_left(load_u8(address + 3 * run_pitch), twenty_four))
        store_i32(columns + x * _VECTOR_BYTES, word)


@inline
def _slide_3(
    columns: int, stride: int, count: int, weights: int, out: int, pitch: int, goes_on: bool
) -> None:
    left, middle, right = load_i32(weights), load_i32(weights + 64), load_i32(weights + 128)
    for x in range(count):
        word = columns + x * stride * _VECTOR_BYTES
        total = _before(out + x * pitch, goes_on)
        total = dot(total, load_i32(word), left)
        total = dot(total, load_i32(word + _VECTOR_BYTES), middle)
        total = dot(total, load_i32(word + 2 * _VECTOR_BYTES), right)
        store_i32(out + x * pitch, total)


@inline
def _slide(
    columns: int, stride: int, count: int, width: int, weights: int, out: int, pitch: int,
    goes_on: bool,
) -> None:  # fmt: skip
    for x in range(count):
        word = columns + x * stride * _VECTOR_BYTES
        total = _before(out + x * pitch, goes_on)
        for column in range(width):
            place = column * _VECTOR_BYTES
            total = dot(total, load_i32(word + place), load_i32(weights + place))
        store_i32(out + x * pitch, total)


@inline
def _before(out: int, goes_on: bool) -> Lanes:
    return load_i32(out) if goes_on else splat(0)


@inline
def fill_sum(op: Op, row: int, first: int, count: int, sums: int, terms: NDArray[np.int64]) -> None:
    """Add tensors of one shape, each shifted left.

    Args:
        op: The operation; `TERMS` is the first of its rows in `terms`, `RUNS` how many there are.
        row: Row of the result.
        first: Column of the first pixel.
        count: Number of pixels.
        sums: Where sums go.
        terms: Shape (terms of all operations, 4): address, row pitch, bytes of a value, shift.
    """
    vectors = op[f.VECTORS]
    for number in range(op[f.RUNS]):
        term = op[f.TERMS] + number
        size, shift = terms[term, 2], splat(terms[term, 3])
        start = terms[term, 0] + row * terms[term, 1] + first * vectors * _LANES * size
        for vector in range(count * vectors):
            address = start + vector * _LANES * size
            values = load_u8(address) if size == 1 else load_i16(address)
            values = shift_left(values, shift)
            out = sums + vector * _VECTOR_BYTES
            store_i32(out, values if number == 0 else add(load_i32(out), values))


@inline
def fill_pool(op: Op, row: int, first: int, count: int, sums: int) -> None:
    """Add up windows of unsigned bytes, or find their largest."""
    start = op[f.SOURCE] + row * op[f.SOURCE_ROW] + first * op[f.SOURCE_STEP]
    vectors, is_max = op[f.VECTORS], op[f.KIND] == f.POOL_MAX
    for x in range(count):
        for vector in range(vectors):
            corner = start + x * op[f.SOURCE_STEP] + vector * _LANES
            total = splat(0)
            for run in range(op[f.RUNS]):
                for column in range(op[f.WORDS]):
                    values = load_u8(corner + run * op[f.RUN_PITCH] + column * op[f.PIXEL_PITCH])
                    total = larger(total, values) if is_max else add(total, values)
            store_i32(sums + (x * vectors + vector) * _VECTOR_BYTES, total)
