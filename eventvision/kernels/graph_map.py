"""The coarse map: cells that add up the features of their events, and forget.

The map of a cell at time T is the sum over its events of exp(-ticks / memory) times the features,
where `ticks` is the number of borders between ticks (2**tick_bits us each) that lie between the
event and T. Only the cell of an event is touched: it catches up with the ticks it missed, by one
entry of a table. The last column counts the events themselves, likewise faded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline
from ._memory import load_u8
from .float_lanes import add_weighted, load_f32, store_f32
from .graph_fields import Whole
from .words import column, row

UNIT_BITS = 8
"""What a feature counts in an integer map: 2**UNIT_BITS for each 1."""
FADE_BITS = 15
"""Entries of an integer table of fading are in units of 2**-FADE_BITS."""


_LANES = 16
_BYTES = 4
_VECTOR_BYTES = _LANES * _BYTES


@inline
def cell_of(address: np.uint64, cell_px: Whole, cell_columns: Whole) -> Whole:
    """Return the number of the cell of an event."""
    side = np.uint32(cell_px)
    return np.int64(row(address) // side) * cell_columns + np.int64(column(address) // side)


@inline
def missed_ticks(
    ticks: NDArray[np.int64], cell: Whole, t_us: Whole, tick_bits: Whole, fade: NDArray[np.number]
) -> Whole:
    """Bring a cell's clock to a time; return the entry of `fade` for what it missed.

    A stream whose times go back misses nothing, and reads no memory that is not its own.
    """
    tick = t_us >> tick_bits
    missed = max(min(tick - ticks[cell], fade.size - 1), 0)
    ticks[cell] = tick
    return missed


@inline
def add_features(sums: Whole, fade: Whole, cell: Whole, features: Whole, width: Whole) -> None:
    """Fade a cell and add the features of an event.

    Args:
        sums: Address of the map, float32, (cells, width).
        fade: Address of the factor.
        cell: The cell.
        features: Address of the features, float32.
        width: How many there are, a multiple of 16.
    """
    place = sums + cell * width * _BYTES
    for start in range(0, width * _BYTES, _VECTOR_BYTES):
        store_f32(place + start, add_weighted(load_f32(features + start), fade, place + start))


@inline
def add_bytes(
    sums: NDArray[np.int64], factor: Whole, counts: NDArray[np.int64], cell: Whole, features: Whole
) -> None:
    """Fade a cell of an integer map and add the features of an event.

    Args:
        sums: The map, (cells, width).
        factor: What it fades to, in units of 2**-FADE_BITS.
        counts: Events by cell, (cells,), in units of 2**-UNIT_BITS.
        cell: The cell.
        features: Address of the features, uint8.
    """
    for c in range(sums.shape[1]):
        feature = load_u8(features + c) << UNIT_BITS
        sums[cell, c] = ((sums[cell, c] * factor) >> FADE_BITS) + feature
    counts[cell] = ((counts[cell] * factor) >> FADE_BITS) + (1 << UNIT_BITS)
