"""A network that lives with a stream: every event updates it at once, its head is read any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.kernels.graph_update import update_floats, update_integers
from eventvision.kernels.words import as_words

from ._map import CoarseMap
from ._network import GraphNetwork
from ._program import Program
from ._queues import Queues


class GraphStream:
    """Runs a network of ReLU layers event by event.

    The state after an event does not depend on how events were packed. Memory is fixed: a queue
    and a record per pixel, and the map.

    Args:
        network: In float32 or in integers.
        sensor: Size of the pixel array.
    """

    def __init__(self, network: GraphNetwork, sensor: SensorSize) -> None:
        self.network, self.sensor = network, sensor
        self._program = Program.of(network)
        self._queues = Queues.empty(network.rules, sensor)
        self.map = CoarseMap(network, sensor)
        places = self._queues.stamps.size
        self._records = np.zeros((places, self._program.record_bytes), np.uint8)
        self._fresh = np.zeros(self._program.fresh_bytes, np.uint8)
        self._no_nodes = np.empty((0, self._program.width), self._program.feature)
        rules = network.rules
        self._rules = np.array(
            [rules.depth, rules.radius_px, self._queues.pitch, rules.horizon_us, rules.neighbours,
             network.cell_px, self.map.columns, self.map.fade.bits]
        )  # fmt: skip
        self.messages = 0
        self.events = 0

    def push(self, events: Events) -> None:
        """Take in events that come after all those before."""
        self._update(events, self._no_nodes)

    def nodes(self, events: Events) -> NDArray[Any]:
        """Take in events, and return the last layer's features of each, shape (N, channels)."""
        nodes = np.empty((len(events), self._program.width), self._program.feature)
        self._update(events, nodes)
        return nodes[:, : self.network.channels]

    def read(self, t_us: int) -> NDArray[np.float32]:
        """Return what the head says at a time not before the last event; see `Head.read`."""
        return self.network.head.read(*self.map.at(t_us))

    def reset(self) -> None:
        """Forget the stream."""
        self._queues.clear()
        self.map.clear()
        self.messages = self.events = 0

    def _update(self, events: Events, nodes: NDArray[Any]) -> None:
        queues, program, cells = self._queues, self._program, self.map
        update: Any = update_integers if self.network.is_integer else update_floats
        self.messages += update(
            as_words(events.data), queues.stamps, queues.heads, self._records, self._fresh,
            self._rules, queues.shifts, queues.ages_us, program.offsets, program.ops,
            cells.ticks, cells.table, cells.sums, cells.counts, nodes,
        )  # fmt: skip
        self.events += len(events)
