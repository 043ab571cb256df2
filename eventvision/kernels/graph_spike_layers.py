"""A layer of a spiking graph at one event: rows of weights are added, then potentials fire.

Sixteen channels at a time; spikes are bits, and a message is a row of weights for each bit. Rows
are added one by one in the order of the definition, so that every form gives the same sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_spike_fields as f
from ._jit import inline
from .float_lanes import (
    FloatLanes,
    add_f32,
    bits_reached_f32,
    load_f32,
    multiply_f32,
    splat_f32,
    store_f32,
    subtract_f32,
    where_bits_f32,
)
from .graph_fields import Whole
from .lanes import lowest_bit

_BYTES = 4

Op = NDArray[np.int64]


@inline
def first_current(
    op: Op, values: Whole, polarity: Whole, count: Whole, kinds: NDArray[np.int64]
) -> FloatLanes:
    """Return what the first layer gets, all of it from tables.

    Args:
        op: The layer.
        values: Address of all weights, at the sixteen channels.
        polarity: Of the event.
        count: Number of neighbours.
        kinds: What they are like, with their polarity in the lowest bit.
    """
    pitch = op[f.OUTPUTS] * _BYTES
    total = load_f32(values + op[f.BIAS] + polarity * pitch)
    table = values + op[f.WEIGHT]
    for n in range(count):
        total = add_f32(total, load_f32(table + kinds[n] * pitch))
    return total


@inline
def later_current(
    op: Op, values: Whole, own: Whole, count: Whole, messages: NDArray[np.int64],
    origins: NDArray[np.int64],
) -> FloatLanes:  # fmt: skip
    """Return what a later layer gets of the event's own spikes and of its neighbours'.

    Args:
        op: The layer.
        values: Address of all weights, at the sixteen channels.
        own: Spikes of the event in the layer before.
        count: Number of neighbours that fired there.
        messages: Their spikes.
        origins: Their offsets.
    """
    pitch = op[f.OUTPUTS] * _BYTES
    size = op[f.INPUTS] * pitch
    total = _with_rows(load_f32(values + op[f.BIAS]), values + op[f.ROOT], pitch, own)
    weight = values + op[f.WEIGHT]
    for n in range(count):
        total = _with_rows(total, weight + origins[n] * size, pitch, messages[n])
    return total


@inline
def _with_rows(total: FloatLanes, rows: Whole, pitch: Whole, bits: Whole) -> FloatLanes:
    while bits != 0:
        total = add_f32(total, load_f32(rows + lowest_bit(bits) * pitch))
        bits &= bits - 1
    return total


@inline
def fire(potential: Whole, current: FloatLanes, left: np.float32, threshold: Whole) -> Whole:
    """Let potentials leak, add what they get, and return a bit for each that fires.

    Args:
        potential: Address of the sixteen potentials.
        current: What they get.
        left: What is left of them.
        threshold: Address of their thresholds, which are taken off where they are reached.
    """
    level = add_f32(multiply_f32(load_f32(potential), splat_f32(left)), current)
    limit = load_f32(threshold)
    bits = bits_reached_f32(level, limit)
    store_f32(potential, subtract_f32(level, where_bits_f32(limit, bits)))
    return bits


@inline
def add_spikes(cell: Whole, factor: np.float32, spikes: Whole, width: Whole) -> None:
    """Fade a cell of the map and add 1 to each channel that fired.

    Args:
        cell: Address of the cell.
        factor: What it fades to.
        spikes: Bits of the last layer.
        width: Channels, a multiple of 16.
    """
    for channel in range(0, width, 16):
        place = cell + channel * _BYTES
        fired = where_bits_f32(splat_f32(np.float32(1)), spikes >> channel)
        store_f32(place, add_f32(multiply_f32(load_f32(place), splat_f32(factor)), fired))
