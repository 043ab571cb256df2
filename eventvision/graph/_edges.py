"""All edges of a run of events at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events
from eventvision.kernels.graph_search import list_neighbours
from eventvision.kernels.words import as_words

from ._queues import Queues
from ._rules import GraphRules


@dataclass(frozen=True, slots=True)
class Edges:
    """Who the neighbours of each event are.

    Attributes:
        sources: Numbers of the neighbours in the rules' order, (N, most), int32.
        kinds: What they are like: (offset * ages + age) * 2 + polarity, (N, most), int16.
        counts: How many there are, (N,), uint8; what lies behind is undefined.
        previous: The event before at the same pixel, however old, -1 for none, (N,), int32.
    """

    sources: NDArray[np.int32]
    kinds: NDArray[np.int16]
    counts: NDArray[np.uint8]
    previous: NDArray[np.int32]

    @classmethod
    def of(cls, rules: GraphRules, events: Events) -> Edges:
        """Find the neighbours of all events, which nothing came before."""
        queues, count = Queues.empty(rules, events.sensor), len(events)
        edges = cls(
            sources=np.zeros((count, rules.neighbours), np.int32),
            kinds=np.zeros((count, rules.neighbours), np.int16),
            counts=np.empty(count, np.uint8),
            previous=np.empty(count, np.int32),
        )
        list_neighbours(
            as_words(events.data), 0, queues.stamps, queues.heads,
            np.zeros(queues.stamps.size, np.int32), rules.depth, rules.radius_px, queues.pitch,
            queues.shifts, queues.ages_us, rules.horizon_us, edges.sources, edges.kinds,
            edges.counts, edges.previous,
        )  # fmt: skip
        return edges
