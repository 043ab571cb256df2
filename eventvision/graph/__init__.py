"""Asynchronous event graphs: every event is a node, joined to events before it, and updates a map.

`GraphStream` runs a `GraphNetwork` event by event; `eventvision.graph.batch`, imported by its path
as it needs torch, trains it.
"""

from ._bulk import Bulk, run_bulk
from ._edges import Edges
from ._fade import Fade
from ._files import load_network, network_from_bytes, network_to_bytes, save_network
from ._governor import RateGovernor
from ._head import Head
from ._integer_head import ByteConvolution, IntegerHead
from ._network import GraphLayer, GraphNetwork
from ._objects import GridSettings, grid_objects
from ._quantise import quantised
from ._quantise_head import with_integer_head
from ._reference import (
    Neighbour,
    reference_map,
    reference_neighbours,
    reference_nodes,
    reference_output,
)
from ._rules import GraphRules
from ._stream import GraphStream

__all__ = [
    "Bulk",
    "ByteConvolution",
    "Edges",
    "Fade",
    "GraphLayer",
    "GraphNetwork",
    "GraphRules",
    "GraphStream",
    "GridSettings",
    "Head",
    "IntegerHead",
    "Neighbour",
    "RateGovernor",
    "grid_objects",
    "load_network",
    "network_from_bytes",
    "network_to_bytes",
    "quantised",
    "reference_map",
    "reference_neighbours",
    "reference_nodes",
    "reference_output",
    "run_bulk",
    "save_network",
    "with_integer_head",
]
