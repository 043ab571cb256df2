"""One layer at one event: messages of its neighbours, summed or the largest taken, then ReLU.

    z = bias + own @ root + agg over neighbours j of (features_j @ weight[offset_j] + table[kind_j])

Which weight a message is multiplied by follows from where its sender is, by whole pixels; nothing
about places is computed. Features are multiplied 16 output channels at a time, in four sums side by
side, as a single one would wait for itself. Where there is no neighbour, the aggregate is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_fields as f
from ._jit import inline
from .float_lanes import (
    FloatLanes,
    add_f32,
    add_weighted,
    larger_f32,
    load_f32,
    splat_f32,
    store_f32,
)

_LANES = 16
_BYTES = 4
_VECTOR_BYTES = _LANES * _BYTES
_LEAST = np.float32(-3e38)

Op = NDArray[np.int64]


@inline
def first_layer(
    op: Op, polarity: f.Whole, count: f.Whole, kinds: NDArray[np.int64], record: f.Whole
) -> None:
    """Run the first layer: all that a message depends on is its row in a table.

    Args:
        op: The layer.
        polarity: Of the event.
        count: Number of neighbours.
        kinds: What they are like, with their polarity in the lowest bit.
        record: Address of the event's record.
    """
    pitch = op[f.OUTPUTS] * _BYTES
    for block in range(op[f.OUTPUTS] // _LANES):
        column = block * _VECTOR_BYTES
        table = op[f.TABLE] + column
        if op[f.IS_MAX] != 0 and count > 0:
            largest = splat_f32(_LEAST)
            for n in range(count):
                largest = larger_f32(largest, load_f32(table + kinds[n] * pitch))
        else:
            largest = splat_f32(np.float32(0))
            for n in range(count):
                largest = add_f32(largest, load_f32(table + kinds[n] * pitch))
        z = add_f32(load_f32(op[f.BIAS] + polarity * pitch + column), largest)
        store_f32(record + op[f.TO] + column, larger_f32(z, splat_f32(np.float32(0))))


@inline
def later_layer(
    op: Op, count: f.Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
    offsets: NDArray[np.int64], records: f.Whole, record_bytes: f.Whole, record: f.Whole,
) -> None:  # fmt: skip
    """Run a layer behind the first.

    Args:
        op: The layer.
        count: Number of neighbours.
        places: Where their records are.
        kinds: What they are like.
        offsets: Offset by kind, without polarity.
        records: Address of record 0.
        record_bytes: Size of a record.
        record: Address of the event's record.
    """
    pitch = op[f.OUTPUTS] * _BYTES
    size = op[f.INPUTS] * pitch
    inputs = records + op[f.FROM]
    for block in range(op[f.OUTPUTS] // _LANES):
        column = block * _VECTOR_BYTES
        if op[f.IS_MAX] != 0 and count > 0:
            total = splat_f32(_LEAST)
            for n in range(count):
                kind = kinds[n] >> 1
                total = larger_f32(
                    total,
                    product(
                        load_f32(op[f.TABLE] + kind * pitch + column),
                        inputs + places[n] * record_bytes, op[f.INPUTS],
                        op[f.WEIGHT] + offsets[kind] * size + column, pitch,
                    ),
                )  # fmt: skip
        else:
            total = message_sum(
                splat_f32(np.float32(0)),
                count,
                places,
                kinds,
                offsets,
                inputs,
                record_bytes,
                op[f.TABLE] + column,
                op[f.WEIGHT] + column,
                op[f.INPUTS],
                pitch,
            )
        z = product(
            load_f32(op[f.BIAS] + column), record + op[f.FROM], op[f.INPUTS],
            op[f.ROOT] + column, pitch,
        )  # fmt: skip
        z = add_f32(z, total)
        store_f32(record + op[f.TO] + column, larger_f32(z, splat_f32(np.float32(0))))


@inline
def product(
    start: FloatLanes, features: f.Whole, count: f.Whole, weight: f.Whole, pitch: f.Whole
) -> FloatLanes:
    """Return start + features @ weight for 16 columns."""
    one, two = start, splat_f32(np.float32(0))
    three, four = two, two
    for k in range(0, count, 4):
        place, values = weight + k * pitch, features + k * _BYTES
        one = add_weighted(one, values, place)
        two = add_weighted(two, values + _BYTES, place + pitch)
        three = add_weighted(three, values + 2 * _BYTES, place + 2 * pitch)
        four = add_weighted(four, values + 3 * _BYTES, place + 3 * pitch)
    return add_f32(add_f32(one, two), add_f32(three, four))


@inline
def message_sum(
    start: FloatLanes, count: f.Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
    offsets: NDArray[np.int64], inputs: f.Whole, record_bytes: f.Whole, table: f.Whole,
    weight: f.Whole, width: f.Whole, pitch: f.Whole,
) -> FloatLanes:  # fmt: skip
    """Return start + the sum of all messages for 16 columns.

    Args:
        start: What is added to.
        count: Number of neighbours.
        places: Where their records are.
        kinds: What they are like, polarity in the lowest bit.
        offsets: Offset by kind, without polarity.
        inputs: Address of the inputs in record 0.
        record_bytes: Size of a record.
        table: Address of the table's first row, at the columns.
        weight: Address of the first offset's weights, at the columns.
        width: Number of inputs.
        pitch: Size of a row of outputs in bytes.
    """
    size = width * pitch
    one, two = start, splat_f32(np.float32(0))
    three, four = two, two
    for n in range(count):
        kind = kinds[n] >> 1
        one = add_f32(one, load_f32(table + kind * pitch))
        matrix = weight + offsets[kind] * size
        features = inputs + places[n] * record_bytes
        for k in range(0, width, 4):
            place, values = matrix + k * pitch, features + k * _BYTES
            one = add_weighted(one, values, place)
            two = add_weighted(two, values + _BYTES, place + pitch)
            three = add_weighted(three, values + 2 * _BYTES, place + 2 * pitch)
            four = add_weighted(four, values + 3 * _BYTES, place + 3 * pitch)
    return add_f32(add_f32(one, two), add_f32(three, four))
