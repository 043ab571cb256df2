"""A graph, event by event: find the neighbours, run the layers, add to the map, enter the queue.

Nothing here grows with the stream or with the sensor: an event reads the queues around it, at most
`most` records, and writes one record and one cell. Times should not go back; if they do, nothing
fades meanwhile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_fields as f
from . import graph_layers as floats
from . import graph_layers_integer as integers
from ._jit import inline, kernel
from ._memory import address_of
from .float_lanes import load_f32, store_f32
from .graph_map import add_bytes, add_features, cell_of, missed_ticks
from .graph_search import enter, find_neighbours, place_of
from .words import on

_VECTOR_BYTES = 64


@inline
def _keep(record: f.Whole, fresh: f.Whole, size: f.Whole) -> None:
    for start in range(0, size, _VECTOR_BYTES):
        store_f32(record + start, load_f32(fresh + start))


@kernel
def update_floats(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    records: NDArray[np.uint8],
    fresh: NDArray[np.uint8],
    rules: NDArray[np.int64],
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    ticks: NDArray[np.int64],
    fade: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.float32],
    nodes: NDArray[np.float32],
) -> int:
    """Take events in, one after the other.

    Args:
        words: Events, shape (2 * N,), see `words`.
        stamps: Queues, see `graph_search`.
        heads: See `graph_search`.
        records: Features of the events in the queues, shape (places, record bytes).
        fresh: Room for the record of one event, all layers of it, shape (bytes,).
        rules: depth, radius, pitch, horizon, most, cell side, columns of cells, bits of a tick.
        shifts: See `graph_search`.
        ages_us: See `graph_search`.
        offsets: Offset by kind.
        program: The layers, shape (layers, FIELDS), see `graph_fields`.
        ticks: Clocks of the cells, shape (cells,).
        fade: What is left after so many ticks; the last entry is 0.
        sums: Map, shape (cells, width).
        counts: Events by cell, shape (cells,).
        nodes: Gets the features of each event, shape (N, width), or (0, width) for nothing.

    Returns:
        Number of messages, summed over events; every layer has as many.
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    record_bytes, width = records.shape[1], sums.shape[1]
    own, all_records = address_of(fresh), address_of(records)
    result = own + program[program.shape[0] - 1, f.TO]
    map_, fading, out = address_of(sums), address_of(fade), address_of(nodes)
    messages = 0
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        floats.first_layer(program[0], polarity, count, kinds, own)
        for layer in range(1, program.shape[0]):
            floats.later_layer(
                program[layer], count, places, kinds, offsets, all_records, record_bytes, own
            )
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        _keep(all_records + place * record_bytes, own, record_bytes)
        cell = cell_of(address, rules[5], rules[6])
        missed = missed_ticks(ticks, cell, t_us, rules[7], fade)
        add_features(map_, fading + missed * 4, cell, result, width)
        counts[cell] = counts[cell] * fade[missed] + np.float32(1)
        if nodes.shape[0] > 0:
            _keep(out + i * width * 4, result, width * 4)
        messages += count
    return messages


@kernel
def update_integers(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    records: NDArray[np.uint8],
    fresh: NDArray[np.uint8],
    rules: NDArray[np.int64],
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    ticks: NDArray[np.int64],
    fade: NDArray[np.int64],
    sums: NDArray[np.int64],
    counts: NDArray[np.int64],
    nodes: NDArray[np.uint8],
) -> int:
    """Take events in, in integers; arguments are those of `update_floats`.

    `fade` is in units of 2**-FADE_BITS, `sums` and `counts` are in units of 2**-UNIT_BITS.
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    record_bytes, width = records.shape[1], sums.shape[1]
    own, all_records = address_of(fresh), address_of(records)
    last = program[program.shape[0] - 1, f.TO]
    messages = 0
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        integers.first_layer(program[0], polarity, count, kinds, own)
        for layer in range(1, program.shape[0]):
            integers.later_layer(
                program[layer], count, places, kinds, offsets, all_records, record_bytes, own
            )
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        records[place] = fresh[:record_bytes]
        cell = cell_of(address, rules[5], rules[6])
        missed = missed_ticks(ticks, cell, t_us, rules[7], fade)
        add_bytes(sums, fade[missed], counts, cell, own + last)
        if nodes.shape[0] > 0:
            nodes[i] = fresh[last : last + width]
        messages += count
    return messages
