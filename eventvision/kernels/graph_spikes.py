"""A spiking graph, event by event: potentials leak by the events' time, messages are sparse.

Every pixel has a potential per layer and channel. An event lets those of its pixel leak for the
time since the pixel's event before, adds its currents, and fires where the threshold is reached;
what fired is its features, one bit per channel. Only neighbours that fired send messages, and a
message is a row of weights per bit, added: nothing is multiplied. The first layer sees the events
themselves, which all count as spikes of their polarity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import graph_spike_fields as f
from . import graph_spike_layers as floats
from . import graph_spike_layers_integer as integers
from ._jit import inline, kernel
from ._memory import address_of
from .graph_fields import Whole
from .graph_map import FADE_BITS, UNIT_BITS, cell_of, missed_ticks
from .graph_search import enter, find_neighbours, place_of
from .lanes import count_bits
from .words import on

_LANES = 16
_BYTES = 4
_VECTOR_BYTES = _LANES * _BYTES


@inline
def _list_senders(
    layer: Whole, count: Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
    offsets: NDArray[np.int64], spikes: NDArray[np.int64], messages: NDArray[np.int64],
    origins: NDArray[np.int64],
) -> Whole:  # fmt: skip
    """List the neighbours that fired in the layer before, and return how many they are."""
    senders = 0
    for n in range(count):
        bits = spikes[places[n], layer - 1]
        messages[senders], origins[senders] = bits, offsets[kinds[n] >> 1]
        senders += bits != 0
    return senders


@inline
def _rows_of(own: Whole, senders: Whole, messages: NDArray[np.int64]) -> Whole:
    """Return how many rows a layer adds, that of its bias among them."""
    rows = 1 + count_bits(own)
    for n in range(senders):
        rows += count_bits(messages[n])
    return rows


@inline
def _missed(stamp: Whole, t_us: Whole, tick_bits: Whole, size: Whole) -> Whole:
    """Return how many ticks a pixel missed since the event with that stamp."""
    return max(min((t_us >> tick_bits) - (stamp >> (tick_bits + 1)), size - 1), 0)


@kernel
def update_spikes_floats(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    spikes: NDArray[np.int64],
    potentials: NDArray[np.float32],
    rules: NDArray[np.int64],
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    values: NDArray[np.float32],
    leak: NDArray[np.float32],
    ticks: NDArray[np.int64],
    fade: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.float32],
    nodes: NDArray[np.int64],
    tally: NDArray[np.int64],
) -> None:
    """Take events in, one after the other.

    Args:
        words: Events, shape (2 * N,), see `words`.
        stamps: Queues, see `graph_search`.
        heads: See `graph_search`.
        spikes: Bits of the events in the queues, shape (places, layers).
        potentials: Shape (pixels, channels of all layers).
        rules: depth, radius, pitch, horizon, most, cell side, columns of cells, bits of a tick of
            the map, bits of a tick of the leak.
        shifts: See `graph_search`.
        ages_us: See `graph_search`.
        offsets: Offset by kind.
        program: The layers, shape (layers, FIELDS), see `graph_spike_fields`.
        values: All weights, biases and thresholds, flat.
        leak: What is left of a potential after so many ticks; the last entry is 0.
        ticks: Clocks of the cells, shape (cells,).
        fade: The map's `leak`.
        sums: Map, shape (cells, width).
        counts: Events by cell, shape (cells,).
        nodes: Gets the last layer's bits of each event, shape (N,), or (0,) for nothing.
        tally: Grows by the messages sent and by the additions made, shape (2,).
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    messages, origins = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    fresh = np.empty(program.shape[0], np.int64)
    all_values, width = address_of(values), sums.shape[1]
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        newest = stamps[pixel * depth + np.int64(heads[pixel])]
        left = leak[_missed(newest, t_us, rules[8], leak.size)]
        level = address_of(potentials) + pixel * potentials.shape[1] * _BYTES
        own, senders = np.int64(0), count
        for layer in range(program.shape[0]):
            op = program[layer]
            if layer > 0:
                senders = _list_senders(
                    layer, count, places, kinds, offsets, spikes, messages, origins
                )
            bits = np.int64(0)
            for block in range(op[f.OUTPUTS] // _LANES):
                column = block * _VECTOR_BYTES
                if layer == 0:
                    current = floats.first_current(op, all_values + column, polarity, count, kinds)
                else:
                    current = floats.later_current(
                        op, all_values + column, own, senders, messages, origins
                    )
                fired = floats.fire(
                    level + op[f.POTENTIAL] + column, current, left,
                    all_values + op[f.THRESHOLD] + column,
                )  # fmt: skip
                bits |= fired << (block * _LANES)
            rows = count + 1 if layer == 0 else _rows_of(own, senders, messages)
            tally[0] += senders
            tally[1] += rows * op[f.CHANNELS]
            fresh[layer] = own = bits
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        for layer in range(program.shape[0]):
            spikes[place, layer] = fresh[layer]
        cell = cell_of(address, rules[5], rules[6])
        factor = fade[missed_ticks(ticks, cell, t_us, rules[7], fade)]
        floats.add_spikes(address_of(sums) + cell * width * _BYTES, factor, own, width)
        counts[cell] = counts[cell] * factor + np.float32(1)
        if nodes.size > 0:
            nodes[i] = own


@kernel
def update_spikes_integers(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    spikes: NDArray[np.int64],
    potentials: NDArray[np.int32],
    rules: NDArray[np.int64],
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    offsets: NDArray[np.int64],
    program: NDArray[np.int64],
    values: NDArray[np.int32],
    leak: NDArray[np.int64],
    ticks: NDArray[np.int64],
    fade: NDArray[np.int64],
    sums: NDArray[np.int64],
    counts: NDArray[np.int64],
    nodes: NDArray[np.int64],
    tally: NDArray[np.int64],
) -> None:
    """Take events in, in integers; arguments are those of `update_spikes_floats`.

    `leak` and `fade` are in units of 2**-FADE_BITS, `sums` and `counts` of 2**-UNIT_BITS.
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    messages, origins = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    fresh = np.empty(program.shape[0], np.int64)
    all_values, width = address_of(values), sums.shape[1]
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        newest = stamps[pixel * depth + np.int64(heads[pixel])]
        left = leak[_missed(newest, t_us, rules[8], leak.size)]
        level = address_of(potentials) + pixel * potentials.shape[1] * _BYTES
        own, senders = np.int64(0), count
        for layer in range(program.shape[0]):
            op = program[layer]
            if layer > 0:
                senders = _list_senders(
                    layer, count, places, kinds, offsets, spikes, messages, origins
                )
            bits = np.int64(0)
            for block in range(op[f.OUTPUTS] // _LANES):
                column = block * _VECTOR_BYTES
                if layer == 0:
                    current = integers.first_current(
                        op, all_values + column, polarity, count, kinds
                    )
                else:
                    current = integers.later_current(
                        op, all_values + column, own, senders, messages, origins
                    )
                fired = integers.fire(
                    level + op[f.POTENTIAL] + column, current, left,
                    all_values + op[f.THRESHOLD] + column,
                )  # fmt: skip
                bits |= fired << (block * _LANES)
            rows = count + 1 if layer == 0 else _rows_of(own, senders, messages)
            tally[0] += senders
            tally[1] += rows * op[f.CHANNELS]
            fresh[layer] = own = bits
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        for layer in range(program.shape[0]):
            spikes[place, layer] = fresh[layer]
        cell = cell_of(address, rules[5], rules[6])
        factor = fade[missed_ticks(ticks, cell, t_us, rules[7], fade)]
        integers.add_spikes(sums, cell, factor, own, width)
        counts[cell] = ((counts[cell] * factor) >> FADE_BITS) + (1 << UNIT_BITS)
        if nodes.size > 0:
            nodes[i] = own
