"""The usual ends of an integer layer, for 32 channels at a time in 16-bit arithmetic.

Sums are saturated to 16 bits as they are joined, and all that follows saturates by itself, so that
neurons cost a fraction of what 32-bit arithmetic takes. What is rare (residuals that are shifted,
many levels, narrowing) is left to `integer_finish`, whose numbers are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import integer_fields as f
from ._jit import inline
from .halves import (
    Halves,
    add_saturated,
    both_halves,
    joined,
    load_halves,
    multiply_halves,
    plus_one_where_above,
    shift_right_halves,
    splat_halves,
    store_halves,
    store_low_bytes,
    subtract_halves,
)
from .lanes import Lanes, add, load_i32, shift_left, shift_right

_VECTOR_BYTES = 64
_HALF_BYTES = 32
_LANES = 16

Op = NDArray[np.int64]


@inline
def can_pair(op: Op) -> bool:
    """Tell whether an operation's end is one of the usual ones."""
    if op[f.OWN_SHIFT] != 0 or op[f.OTHER_SHIFT] != 0:
        return False
    if op[f.FINISH] == f.FIRE:
        return bool(op[f.LIMITS] != 0)
    return bool(op[f.FINISH] == f.NOTHING or op[f.FINISH] == f.READ)


@inline
def _current(
    sums: int, low_bias: Lanes, high_bias: Lanes, low_shift: Lanes, high_shift: Lanes,
    left: int, other: int, stored: int,
) -> Halves:  # fmt: skip
    """Return the current of 32 channels, with a residual if there is one; store it if asked."""
    low = shift_right(add(load_i32(sums), low_bias), low_shift)
    high = shift_right(add(load_i32(sums + _VECTOR_BYTES), high_bias), high_shift)
    if left != 0:
        low = shift_left(low, load_i32(left))
        high = shift_left(high, load_i32(left + _VECTOR_BYTES))
    current = joined(low, high)
    if other != 0:
        current = add_saturated(current, load_halves(other))
    if stored != 0:
        store_halves(stored, current)
    return current


@inline
def _charged(
    potential: int, current: Halves, leak: Halves, mask: Halves, second_leak: Halves,
    second_mask: Halves,
) -> Halves:  # fmt: skip
    before = load_halves(potential)
    lost = both_halves(shift_right_halves(before, leak), mask)
    also_lost = both_halves(shift_right_halves(before, second_leak), second_mask)
    return add_saturated(subtract_halves(subtract_halves(before, lost), also_lost), current)


@inline
def _spikes(charged: Halves, limits: int, levels: int, pitch: int) -> Halves:
    spikes = plus_one_where_above(splat_halves(0), charged, load_halves(limits))
    for level in range(1, levels):
        spikes = plus_one_where_above(spikes, charged, load_halves(limits + level * pitch))
    return spikes


@inline
def finish_pair(op: Op, row: int, first: int, vector: int, count: int, sums: int) -> None:
    """Finish 32 channels, from vector `vector` on, of `count` pixels of a row."""
    vectors, kind, result_step = op[f.VECTORS], op[f.FINISH], op[f.RESULT_STEP]
    pitch, half_pitch = vectors * _VECTOR_BYTES, vectors * _HALF_BYTES
    place = first * half_pitch + vector * _HALF_BYTES
    bias, shift = op[f.BIAS] + vector * _VECTOR_BYTES, op[f.SHIFT] + vector * _VECTOR_BYTES
    low_bias, high_bias = load_i32(bias), load_i32(bias + _VECTOR_BYTES)
    low_shift, high_shift = load_i32(shift), load_i32(shift + _VECTOR_BYTES)
    left = op[f.LEFT] + vector * _VECTOR_BYTES if op[f.LEFT] != 0 else 0
    has_other, is_stored = op[f.OTHER] != 0, op[f.CURRENT] != 0
    other = op[f.OTHER] + row * op[f.OTHER_ROW] + place
    stored = op[f.CURRENT] + row * op[f.CURRENT_ROW] + place
    potential = op[f.POTENTIAL] + row * op[f.POTENTIAL_ROW] + place
    result = op[f.RESULT] + row * op[f.RESULT_ROW] + first * result_step + vector * _LANES
    leaks = op[f.LEAK_HALVES] + vector * _HALF_BYTES
    leak, mask = load_halves(leaks), load_halves(leaks + half_pitch)
    second_leak, second_mask = (
        load_halves(leaks + 2 * half_pitch), load_halves(leaks + 3 * half_pitch),
    )  # fmt: skip
    limits, levels = op[f.LIMITS] + vector * _HALF_BYTES, op[f.LEVELS]
    for x in range(count):
        step = x * half_pitch
        current = _current(
            sums + x * pitch, low_bias, high_bias, low_shift, high_shift, left,
            other + step if has_other else 0, stored + step if is_stored else 0,
        )  # fmt: skip
        if kind == f.FIRE:
            charged = _charged(potential + step, current, leak, mask, second_leak, second_mask)
            spikes = _spikes(charged, limits, levels, half_pitch)
            used = multiply_halves(
                spikes, load_halves(op[f.THRESHOLD_HALVES] + vector * _HALF_BYTES)
            )
            store_halves(potential + step, subtract_halves(charged, used))
            store_low_bytes(result + x * result_step, spikes)
        elif kind == f.READ:
            charged = _charged(potential + step, current, leak, mask, second_leak, second_mask)
            store_halves(potential + step, charged)
