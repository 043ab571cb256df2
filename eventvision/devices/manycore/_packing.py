"""Packs layers onto as few cores as they will go.

Early layers have many neurons and few weights, late ones few neurons and many weights, so a core
that holds some of both is full in both. Layers come one after another, from both ends by turns:
that with the most weights for its neurons, then that with the least; each takes the cut that needs
the fewest new cores beside what lies there already. A cut says into how many blocks of rows a layer
is parted: with tall blocks and few channels a core needs few weights for its neurons, with low ones
and many channels it sees few of the cores before it. What a core holds of a layer are channels of a
block one after another, and where a block ends, the first ones of the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._layers import MeshLayer
from ._mesh import Mesh
from ._pieces import Piece, evenly, piece_of

Shares = list[tuple[int, int]]
"""Core and number of units on it; a unit is a channel of a block of rows."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A layer in blocks of rows, and which cores hold how many of its units."""

    blocks: int
    shares: Shares
    new_cores: int

    @property
    def cost(self) -> tuple[int, int, int]:
        """Less is better."""
        return self.new_cores, len(self.shares), self.blocks


class Packing:
    """Cores as they fill up.

    Args:
        mesh: Says what a core holds.
    """

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self.groups: list[list[Piece]] = []
        self._neurons: list[int] = []
        self._weights: list[int] = []
        self._layers: list[int] = []

    def add(self, layer: MeshLayer) -> bool:
        """Lay a layer out; return False if not even a row of a channel fits a core."""
        cuts = [cut for blocks in range(1, layer.shape[1] + 1) if (cut := self._cut(layer, blocks))]
        if not cuts:
            return False
        best = min(cuts, key=lambda cut: cut.cost)
        units = _units(layer, best.blocks)
        for core, number in best.shares:
            if core == len(self.groups):
                self._open()
            pieces = _pieces(layer, [next(units) for _ in range(number)])
            self.groups[core].extend(pieces)
            self._neurons[core] -= sum(piece.neurons for piece in pieces)
            self._weights[core] -= sum(piece.weights for piece in pieces)
            self._layers[core] += 1
        return True

    def _open(self) -> None:
        self.groups.append([])
        self._neurons.append(self._mesh.core_neurons)
        self._weights.append(self._mesh.core_weights)
        self._layers.append(0)

    def _cut(self, layer: MeshLayer, blocks: int) -> _Cut | None:
        """Return where a layer in so many blocks would go; None if no core holds a unit."""
        channels, height, width = layer.shape
        unit_neurons = -(-height // blocks) * width
        unit_weights = max(1, layer.channel_weights)
        on_new = min(self._mesh.core_neurons // unit_neurons,
                     self._mesh.core_weights // unit_weights)  # fmt: skip
        if on_new < 1:
            return None
        room = self._room(unit_neurons, unit_weights)
        shares, left = [], channels * blocks
        for core in np.argsort(-room, kind="stable").tolist():
            if not left or not room[core]:
                break
            shares.append((core, min(int(room[core]), left)))
            left -= shares[-1][1]
        shares.sort()
        new_cores = -(-left // on_new)
        parts = evenly(left, on_new) if left else []
        shares += [(len(self.groups) + n, last - first) for n, (first, last) in enumerate(parts)]
        return _Cut(blocks, shares, new_cores)

    def _room(self, unit_neurons: int, unit_weights: int) -> NDArray[np.int64]:
        """Return how many units each core in use has room for."""
        room = np.minimum(np.array(self._neurons, np.int64) // unit_neurons,
                          np.array(self._weights, np.int64) // unit_weights)  # fmt: skip
        return np.where(np.array(self._layers) < self._mesh.core_layers, room, 0)


def _units(layer: MeshLayer, blocks: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield rows and channel of each unit, block by block."""
    channels, height, _ = layer.shape
    for number in range(blocks):
        rows = height * number // blocks, height * (number + 1) // blocks
        for channel in range(channels):
            yield rows, channel


def _pieces(layer: MeshLayer, units: list[tuple[tuple[int, int], int]]) -> list[Piece]:
    """Join channels of a block that follow one another."""
    found: list[tuple[tuple[int, int], int, int]] = []
    for rows, channel in units:
        if found and found[-1][0] == rows and found[-1][2] == channel:
            found[-1] = rows, found[-1][1], channel + 1
        else:
            found.append((rows, channel, channel + 1))
    return [piece_of(layer, (first, last), rows) for rows, first, last in found]
