"""Who sends how many spikes to whom, core by core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._layers import MeshLayer
from ._partition import Partition
from ._pieces import Piece


class Flows(NamedTuple):
    """Spikes between groups in a step, each pair once for each direction.

    A spike is sent to every core that needs it, one after another, as links know no copies; to a
    core that needs it for several pieces it is sent once.

    Attributes:
        sources: Group that sends, int64.
        goals: Group that receives, int64.
        spikes: How many in a step, float64.
    """

    sources: NDArray[np.int64]
    goals: NDArray[np.int64]
    spikes: NDArray[np.float64]


def flows_of(partition: Partition) -> Flows:
    """Return the flows between the groups of a partition; what stays on a core is left out."""
    total = np.zeros((partition.cores, partition.cores))
    for source in partition.layers:
        height = source.shape[1]
        held = np.zeros((partition.cores, height))
        needed = np.zeros((partition.cores, height))
        for group, layer, piece in _pieces(partition):
            if layer is source:
                held[group, slice(*piece.rows)] += piece.channels[1] - piece.channels[0]
            if source.name in layer.sources:
                needed[group, slice(*_rows_needed(layer, source, piece))] = 1
        total += held @ needed.T * (source.spikes / (source.shape[0] * height))
    np.fill_diagonal(total, 0)
    sources, goals = np.nonzero(total)
    return Flows(sources, goals, total[sources, goals])


def _pieces(partition: Partition) -> Iterator[tuple[int, MeshLayer, Piece]]:
    layers = {layer.name: layer for layer in partition.layers}
    for number, group in enumerate(partition.groups):
        for piece in group:
            yield number, layers[piece.layer], piece


def _rows_needed(layer: MeshLayer, source: MeshLayer, piece: Piece) -> tuple[int, int]:
    """Return which rows of a source a piece looks at: the first, and the one after the last."""
    height = source.shape[1]
    if layer.is_whole:
        return 0, height
    first = piece.rows[0] * height // layer.shape[1] - layer.reach
    last = -(-piece.rows[1] * height // layer.shape[1]) + layer.reach
    return max(first, 0), min(last, height)
