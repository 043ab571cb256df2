"""Networks of ReLU layers at work, event by event."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.graph_update import update_floats, update_integers

from ._map import CoarseMap
from ._network import GraphNetwork
from ._program import Program
from ._queues import Queues


class ReluEngine:
    """Queues, records and kernels of a network of ReLU layers.

    Args:
        network: In float32 or in integers.
        sensor: Size of the pixel array.
        map_: Gets the features.
    """

    def __init__(self, network: GraphNetwork, sensor: SensorSize, map_: CoarseMap) -> None:
        self._program = Program.of(network)
        self._queues = Queues.empty(network.rules, sensor)
        self._map, self._network = map_, network
        places = self._queues.stamps.size
        self._records = np.zeros((places, self._program.record_bytes), np.uint8)
        self._fresh = np.zeros(self._program.fresh_bytes, np.uint8)
        self._rules = self._queues.numbers(network, map_)
        self._update: Any = update_integers if network.is_integer else update_floats
        self.messages = self.operations = 0

    def run(self, words: NDArray[np.uint64], *, nodes: bool) -> NDArray[Any]:
        """Take events in; return the features of each, (N, channels), or none."""
        queues, program, cells = self._queues, self._program, self._map
        events = words.size // 2
        found = np.empty((events if nodes else 0, program.width), program.feature)
        edges = int(
            self._update(
                words, queues.stamps, queues.heads, self._records, self._fresh, self._rules,
                queues.shifts, queues.ages_us, program.offsets, program.ops, cells.ticks,
                cells.table, cells.sums, cells.counts, found,
            )
        )  # fmt: skip
        first, *later = self._network.layers
        self.messages += edges * (1 + len(later))
        self.operations += (edges + events) * first.outputs
        self.operations += (edges + events) * sum(layer.inputs * layer.outputs for layer in later)
        return found[:, : self._network.channels]

    def clear(self) -> None:
        """Forget the stream."""
        self._queues.clear()
        self.messages = self.operations = 0
