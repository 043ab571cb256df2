"""What becomes of the sums of an integer network's layer while they are still in the cache.

Shift, saturate, add a residual, store the current, and let a neuron, a readout or a narrowing take
it from there: all in one pass, 16 channels at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import integer_fields as f
from ._jit import inline
from .integer_finish_pair import can_pair, finish_pair
from .lanes import (
    Lanes,
    add,
    both,
    larger,
    load_i16,
    load_i32,
    multiply,
    scaled,
    shift_left,
    shift_right,
    smaller,
    splat,
    store_i16,
    store_u8,
    subtract,
)

_VECTOR_BYTES = 64
_LANES = 16
_HALF_BYTES = 32

Op = NDArray[np.int64]


@inline
def _saturated(values: Lanes) -> Lanes:
    """Clip to int16."""
    return smaller(larger(values, splat(-32768)), splat(32767))


@inline
def _current(
    sums: int, bias: Lanes, shift: Lanes, left: int, own_shift: Lanes, other: int,
    other_shift: Lanes, stored: int,
) -> Lanes:  # fmt: skip
    """Return the int16 current of 16 channels, with a residual if there is one; store it if asked.

    Args:
        sums: Address of the sums.
        bias: Added first; holds the half that rounds the shift.
        shift: How far to the right.
        left: Address of how far to the left; 0 where no channel is.
        own_shift: How far to the left before a residual is added.
        other: Address of the residual, or 0.
        other_shift: How far it is shifted left.
        stored: Address where the current is stored, or 0.
    """
    total = shift_right(add(load_i32(sums), bias), shift)
    if left != 0:
        total = shift_left(total, load_i32(left))
    current = _saturated(total)
    if other != 0:
        residual = shift_left(load_i16(other), other_shift)
        current = _saturated(add(shift_left(current, own_shift), residual))
    if stored != 0:
        store_i16(stored, current)
    return current


@inline
def _charged(
    potential: int, current: Lanes, leak: Lanes, mask: Lanes, second_leak: Lanes, second_mask: Lanes
) -> Lanes:
    """Leak, add the current, saturate."""
    before = load_i16(potential)
    lost = both(shift_right(before, leak), mask)
    also_lost = both(shift_right(before, second_leak), second_mask)
    return _saturated(add(subtract(subtract(before, lost), also_lost), current))


@inline
def finish(op: Op, row: int, first: int, count: int, sums: int) -> None:
    """Finish `count` pixels of a row, from column `first` on, whose sums are ready."""
    vectors = op[f.VECTORS]
    pairs = vectors // 2 if can_pair(op) else 0
    for pair in range(pairs):
        finish_pair(op, row, first, 2 * pair, count, sums + 2 * pair * _VECTOR_BYTES)
    for vector in range(2 * pairs, vectors):
        _finish_vector(op, row, first, vector, count, sums + vector * _VECTOR_BYTES)


@inline
def _finish_vector(op: Op, row: int, first: int, vector: int, count: int, sums: int) -> None:
    vectors, kind = op[f.VECTORS], op[f.FINISH]
    pitch, half_pitch, result_step = (
        vectors * _VECTOR_BYTES, vectors * _HALF_BYTES, op[f.RESULT_STEP],
    )  # fmt: skip
    place = first * half_pitch + vector * _HALF_BYTES
    bias = load_i32(op[f.BIAS] + vector * _VECTOR_BYTES)
    shift = load_i32(op[f.SHIFT] + vector * _VECTOR_BYTES)
    left = op[f.LEFT] + vector * _VECTOR_BYTES if op[f.LEFT] != 0 else 0
    own_shift, other_shift = splat(op[f.OWN_SHIFT]), splat(op[f.OTHER_SHIFT])
    has_other, is_stored = op[f.OTHER] != 0, op[f.CURRENT] != 0
    other = op[f.OTHER] + row * op[f.OTHER_ROW] + place
    stored = op[f.CURRENT] + row * op[f.CURRENT_ROW] + place
    potential = op[f.POTENTIAL] + row * op[f.POTENTIAL_ROW] + place
    result = op[f.RESULT] + row * op[f.RESULT_ROW] + first * result_step + vector * _LANES
    leaks = op[f.LEAK] + vector * _VECTOR_BYTES
    leak, mask = load_i32(leaks), load_i32(leaks + pitch)
    second_leak, second_mask = load_i32(leaks + 2 * pitch), load_i32(leaks + 3 * pitch)
    if kind == f.FIRE:
        threshold = load_i32(op[f.THRESHOLD] + vector * _VECTOR_BYTES)
        offset = load_i32(op[f.OFFSET] + vector * _VECTOR_BYTES)
        factor = load_i32(op[f.FACTOR] + vector * _VECTOR_BYTES)
        levels = splat(op[f.LEVELS])
    else:
        threshold, offset, factor, levels = splat(0), splat(0), splat(0), splat(0)
    low = splat(-128 if kind == f.NARROW_SIGNED else 0)
    high = splat(127 if kind == f.NARROW_SIGNED else 255)
    half = splat((1 << op[f.NARROW_SHIFT]) >> 1)
    narrow_shift = splat(op[f.NARROW_SHIFT])
    for x in range(count):
        step = x * half_pitch
        current = _current(
            sums + x * pitch, bias, shift, left, own_shift, other + step if has_other else 0,
            other_shift, stored + step if is_stored else 0,
        )  # fmt: skip
        if kind == f.FIRE:
            charged = _charged(potential + step, current, leak, mask, second_leak, second_mask)
            spikes = smaller(scaled(charged, offset, factor), levels)
            store_i16(potential + step, subtract(charged, multiply(spikes, threshold)))
            store_u8(result + x * result_step, spikes)
        elif kind == f.READ:
            charged = _charged(potential + step, current, leak, mask, second_leak, second_mask)
            store_i16(potential + step, charged)
        elif kind != f.NOTHING:
            narrow = shift_right(add(current, half), narrow_shift)
            narrow = smaller(larger(narrow, low), high)
            store_u8(result + x * result_step, subtract(narrow, low))
