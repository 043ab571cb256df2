"""What a graph network means, in plain Python: slow, short, and the definition for all other forms.

It keeps the whole past and looks through it for every event. Integer networks are reckoned in
integers of any size, float networks in float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events
from eventvision.kernels.graph_map import FADE_BITS, UNIT_BITS

from ._fade import Fade
from ._network import GraphLayer, GraphNetwork

Array = NDArray[Any]
_LARGEST_FEATURE = 255


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An edge: number of the earlier event, where it is (rank of the offset), how old (kind)."""

    source: int
    offset: int
    age: int


def reference_neighbours(network: GraphNetwork, events: Events) -> list[list[Neighbour]]:
    """Return the neighbours of each event, in the order of `GraphRules`."""
    rules, offsets = network.rules, network.rules.offsets()
    queues: dict[tuple[int, int], list[int]] = {}
    t, x, y = (column.astype(np.int64).tolist() for column in (events.t, events.x, events.y))
    found = []
    for i in range(len(events)):
        seen = []
        for rank, (dx, dy) in enumerate(offsets.tolist()):
            for source in reversed(queues.get((x[i] + dx, y[i] + dy), [])):
                age_us = t[i] - t[source]
                if age_us < rules.horizon_us:
                    age = sum(age_us >= end for end in rules.ages_us)
                    seen.append(Neighbour(source, rank, age))
        found.append(seen[: rules.neighbours])
        queue = queues.setdefault((x[i], y[i]), [])
        queue.append(i)
        del queue[: -rules.depth]
    return found


def reference_nodes(network: GraphNetwork, events: Events) -> Array:
    """Return the last layer's features of each event, (N, channels): float64, int64, or spikes."""
    neighbours = reference_neighbours(network, events)
    features = np.eye(2, dtype=np.int64)[events.on.astype(np.int64)]
    for layer in network.layers:
        z = np.array([
            _sum(layer, features[i], [(n, features[n.source]) for n in neighbours[i]])
            for i in range(len(events))
        ])  # fmt: skip
        features = _fired(network, layer, events, z) if network.is_spiking else _rectified(layer, z)
    return features


def _sum(layer: GraphLayer, own: Array, neighbours: list[tuple[Neighbour, Array]]) -> Array:
    wide = np.float64 if layer.shift is None else np.int64
    z = layer.bias.astype(wide) + own @ layer.root.astype(wide)
    messages = [
        features @ layer.weight[n.offset].astype(wide) + layer.place[n.offset, n.age].astype(wide)
        for n, features in neighbours
    ]
    if messages:
        z = z + (np.sum(messages, 0) if layer.aggregate == "sum" else np.max(messages, 0))
    return np.asarray(z)


def _rectified(layer: GraphLayer, z: Array) -> Array:
    if layer.shift is None:
        return np.maximum(z, 0)
    shift = layer.shift.astype(np.int64)
    clipped: Array = np.clip((z + ((1 << shift) >> 1)) >> shift, 0, _LARGEST_FEATURE)
    return clipped


def _fired(network: GraphNetwork, layer: GraphLayer, events: Events, z: Array) -> Array:
    """Let potentials leak, take in z, and fire: one potential per pixel and channel."""
    fade = Fade(network.leak_us or 1)
    left = fade.floats().astype(np.float64) if layer.shift is None else fade.integers()
    threshold: Any = 1.0 if layer.shift is None else layer.shift
    potentials: dict[tuple[int, int], tuple[int, Array]] = {}
    spikes = np.zeros(z.shape, np.int64)
    for i, (t_us, x, y) in enumerate(zip(events.t, events.x, events.y, strict=True)):
        tick, pixel = int(t_us) >> fade.bits, (int(x), int(y))
        before_tick, before = potentials.get(pixel, (tick, np.zeros_like(z[i])))
        factor = left[min(tick - before_tick, left.size - 1)]
        leaked = before * factor if layer.shift is None else (before * factor) >> FADE_BITS
        potential = leaked + z[i]
        spikes[i] = potential >= threshold
        potentials[pixel] = tick, potential - spikes[i] * threshold
    return spikes


def reference_map(network: GraphNetwork, events: Events, t_us: int) -> tuple[Array, Array]:
    """Return the map at a time from the events before: features and counts, as `CoarseMap.at`."""
    nodes, fade = reference_nodes(network, events), Fade(network.memory_us)
    side, sensor = network.cell_px, events.sensor
    rows, columns = math.ceil(sensor.height / side), math.ceil(sensor.width / side)
    is_integer = network.is_integer
    left: Array = fade.integers() if is_integer else fade.floats().astype(np.float64)
    unit = 1 << UNIT_BITS if is_integer else 1
    cells = np.zeros((rows, columns, network.channels + 1), np.int64 if is_integer else np.float64)
    ticks = np.full((rows, columns), int(t_us) >> fade.bits)

    def faded(cell: Array, missed: int) -> Array:
        factor = left[min(max(missed, 0), left.size - 1)]
        product: Array = cell * factor
        return product >> FADE_BITS if is_integer else product

    for i in range(len(events)):
        place = int(events.y[i]) // side, int(events.x[i]) // side
        tick = int(events.t[i]) >> fade.bits
        added = np.append(nodes[i], 1) * unit
        cells[place] = faded(cells[place], tick - int(ticks[place])) + added
        ticks[place] = tick
    for place in np.ndindex(rows, columns):
        cells[place] = faded(cells[place], (int(t_us) >> fade.bits) - int(ticks[place]))
    scaled = cells[..., :-1] / unit * network.scale
    return scaled.astype(np.float32), (cells[..., -1] / unit).astype(np.float32)


def reference_output(network: GraphNetwork, events: Events, t_us: int) -> NDArray[np.float32]:
    """Return what the head says at a time."""
    return network.head.read(*reference_map(network, events, t_us))
