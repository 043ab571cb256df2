"""Spiking networks at work, event by event."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels import graph_spike_fields as f
from eventvision.kernels.graph_spikes import update_spikes_floats, update_spikes_integers

from ._fade import Fade
from ._map import CoarseMap
from ._network import GraphNetwork
from ._program import padded
from ._queues import Queues

_BYTES = 4


class SpikeEngine:
    """Queues, potentials and kernels of a spiking network.

    Args:
        network: In float32 or in integers.
        sensor: Size of the pixel array.
        map_: Gets the spikes.
    """

    def __init__(self, network: GraphNetwork, sensor: SensorSize, map_: CoarseMap) -> None:
        self._network, self._map = network, map_
        self._queues = Queues.empty(network.rules, sensor)
        kind: Any = np.int32 if network.is_integer else np.float32
        self._program, self._values = _packed(network, kind)
        fade = Fade(network.leak_us or 1)
        self._leak = fade.integers() if network.is_integer else fade.floats()
        layers = len(network.layers)
        self._spikes = np.zeros((self._queues.stamps.size, layers), np.int64)
        channels = sum(padded(layer.outputs) for layer in network.layers)
        self._potentials = np.zeros((self._queues.heads.size, channels), kind)
        self._offsets = np.repeat(np.arange(len(network.rules.offsets())), network.rules.ages)
        self._rules = np.append(self._queues.numbers(network, map_), fade.bits)
        self._update: Any = update_spikes_integers if network.is_integer else update_spikes_floats
        self._tally = np.zeros(2, np.int64)

    @property
    def messages(self) -> int:
        """Messages sent: by all neighbours in the first layer, then by those that fired."""
        return int(self._tally[0])

    @property
    def operations(self) -> int:
        """Additions of a weight to a current."""
        return int(self._tally[1])

    def run(self, words: NDArray[np.uint64], *, nodes: bool) -> NDArray[Any]:
        """Take events in; return the spikes of each, uint8 (N, channels), or none."""
        queues, cells = self._queues, self._map
        found = np.empty(words.size // 2 if nodes else 0, np.int64)
        self._update(
            words, queues.stamps, queues.heads, self._spikes, self._potentials, self._rules,
            queues.shifts, queues.ages_us, self._offsets, self._program, self._values, self._leak,
            cells.ticks, cells.table, cells.sums, cells.counts, found, self._tally,
        )  # fmt: skip
        return ((found[:, None] >> np.arange(self._network.channels)) & 1).astype(np.uint8)

    def clear(self) -> None:
        """Forget the stream."""
        self._queues.clear()
        self._potentials[:] = 0
        self._tally[:] = 0


def _packed(network: GraphNetwork, kind: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the program and all values one after the other."""
    program = np.zeros((len(network.layers), f.FIELDS), np.int64)
    parts: list[NDArray[Any]] = []
    place = potential = 0
    for number, (op, layer) in enumerate(zip(program, network.layers, strict=True)):
        weight, bias = layer.weight.astype(kind), layer.bias.astype(kind)
        if number == 0:
            weight = layer.place[:, :, None].astype(kind) + weight[:, None]
            bias = layer.root.astype(kind) + bias
        threshold = np.ones(layer.outputs, kind) if layer.shift is None else layer.shift
        op[f.INPUTS], op[f.CHANNELS] = layer.inputs, layer.outputs
        op[f.OUTPUTS], op[f.POTENTIAL] = padded(layer.outputs), potential
        potential += padded(layer.outputs) * _BYTES
        for field, array, filling in (
            (f.WEIGHT, weight, 0), (f.ROOT, layer.root, 0), (f.BIAS, bias, 0),
            (f.THRESHOLD, threshold, 1),
        ):  # fmt: skip
            op[field] = place
            parts.append(_filled(array.astype(kind), filling).reshape(-1))
            place += parts[-1].nbytes
    return program, np.concatenate(parts)


def _filled(array: NDArray[Any], value: int) -> NDArray[Any]:
    """Fill the last axis up to whole vectors."""
    more = padded(array.shape[-1]) - array.shape[-1]
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, more)], constant_values=value)
