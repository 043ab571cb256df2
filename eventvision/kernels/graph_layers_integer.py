"""One layer at one event in integers: bytes times bytes, 32-bit sums, shifted back to bytes.

The sibling of `graph_layers`. Features are unsigned bytes, weights signed ones; tables and biases
are 32-bit numbers. A sum becomes a feature by a shift per channel that rounds half up, and is cut
off at 0 and 255. Integer sums do not depend on their order, so every form gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_fields as f
from ._jit import inline
from .lanes import (
    Lanes,
    add,
    dot,
    larger,
    load_i32,
    repeat_word,
    shift_right,
    smaller,
    splat,
    store_u8,
)

_LANES = 16
_BYTES = 4
_VECTOR_BYTES = _LANES * _BYTES
_LEAST = -(1 << 31)
_LARGEST_FEATURE = 255

Op = NDArray[np.int64]


@inline
def first_layer(
    op: Op, polarity: f.Whole, count: f.Whole, kinds: NDArray[np.int64], record: f.Whole
) -> None:
    """Run the first layer; see `graph_layers.first_layer`."""
    pitch = op[f.OUTPUTS] * _BYTES
    for block in range(op[f.OUTPUTS] // _LANES):
        column = block * _VECTOR_BYTES
        table = op[f.TABLE] + column
        if op[f.IS_MAX] != 0 and count > 0:
            total = splat(_LEAST)
            for n in range(count):
                total = larger(total, load_i32(table + kinds[n] * pitch))
        else:
            total = splat(0)
            for n in range(count):
                total = add(total, load_i32(table + kinds[n] * pitch))
        z = add(load_i32(op[f.BIAS] + polarity * pitch + column), total)
        _finish(op, block, z, record)


@inline
def later_layer(
    op: Op, count: f.Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
    offsets: NDArray[np.int64], records: f.Whole, record_bytes: f.Whole, record: f.Whole,
) -> None:  # fmt: skip
    """Run a layer behind the first; see `graph_layers.later_layer`."""
    pitch = op[f.OUTPUTS] * _BYTES
    size = op[f.INPUTS] * op[f.OUTPUTS]
    inputs = records + op[f.FROM]
    for block in range(op[f.OUTPUTS] // _LANES):
        column = block * _VECTOR_BYTES
        z = _product(
            load_i32(op[f.BIAS] + column), record + op[f.FROM], op[f.INPUTS],
            op[f.ROOT] + column, pitch,
        )  # fmt: skip
        total = splat(_LEAST if op[f.IS_MAX] != 0 and count > 0 else 0)
        for n in range(count):
            kind = kinds[n] >> 1
            message = _product(
                load_i32(op[f.TABLE] + kind * pitch + column),
                inputs + places[n] * record_bytes, op[f.INPUTS],
                op[f.WEIGHT] + offsets[kind] * size + column, pitch,
            )  # fmt: skip
            total = larger(total, message) if op[f.IS_MAX] != 0 else add(total, message)
        _finish(op, block, add(z, total), record)


@inline
def _product(
    start: Lanes, features: f.Whole, count: f.Whole, weight: f.Whole, pitch: f.Whole
) -> Lanes:
    """Return start + features @ weight for 16 columns."""
    one, two = start, splat(0)
    for k in range(0, count, 8):
        place = weight + (k >> 2) * pitch
        one = dot(one, repeat_word(features + k), load_i32(place))
        two = dot(two, repeat_word(features + k + 4), load_i32(place + pitch))
    return add(one, two)


@inline
def _finish(op: Op, block: f.Whole, z: Lanes, record: f.Whole) -> None:
    column = block * _VECTOR_BYTES
    z = shift_right(add(z, load_i32(op[f.HALF] + column)), load_i32(op[f.SHIFT] + column))
    feature = smaller(larger(z, splat(0)), splat(_LARGEST_FEATURE))
    store_u8(record + op[f.TO] + block * _LANES, feature)
