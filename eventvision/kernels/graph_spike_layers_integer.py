"""The same as `graph_spike_layers`, in 32-bit integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_spike_fields as f
from ._jit import inline
from .graph_fields import Whole
from .graph_map import FADE_BITS, UNIT_BITS
from .lanes import (
    Lanes,
    add,
    bits_reached,
    load_i32,
    lowest_bit,
    share_of,
    store_i32,
    subtract,
    where_bits,
)

_BYTES = 4

Op = NDArray[np.int64]


@inline
def first_current(
    op: Op, values: Whole, polarity: Whole, count: Whole, kinds: NDArray[np.int64]
) -> Lanes:
    """Return what the first layer gets; see `graph_spike_layers`."""
    pitch = op[f.OUTPUTS] * _BYTES
    total = load_i32(values + op[f.BIAS] + polarity * pitch)
    table = values + op[f.WEIGHT]
    for n in range(count):
        total = add(total, load_i32(table + kinds[n] * pitch))
    return total


@inline
def later_current(
    op: Op, values: Whole, own: Whole, count: Whole, messages: NDArray[np.int64],
    origins: NDArray[np.int64],
) -> Lanes:  # fmt: skip
    """Return what a later layer gets; see `graph_spike_layers`."""
    pitch = op[f.OUTPUTS] * _BYTES
    size = op[f.INPUTS] * pitch
    total = _with_rows(load_i32(values + op[f.BIAS]), values + op[f.ROOT], pitch, own)
    weight = values + op[f.WEIGHT]
    for n in range(count):
        total = _with_rows(total, weight + origins[n] * size, pitch, messages[n])
    return total


@inline
def _with_rows(total: Lanes, rows: Whole, pitch: Whole, bits: Whole) -> Lanes:
    while bits != 0:
        total = add(total, load_i32(rows + lowest_bit(bits) * pitch))
        bits &= bits - 1
    return total


@inline
def fire(potential: Whole, current: Lanes, left: Whole, threshold: Whole) -> Whole:
    """Let potentials leak and fire; `left` is in units of 2**-FADE_BITS."""
    level = add(share_of(load_i32(potential), left, FADE_BITS), current)
    limit = load_i32(threshold)
    bits = bits_reached(level, limit)
    store_i32(potential, subtract(level, where_bits(limit, bits)))
    return bits


@inline
def add_spikes(
    sums: NDArray[np.int64], cell: Whole, factor: Whole, spikes: Whole, width: Whole
) -> None:
    """Fade a cell of an integer map and add 2**UNIT_BITS to each channel that fired."""
    for c in range(width):
        fired = ((spikes >> c) & 1) << UNIT_BITS
        sums[cell, c] = ((sums[cell, c] * factor) >> FADE_BITS) + fired
