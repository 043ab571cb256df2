"""Sums of messages for many events at once, and their derivatives: what training lives on.

Edges are given as `kernels.graph_search.list_neighbours` lists them. All arrays are contiguous
float32, channels are multiples of 16.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from ._memory import address_of
from .float_lanes import add_f32, add_weighted, load_f32, splat_f32, store_f32
from .graph_layers import message_sum, product

_BYTES = 4
_VECTOR_BYTES = 64

Floats = NDArray[np.float32]


@kernel
def sum_rows(
    table: Floats, kinds: NDArray[np.int16], counts: NDArray[np.uint8], out: Floats
) -> None:
    """Sum the rows of a table, shape (kinds * 2, outputs), over each event's neighbours."""
    pitch = table.shape[1] * _BYTES
    rows, places = address_of(table), address_of(out)
    for i in range(counts.size):
        for column in range(0, pitch, _VECTOR_BYTES):
            total = splat_f32(np.float32(0))
            for n in range(counts[i]):
                total = add_f32(total, load_f32(rows + kinds[i, n] * pitch + column))
            store_f32(places + i * pitch + column, total)


@kernel
def sum_rows_back(
    slope: Floats, kinds: NDArray[np.int16], counts: NDArray[np.uint8], table: Floats
) -> None:
    """Add each event's derivative to its neighbours' rows."""
    pitch = table.shape[1] * _BYTES
    rows, slopes = address_of(table), address_of(slope)
    for i in range(counts.size):
        for column in range(0, pitch, _VECTOR_BYTES):
            added = load_f32(slopes + i * pitch + column)
            for n in range(counts[i]):
                place = rows + kinds[i, n] * pitch + column
                store_f32(place, add_f32(load_f32(place), added))


@kernel
def sum_messages(
    features: Floats,
    weight: Floats,
    table: Floats,
    sources: NDArray[np.int32],
    kinds: NDArray[np.int16],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    out: Floats,
) -> None:
    """Sum features @ weight[offset] + table[kind] over each event's neighbours.

    Args:
        features: (N, inputs).
        weight: (offsets, inputs, outputs).
        table: (kinds, outputs).
        sources: (N, most).
        kinds: (N, most), with polarity.
        counts: (N,).
        offsets: Offset by kind, without polarity.
        out: (N, outputs).
    """
    most = sources.shape[1]
    places, found = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    inputs, pitch = features.shape[1], out.shape[1] * _BYTES
    for i in range(counts.size):
        count = np.int64(counts[i])
        for n in range(count):
            places[n], found[n] = sources[i, n], kinds[i, n]
        for column in range(0, pitch, _VECTOR_BYTES):
            total = message_sum(
                splat_f32(np.float32(0)), count, places, found, offsets, address_of(features),
                inputs * _BYTES, address_of(table) + column, address_of(weight) + column, inputs,
                pitch,
            )  # fmt: skip
            store_f32(address_of(out) + i * pitch + column, total)


@kernel
def sum_messages_back(
    slope: Floats,
    features: Floats,
    transposed: Floats,
    sources: NDArray[np.int32],
    kinds: NDArray[np.int16],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    features_slope: Floats,
    weight_slope: Floats,
    table_slope: Floats,
) -> None:
    """Add to the derivatives of features, weight and table.

    Args:
        slope: Derivative by what `sum_messages` gave, (N, outputs).
        features: As there.
        transposed: Weights as (offsets, outputs, inputs).
        sources: As there.
        kinds: As there.
        counts: As there.
        offsets: As there.
        features_slope: (N, inputs).
        weight_slope: (offsets, inputs, outputs).
        table_slope: (kinds, outputs).
    """
    inputs, outputs = features.shape[1], slope.shape[1]
    in_pitch, out_pitch = inputs * _BYTES, outputs * _BYTES
    size = inputs * out_pitch
    for i in range(counts.size):
        own = address_of(slope) + i * out_pitch
        for n in range(counts[i]):
            source, kind = np.int64(sources[i, n]), np.int64(kinds[i, n]) >> 1
            given = address_of(features) + source * in_pitch
            wanted = address_of(features_slope) + source * in_pitch
            weights = address_of(weight_slope) + offsets[kind] * size
            matrix = address_of(transposed) + offsets[kind] * size
            row = address_of(table_slope) + kind * out_pitch
            for column in range(0, out_pitch, _VECTOR_BYTES):
                added = load_f32(own + column)
                store_f32(row + column, add_f32(load_f32(row + column), added))
                for k in range(inputs):
                    place = weights + k * out_pitch + column
                    store_f32(
                        place, add_weighted(load_f32(place), given + k * _BYTES, own + column)
                    )
            for column in range(0, in_pitch, _VECTOR_BYTES):
                store_f32(
                    wanted + column,
                    product(load_f32(wanted + column), own, outputs, matrix + column, in_pitch),
                )


@kernel
def fire(
    current: Floats, previous: NDArray[np.int32], left: Floats, potential: Floats, spikes: Floats
) -> None:
    """Let potentials leak, take in currents and fire at 1; events in order.

    Args:
        current: (N, channels).
        previous: Number of the event before at the same pixel, -1 if there is none, (N,).
        left: What is left of its potential, (N,).
        potential: Gets the potentials before firing, (N, channels).
        spikes: Gets 0 or 1, (N, channels).
    """
    for i in range(previous.size):
        before, share = previous[i], left[i]
        for c in range(current.shape[1]):
            v = current[i, c]
            if before >= 0:
                v += share * (potential[before, c] - spikes[before, c])
            potential[i, c] = v
            spikes[i, c] = np.float32(1) if v >= 1 else np.float32(0)


@kernel
def fire_back(
    slope: Floats, previous: NDArray[np.int32], left: Floats, potential: Floats, width: float,
    out: Floats,
) -> None:  # fmt: skip
    """Derive by currents: spikes pass a derivative of 1 / width near the threshold, resets none.

    Args:
        slope: Derivative by spikes, (N, channels).
        previous: As in `fire`.
        left: As in `fire`.
        potential: As in `fire`.
        width: Potentials at most this far from the threshold pass a derivative (a triangle).
        out: Derivative by currents, (N, channels), zeros.
    """
    scale = np.float32(1 / width)
    for i in range(previous.size - 1, -1, -1):
        before, share = previous[i], left[i]
        for c in range(out.shape[1]):
            near = np.float32(1) - abs(potential[i, c] - np.float32(1)) * scale
            if near > 0:
                out[i, c] += slope[i, c] * near * scale
            if before >= 0:
                out[before, c] += share * out[i, c]
