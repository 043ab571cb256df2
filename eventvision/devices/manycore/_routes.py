"""Routes on a mesh, and whether spikes can block one another for ever.

Spikes go along their row first, then along their column (dimension-ordered routing). A packet that
holds a link may wait for the next one on its route; if such waiting can go round in a circle, a
network that keeps packets in links can lock up (Dally and Seitz, 1987). `finds_circle` draws that
graph for the routes in use and looks for circles, for this routing or any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.placement import load_links

from ._traffic import Flows

Link = tuple[int, int]
"""From a core to a neighbour."""


def route(source: int, goal: int, width: int) -> list[int]:
    """Return the cores that a spike passes, both ends included.

    >>> route(0, 5, 3)
    [0, 1, 2, 5]
    """
    passed = [source]
    while passed[-1] % width != goal % width:
        passed.append(passed[-1] + (1 if passed[-1] % width < goal % width else -1))
    while passed[-1] != goal:
        passed.append(passed[-1] + (width if passed[-1] < goal else -width))
    return passed


def finds_circle(routes: Iterable[Sequence[int]]) -> list[Link]:
    """Return links that can wait for each other in a circle; empty if there are none.

    Args:
        routes: The cores that each flow passes.
    """
    waits: dict[Link, set[Link]] = {}
    for passed in routes:
        links = list(pairwise(passed))
        for link, following in pairwise(links):
            waits.setdefault(link, set()).add(following)
    done: set[Link] = set()
    for start in waits:
        circle = _circle_from(start, waits, done)
        if circle:
            return circle
    return []


def _circle_from(start: Link, waits: dict[Link, set[Link]], done: set[Link]) -> list[Link]:
    """Walk depth first, without recursion, as routes may be long."""
    path: list[Link] = []
    on_path: set[Link] = set()
    stack: list[tuple[Link, bool]] = [(start, False)]
    while stack:
        link, is_left = stack.pop()
        if is_left:
            path.pop()
            on_path.discard(link)
            done.add(link)
        elif link in on_path:
            return path[path.index(link) :]
        elif link not in done:
            path.append(link)
            on_path.add(link)
            stack.append((link, True))
            stack.extend((each, False) for each in sorted(waits.get(link, ())))
    return []


def link_loads(
    flows: Flows, places: NDArray[np.int64], width: int, cores: int
) -> NDArray[np.float64]:
    """Return spikes over each link in a step, shape (cores, 4): to the east, west, south, north."""
    loads = np.zeros((cores, 4))
    load_links(places[flows.sources], places[flows.goals], flows.spikes, width, loads)
    return loads


def traffic_of(flows: Flows, places: NDArray[np.int64], width: int) -> float:
    """Return spikes times hops in a step."""
    ends = places[flows.sources], places[flows.goals]
    rows, columns = (np.abs(each(ends[0], width) - each(ends[1], width))
                     for each in (np.floor_divide, np.remainder))  # fmt: skip
    return float((flows.spikes * (rows + columns)).sum())
