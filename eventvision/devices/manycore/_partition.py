"""Cuts layers into pieces, each small enough for a core, and puts pieces together on cores.

A piece is some channels of some rows. Its neurons take potentials, its channels take weights,
which pieces with the same channels and other rows hold again. Three ways to cut:

* `packed_partition` packs layers onto as few cores as it can find, see `_packing`.
* `roomy_partition` tries every number of rows in a piece, takes the cut into the fewest pieces, and
  lets pieces of different layers share cores: more cores, less traffic.
* `naive_partition` is what a straightforward compiler does: neurons in the order of their numbers
  (channel by channel), as many as a core holds, then the next core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eventvision.core import ConfigError

from ._layers import MeshLayer
from ._mesh import Mesh
from ._packing import Packing
from ._pieces import Piece, evenly, piece_of


@dataclass(frozen=True, slots=True)
class Partition:
    """A network, cut for the cores of a mesh.

    Attributes:
        layers: In order.
        groups: What each core holds: one piece, or several of different layers.
    """

    layers: tuple[MeshLayer, ...]
    groups: tuple[tuple[Piece, ...], ...]

    @property
    def cores(self) -> int:
        """How many cores it takes."""
        return len(self.groups)


def roomy_partition(layers: Sequence[MeshLayer], mesh: Mesh) -> Partition:
    """Cut layers into few pieces.

    Raises:
        ConfigError: If a single row of a single channel is too large for a core.
    """
    pieces = [_best_cut(layer, mesh) for layer in layers]
    groups: list[list[Piece]] = []
    for cut in pieces:
        groups.extend(_merged(cut, groups, mesh))
    return Partition(tuple(layers), tuple(map(tuple, groups)))


def packed_partition(layers: Sequence[MeshLayer], mesh: Mesh) -> Partition:
    """Pack layers onto as few cores as can be found; see `_packing`.

    Raises:
        ConfigError: If a single row of a single channel is too large for a core.
    """
    packing = Packing(mesh)
    for layer in _heavy_and_light(layers):
        if not packing.add(layer):
            _must_fit(layer, mesh, 0, 0)
    return Partition(tuple(layers), tuple(map(tuple, packing.groups)))


def _heavy_and_light(layers: Sequence[MeshLayer]) -> Iterator[MeshLayer]:
    """Yield layers from both ends: that with the most weights for its neurons, then the least."""
    ordered = deque(
        sorted(layers, key=lambda each: each.channel_weights / (each.shape[1] * each.shape[2]))
    )
    while ordered:
        yield ordered.pop()
        if ordered:
            yield ordered.popleft()


def naive_partition(layers: Sequence[MeshLayer], mesh: Mesh) -> Partition:
    """Cut layers row after row, channel after channel, as many neurons as a core takes.

    Raises:
        ConfigError: If a single row of a single channel is too large for a core.
    """
    groups = [tuple(group) for layer in layers for group in _filled(layer, mesh)]
    return Partition(tuple(layers), tuple(groups))


def _filled(layer: MeshLayer, mesh: Mesh) -> list[list[Piece]]:
    """Fill one core after the other with rows of a layer."""
    channels, height, width = layer.shape
    _must_fit(layer, mesh, mesh.core_neurons // width, _channels_by_weights(layer, mesh))
    groups: list[list[Piece]] = [[]]
    neurons = weights = 0
    for channel in range(channels):
        row = 0
        while row < height:
            room = (mesh.core_neurons - neurons) // width
            if room < 1 or weights + layer.channel_weights > mesh.core_weights:
                groups.append([])
                neurons = weights = 0
                continue
            last = min(height, row + room)
            piece = piece_of(layer, (channel, channel + 1), (row, last))
            groups[-1].append(piece)
            neurons, weights, row = neurons + piece.neurons, weights + piece.weights, last
    return groups


def _best_cut(layer: MeshLayer, mesh: Mesh) -> list[Piece]:
    """Return the cut into the fewest pieces; of equals, that with the fewest parts by channel."""
    channels, height, width = layer.shape
    best: tuple[int, int, int] | None = None
    for rows in range(1, height + 1):
        fitting = min(mesh.core_neurons // (rows * width), _channels_by_weights(layer, mesh))
        if fitting < 1:
            break
        parts = -(-channels // fitting)
        number = parts * -(-height // rows)
        if best is None or (number, parts) < best[:2]:
            best = number, parts, rows
    if best is None:
        _must_fit(layer, mesh, 0, 0)
        return []
    _, parts, rows = best
    return _cut(layer, -(-channels // parts), rows)


def _cut(layer: MeshLayer, channels: int, rows: int) -> list[Piece]:
    all_channels, height, _ = layer.shape
    return [
        piece_of(layer, some, part)
        for some in evenly(all_channels, channels)
        for part in evenly(height, rows)
    ]


def _channels_by_weights(layer: MeshLayer, mesh: Mesh) -> int:
    return min(layer.shape[0], mesh.core_weights // max(1, layer.channel_weights))


def _merged(cut: list[Piece], groups: list[list[Piece]], mesh: Mesh) -> list[list[Piece]]:
    """Put pieces to what lies on cores already, the fullest that has room; return the others."""
    new = []
    for piece in cut:
        rooms = [group for group in groups if _has_room(group, piece, mesh)]
        if rooms:
            max(rooms, key=lambda group: sum(each.weights for each in group)).append(piece)
        else:
            new.append([piece])
    return new


def _has_room(group: list[Piece], piece: Piece, mesh: Mesh) -> bool:
    layers = {each.layer for each in group}
    return (
        piece.layer not in layers
        and len(layers) < mesh.core_layers
        and sum(each.neurons for each in group) + piece.neurons <= mesh.core_neurons
        and sum(each.weights for each in group) + piece.weights <= mesh.core_weights
    )


def _must_fit(layer: MeshLayer, mesh: Mesh, rows: int, channels: int) -> None:
    if rows < 1 or channels < 1:
        needs = f"{layer.shape[2]} neurons and {layer.channel_weights} bytes of weights"
        raise ConfigError(
            "--mesh", f"{mesh.core_neurons} neurons, {mesh.core_weights} bytes a core",
            f"room for a row of a channel of layer {layer.name}: {needs}",
        )  # fmt: skip
