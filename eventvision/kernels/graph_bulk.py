"""A graph over many events at once: layer after layer, along edges that were listed before.

The same functions as event by event, so the same numbers; each layer's weights stay in the cache
while all events, which are in order of time, pass. Records are kept for every event instead of
every place in a queue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_layers as floats
from . import graph_layers_integer as integers
from ._jit import kernel
from ._memory import address_of
from .graph_map import add_bytes, add_features, cell_of, missed_ticks
from .words import on


@kernel
def run_floats(
    words: NDArray[np.uint64],
    sources: NDArray[np.int32],
    kinds: NDArray[np.int16],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    records: NDArray[np.uint8],
) -> None:
    """Run all layers.

    Args:
        words: Events, shape (2 * N,), see `words`.
        sources: See `graph_search.list_neighbours`.
        kinds: See there.
        counts: See there.
        offsets: Offset by kind.
        program: The layers, shape (layers, FIELDS), see `graph_fields`.
        records: Gets the features of all layers, shape (N, record bytes).
    """
    most = sources.shape[1]
    places, found = np.empty(most, np.int64), np.empty(most, np.int64)
    start, size = address_of(records), records.shape[1]
    for layer in range(program.shape[0]):
        for i in range(counts.size):
            count = np.int64(counts[i])
            for n in range(count):
                places[n], found[n] = sources[i, n], kinds[i, n]
            own = start + i * size
            if layer == 0:
                polarity = np.int64(on(words[2 * i + 1]))
                floats.first_layer(program[0], polarity, count, found, own)
            else:
                floats.later_layer(program[layer], count, places, found, offsets, start, size, own)


@kernel
def run_integers(
    words: NDArray[np.uint64],
    sources: NDArray[np.int32],
    kinds: NDArray[np.int16],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    records: NDArray[np.uint8],
) -> None:
    """Run all layers in integers; arguments are those of `run_floats`."""
    most = sources.shape[1]
    places, found = np.empty(most, np.int64), np.empty(most, np.int64)
    start, size = address_of(records), records.shape[1]
    for layer in range(program.shape[0]):
        for i in range(counts.size):
            count = np.int64(counts[i])
            for n in range(count):
                places[n], found[n] = sources[i, n], kinds[i, n]
            own = start + i * size
            if layer == 0:
                polarity = np.int64(on(words[2 * i + 1]))
                integers.first_layer(program[0], polarity, count, found, own)
            else:
                integers.later_layer(
                    program[layer], count, places, found, offsets, start, size, own
                )


@kernel
def add_all_features(
    words: NDArray[np.uint64],
    records: NDArray[np.uint8],
    first: int,
    cell_px: int,
    cell_columns: int,
    tick_bits: int,
    ticks: NDArray[np.int64],
    fade: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.float32],
) -> None:
    """Add the last layer's features, `first` bytes into each record, to a map; see `graph_map`."""
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        cell = cell_of(address, cell_px, cell_columns)
        missed = missed_ticks(ticks, cell, np.int64(words[2 * i]), tick_bits, fade)
        features = address_of(records) + i * records.shape[1] + first
        add_features(address_of(sums), address_of(fade) + missed * 4, cell, features, sums.shape[1])
        counts[cell] = counts[cell] * fade[missed] + np.float32(1)


@kernel
def add_all_bytes(
    words: NDArray[np.uint64],
    records: NDArray[np.uint8],
    first: int,
    cell_px: int,
    cell_columns: int,
    tick_bits: int,
    ticks: NDArray[np.int64],
    fade: NDArray[np.int64],
    sums: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Do the same in integers."""
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        cell = cell_of(address, cell_px, cell_columns)
        missed = missed_ticks(ticks, cell, np.int64(words[2 * i]), tick_bits, fade)
        features = address_of(records) + i * records.shape[1] + first
        add_bytes(sums, fade[missed], counts, cell, features)
