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
from ._jit import inline, kernel
from .graph_fields import Whole
from .graph_map import FADE_BITS, UNIT_BITS, cell_of, missed_ticks
from .graph_search import enter, find_neighbours, place_of
from .words import on

_ONE = np.uint64(1)

Numbers = NDArray[np.float32] | NDArray[np.int32]


@inline
def _add_row(current: Numbers, values: Numbers, start: Whole, outputs: Whole) -> None:
    for c in range(outputs):
        current[c] += values[start + c]


@inline
def _add_rows(
    current: Numbers, values: Numbers, start: Whole, op: NDArray[np.int64], bits: np.uint64
) -> Whole:
    """Add the rows whose bits are set, and return how many these were."""
    rows, outputs = 0, op[f.OUTPUTS]
    for k in range(op[f.INPUTS]):
        if (bits >> np.uint64(k)) & _ONE:
            _add_row(current, values, start + k * outputs, outputs)
            rows += 1
    return rows


@inline
def _first_current(
    current: Numbers, values: Numbers, op: NDArray[np.int64], polarity: Whole, count: Whole,
    kinds: NDArray[np.int64], tally: NDArray[np.int64],
) -> None:  # fmt: skip
    """Gather what the first layer gets, all of it from tables."""
    outputs = op[f.OUTPUTS]
    current[:outputs] = 0
    _add_row(current, values, op[f.BIAS] + polarity * outputs, outputs)
    for n in range(count):
        _add_row(current, values, op[f.WEIGHT] + kinds[n] * outputs, outputs)
    tally[0] += count
    tally[1] += (count + 1) * outputs


@inline
def _later_current(
    current: Numbers, values: Numbers, op: NDArray[np.int64], layer: Whole, own: np.uint64,
    count: Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
    offsets: NDArray[np.int64], spikes: NDArray[np.uint64], tally: NDArray[np.int64],
) -> None:  # fmt: skip
    """Gather what a later layer gets of the event's own spikes and of its neighbours'."""
    outputs = op[f.OUTPUTS]
    current[:outputs] = 0
    _add_row(current, values, op[f.BIAS], outputs)
    rows = 1 + _add_rows(current, values, op[f.ROOT], op, own)
    size = op[f.INPUTS] * outputs
    for n in range(count):
        bits = spikes[places[n], layer - 1]
        if bits != 0:
            start = op[f.WEIGHT] + offsets[kinds[n] >> 1] * size
            rows += _add_rows(current, values, start, op, bits)
            tally[0] += 1
    tally[1] += rows * outputs


@inline
def _fire_floats(
    current: NDArray[np.float32], potentials: NDArray[np.float32], values: NDArray[np.float32],
    op: NDArray[np.int64], left: Whole,
) -> np.uint64:  # fmt: skip
    bits = np.uint64(0)
    for c in range(op[f.OUTPUTS]):
        threshold = values[op[f.THRESHOLD] + c]
        potential = potentials[op[f.POTENTIAL] + c] * left + current[c]
        if potential >= threshold:
            bits |= _ONE << np.uint64(c)
            potential -= threshold
        potentials[op[f.POTENTIAL] + c] = potential
    return bits


@inline
def _fire_integers(
    current: NDArray[np.int32], potentials: NDArray[np.int32], values: NDArray[np.int32],
    op: NDArray[np.int64], left: Whole,
) -> np.uint64:  # fmt: skip
    bits = np.uint64(0)
    for c in range(op[f.OUTPUTS]):
        threshold = values[op[f.THRESHOLD] + c]
        before = np.int64(potentials[op[f.POTENTIAL] + c])
        potential = ((before * left) >> FADE_BITS) + current[c]
        if potential >= threshold:
            bits |= _ONE << np.uint64(c)
            potential -= threshold
        potentials[op[f.POTENTIAL] + c] = potential
    return bits


@inline
def _missed(stamp: Whole, t_us: Whole, tick_bits: Whole, size: Whole) -> Whole:
    """Return how many ticks a pixel missed since the event with that stamp."""
    return max(min((t_us >> tick_bits) - (stamp >> (tick_bits + 1)), size - 1), 0)


@kernel
def update_spikes_floats(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    spikes: NDArray[np.uint64],
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
    nodes: NDArray[np.uint64],
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
        sums: Map, shape (cells, channels).
        counts: Events by cell, shape (cells,).
        nodes: Gets the last layer's bits of each event, shape (N,), or (0,) for nothing.
        tally: Grows by the messages sent and by the additions made, shape (2,).
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    current, fresh = np.empty(64, np.float32), np.empty(program.shape[0], np.uint64)
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        newest = stamps[pixel * depth + np.int64(heads[pixel])]
        left = leak[_missed(newest, t_us, rules[8], leak.size)]
        bits = np.uint64(0)
        for layer in range(program.shape[0]):
            op = program[layer]
            if layer == 0:
                _first_current(current, values, op, polarity, count, kinds, tally)
            else:
                _later_current(
                    current, values, op, layer, bits, count, places, kinds, offsets, spikes, tally
                )
            bits = _fire_floats(current, potentials[pixel], values, op, left)
            fresh[layer] = bits
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        spikes[place] = fresh
        cell = cell_of(address, rules[5], rules[6])
        factor = fade[missed_ticks(ticks, cell, t_us, rules[7], fade)]
        for c in range(sums.shape[1]):
            fired = np.float32((bits >> np.uint64(c)) & _ONE)
            sums[cell, c] = sums[cell, c] * factor + fired
        counts[cell] = counts[cell] * factor + np.float32(1)
        if nodes.size > 0:
            nodes[i] = bits


@kernel
def update_spikes_integers(
    words: NDArray[np.uint64],
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    spikes: NDArray[np.uint64],
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
    nodes: NDArray[np.uint64],
    tally: NDArray[np.int64],
) -> None:
    """Take events in, in integers; arguments are those of `update_spikes_floats`.

    `leak` and `fade` are in units of 2**-FADE_BITS, `sums` and `counts` of 2**-UNIT_BITS.
    """
    depth, radius, pitch, horizon_us, most = rules[0], rules[1], rules[2], rules[3], rules[4]
    places, kinds = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    current, fresh = np.empty(64, np.int32), np.empty(program.shape[0], np.uint64)
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel, polarity = place_of(address, radius, pitch), np.int64(on(address))
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, kinds
        )
        newest = stamps[pixel * depth + np.int64(heads[pixel])]
        left = leak[_missed(newest, t_us, rules[8], leak.size)]
        bits = np.uint64(0)
        for layer in range(program.shape[0]):
            op = program[layer]
            if layer == 0:
                _first_current(current, values, op, polarity, count, kinds, tally)
            else:
                _later_current(
                    current, values, op, layer, bits, count, places, kinds, offsets, spikes, tally
                )
            bits = _fire_integers(current, potentials[pixel], values, op, left)
            fresh[layer] = bits
        place = enter(stamps, heads, depth, pixel, t_us, polarity)
        spikes[place] = fresh
        cell = cell_of(address, rules[5], rules[6])
        factor = fade[missed_ticks(ticks, cell, t_us, rules[7], fade)]
        for c in range(sums.shape[1]):
            fired = np.int64((bits >> np.uint64(c)) & _ONE) << UNIT_BITS
            sums[cell, c] = ((sums[cell, c] * factor) >> FADE_BITS) + fired
        counts[cell] = ((counts[cell] * factor) >> FADE_BITS) + (1 << UNIT_BITS)
        if nodes.size > 0:
            nodes[i] = bits
