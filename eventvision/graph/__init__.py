"""Asynchronous event graphs: every event is a node, joined to events before it, and updates a map.

`GraphStream` runs a `GraphNetwork` event by event; `eventvision.graph.batch`, imported by its path
as it needs torch, trains it.
"""

from ._edges import Edges
from ._fade import Fade
from ._head import Head
from ._network import GraphLayer, GraphNetwork
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
    "Edges",
    "Fade",
    "GraphLayer",
    "GraphNetwork",
    "GraphRules",
    "GraphStream",
    "Head",
    "Neighbour",
    "reference_map",
    "reference_neighbours",
    "reference_nodes",
    "reference_output",
]
