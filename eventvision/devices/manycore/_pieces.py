"""Parts of layers, each of which lies on one core."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ._layers import MeshLayer


@dataclass(frozen=True, slots=True)
class Piece:
    """Some channels of some rows of a layer.

    Attributes:
        layer: Its name.
        channels: First channel and the one after the last.
        rows: First row and the one after the last.
        neurons: Potentials that it takes.
        weights: Bytes of weights that it takes.
    """

    layer: str
    channels: tuple[int, int]
    rows: tuple[int, int]
    neurons: int
    weights: int


def piece_of(layer: MeshLayer, channels: tuple[int, int], rows: tuple[int, int]) -> Piece:
    """Return some channels of some rows of a layer."""
    number = channels[1] - channels[0]
    neurons = number * (rows[1] - rows[0]) * layer.shape[2]
    return Piece(layer.name, channels, rows, neurons, number * layer.channel_weights)


def evenly(length: int, most: int) -> list[tuple[int, int]]:
    """Part a length into as few parts of at most so much as there can be, all nearly equal."""
    parts = -(-length // most)
    edges = [length * part // parts for part in range(parts + 1)]
    return list(pairwise(edges))
