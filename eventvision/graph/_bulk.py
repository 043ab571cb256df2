"""A network over a whole run of events at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events
from eventvision.kernels import graph_bulk as loops
from eventvision.kernels import graph_fields as f
from eventvision.kernels.words import as_words

from ._edges import Edges
from ._map import CoarseMap
from ._network import GraphNetwork
from ._program import Program
from ._reader import reader_of


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a network makes of a run of events.

    Attributes:
        nodes: The last layer's features, float32 or uint8, (N, channels).
        map: The coarse map after the last event.
        network: The network.
    """

    nodes: NDArray[Any]
    map: CoarseMap
    network: GraphNetwork

    def read(self, t_us: int) -> NDArray[np.float32]:
        """Return what the head says at a time not before the last event; see `Head.read`."""
        reader = reader_of(self.network.head, self.map.rows, self.map.columns)
        return reader.read(*self.map.at(t_us))


def run_bulk(network: GraphNetwork, events: Events, edges: Edges | None = None) -> Bulk:
    """Run a network of ReLU layers over events that nothing came before.

    The same numbers as `GraphStream` gives event by event, bit for bit.

    Args:
        network: In float32 or in integers.
        events: The events.
        edges: Their edges, where they are known already.

    Raises:
        ValueError: If the network is a spiking one, whose events wait for one another.
    """
    if network.is_spiking:
        raise ValueError("a spiking network runs event by event: take a GraphStream")
    edges = edges or Edges.of(network.rules, events)
    program, words = Program.of(network), as_words(events.data)
    records = np.empty((len(events), program.fresh_bytes), np.uint8)
    run: Any = loops.run_integers if network.is_integer else loops.run_floats
    run(words, edges.sources, edges.kinds, edges.counts, program.offsets, program.ops, records)
    map_, last = CoarseMap(network, events.sensor), int(program.ops[-1, f.TO])
    add: Any = loops.add_all_bytes if network.is_integer else loops.add_all_features
    add(
        words, records, last, network.cell_px, map_.columns, map_.fade.bits, map_.ticks,
        map_.table, map_.sums, map_.counts,
    )  # fmt: skip
    nodes = records[:, last:].view(program.feature)[:, : network.channels]
    return Bulk(nodes, map_, network)
