"""Finds cores for the pieces of a network: good beginnings, then annealing.

The beginnings lay groups out in the order of the network along a path over the mesh: row by row,
back and forth in stripes of several widths. The best two are annealed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError
from eventvision.kernels.placement import anneal

from ._layers import MeshLayer
from ._mesh import Mesh
from ._partition import Partition, naive_partition, roomy_partition
from ._routes import finds_circle, link_loads, route, traffic_of
from ._traffic import Flows, flows_of

_TRIALS_PER_GROUP = 4000
_MOST_TRIALS = 4_000_000
_HOT, _COLD = 0.5, 0.005
"""Temperatures in parts of the mean traffic of a group."""


@dataclass(frozen=True, eq=False)
class MeshPlacement:
    """A network on a mesh.

    Attributes:
        mesh: The mesh.
        partition: What lies together on a core.
        places: Core of each group, int64; cores are numbered row by row.
        flows: Spikes between groups.
    """

    mesh: Mesh
    partition: Partition
    places: NDArray[np.int64]
    flows: Flows

    @property
    def cores(self) -> int:
        """How many cores are used."""
        return self.partition.cores

    @property
    def traffic(self) -> float:
        """Spikes times hops in a step."""
        return traffic_of(self.flows, self.places, self.mesh.width)

    @property
    def cost(self) -> float:
        """Traffic in units of the mesh's links."""
        return self.traffic * self.mesh.link_cost

    @property
    def hops(self) -> float:
        """Links that a spike passes on average."""
        return self.traffic / max(float(self.flows.spikes.sum()), 1e-12)

    @property
    def busiest_link(self) -> float:
        """Spikes in a step over the link with the most."""
        mesh = self.mesh
        return float(link_loads(self.flows, self.places, mesh.width, mesh.cores).max())

    @property
    def is_overloaded(self) -> bool:
        """Whether a link has more to carry than it can."""
        return self.busiest_link > self.mesh.link_spikes

    @property
    def is_deadlock_free(self) -> bool:
        """Whether spikes cannot wait for one another in a circle."""
        ends = zip(self.places[self.flows.sources], self.places[self.flows.goals], strict=True)
        routes = (route(int(source), int(goal), self.mesh.width) for source, goal in ends)
        return not finds_circle(routes)

    @property
    def weights_used(self) -> float:
        """Share of the memory for weights that is used, on cores in use."""
        used = sum(piece.weights for group in self.partition.groups for piece in group)
        return used / (self.cores * self.mesh.core_weights)


def place(
    layers: Sequence[MeshLayer],
    mesh: Mesh,
    *,
    cut: Callable[[Sequence[MeshLayer], Mesh], Partition] = roomy_partition,
    seed: int = 0,
    trials: int | None = None,
) -> MeshPlacement:
    """Cut a network and find good cores for its pieces.

    Args:
        layers: The network.
        mesh: The mesh.
        cut: How the network is cut: `roomy_partition` for little traffic, `packed_partition` for
            few cores.
        seed: Another seed, another placement.
        trials: Swaps that the annealing looks at; chosen by the number of groups if None.

    Raises:
        ConfigError: If the network needs more cores than there are, or a piece fits none.
    """
    parts = _within(cut(layers, mesh), mesh)
    flows = flows_of(parts)
    starts = [path[: parts.cores] for path in _paths(mesh)]
    starts.sort(key=lambda places: traffic_of(flows, places, mesh.width))
    number = min(_TRIALS_PER_GROUP * parts.cores, _MOST_TRIALS) if trials is None else trials
    annealed = [_annealed(places, flows, mesh, number, seed) for places in starts[:2]]
    best = min(annealed, key=lambda places: traffic_of(flows, places, mesh.width))
    return MeshPlacement(mesh, parts, best, flows)


def place_naively(
    layers: Sequence[MeshLayer], mesh: Mesh, *, cut: Partition | None = None
) -> MeshPlacement:
    """Lay a network out row by row, as a straightforward compiler does.

    Args:
        layers: The network.
        mesh: The mesh.
        cut: Another partition than the naive one.

    Raises:
        ConfigError: If the network needs more cores than there are, or a piece fits none.
    """
    cut = _within(cut or naive_partition(layers, mesh), mesh)
    return MeshPlacement(mesh, cut, np.arange(cut.cores), flows_of(cut))


def _within(cut: Partition, mesh: Mesh) -> Partition:
    if cut.cores > mesh.cores:
        size = f"{mesh.width}x{mesh.height} cores"
        raise ConfigError("--mesh", size, f"{cut.cores} cores or larger ones, for this network")
    return cut


def _paths(mesh: Mesh) -> list[NDArray[np.int64]]:
    """Return ways over all cores: row by row, and back and forth in stripes of so many rows."""
    numbers = np.arange(mesh.cores).reshape(mesh.height, mesh.width)
    paths = [numbers.ravel()]
    for rows in (1, 2, 3, 4, 6, 8):
        if rows > mesh.height:
            break
        stripes = []
        for index, top in enumerate(range(0, mesh.height, rows)):
            stripe = numbers[top : top + rows]
            stripes.append((stripe[:, ::-1] if index % 2 else stripe).T.ravel())
        paths.append(np.concatenate(stripes))
    return paths


def _annealed(
    start: NDArray[np.int64], flows: Flows, mesh: Mesh, trials: int, seed: int
) -> NDArray[np.int64]:
    places = start.copy()
    holds = np.full(mesh.cores, -1)
    holds[places] = np.arange(len(places))
    ends = np.concatenate((flows.sources, flows.goals))
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(len(places) + 1))
    partners = np.concatenate((flows.goals, flows.sources))[order]
    spikes = np.concatenate((flows.spikes, flows.spikes))[order]
    mean = traffic_of(flows, places, mesh.width) / len(places)
    if mean > 0:
        anneal(
            places, holds, starts, partners, spikes, mesh.width, _HOT * mean, _COLD * mean,
            trials, seed,
        )  # fmt: skip
    return places
