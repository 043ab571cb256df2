"""What slices are for: a picture that is shown until the next slice ends, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError, load_card
from eventvision.representations import VoxelGrid
from eventvision.spiking import nn
from eventvision.training.losses import scaled
from eventvision.training.networks import MULTIPLE, SpikingReconstruction, normalised
from eventvision.training.scenes import build_network, load_scene_recipe, load_weights

from ._streams import CellStream

Memory = dict[str, dict[str, Tensor]]
"""State of each neuron, by its path."""

Span = tuple[int, int]

CHANGE = "change"


class Downstream(Protocol):
    """A frozen network that pictures come from."""

    def pictures(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[Tensor, list[Memory]]:
        """Return the pictures after slices that all follow the same past.

        Args:
            stream: What is cut.
            memory: What is remembered of the slices before; empty at the start.
            spans: First cell and end of each slice.

        Returns:
            Shape (slices, 1, height, width), 0 to 1, each scaled by its percentiles; and what is
            remembered after each slice.
        """


def truth_of(stream: CellStream, edges: Sequence[int]) -> Tensor:
    """Return what the scene looked like at edges of cells, 0 to 1, shape (n, 1, height, width)."""
    return torch.from_numpy(stream.shades[np.asarray(edges)])[:, None].float() / 255


class Change:
    """Shows what was true when the slice ended: only age makes it wrong. Favours no task."""

    def pictures(
        self,
        stream: CellStream,
        memory: Memory,
        spans: Sequence[Span],
    ) -> tuple[Tensor, list[Memory]]:
        """See `Downstream`."""
        return truth_of(stream, [end for _, end in spans]), [memory for _ in spans]


class Reconstruction:
    """Shows what a reconstruction network makes of the slices.

    Args:
        network: The network; it is not changed.
    """

    def __init__(self, network: SpikingReconstruction) -> None:
        self._network = network.eval()

    @torch.no_grad()
    def pictures(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[Tensor, list[Memory]]:
        """See `Downstream`."""
        sensor = stream.events.sensor
        voxels = VoxelGrid(sensor, bins=self._network.bins)
        grids = [torch.from_numpy(voxels.render(stream.slice(*span)).copy()) for span in spans]
        right, below = -sensor.width % MULTIPLE, -sensor.height % MULTIPLE
        events = functional.pad(torch.stack(grids), (0, right, 0, below))
        _put(self._network, memory, len(spans))
        found = self._network(normalised(events))[..., : sensor.height, : sensor.width]
        return scaled(found), _taken(self._network, len(spans))


def open_downstream(name: str) -> Downstream:
    """Return the downstream network of a recipe.

    Raises:
        ConfigError: If it is no reconstruction.
        ModelError: If there is no such model.
    """
    if name == CHANGE:
        return Change()
    card = load_card(name)
    if card.task != "reconstruction":
        raise ConfigError("downstream", name, f"a reconstruction model, or {CHANGE}")
    network = build_network(load_scene_recipe(card.folder / "recipe.toml"))
    load_weights(network, card.artifact("safetensors"))
    return Reconstruction(cast("SpikingReconstruction", network))


def _put(network: torch_nn.Module, memory: Memory, copies: int) -> None:
    """Let all copies begin with the same state."""
    nn.reset(network)
    for path, neuron in nn.neurons(network):
        if path in memory:
            neuron.state = {
                name: value.expand(copies, *value.shape[1:]) for name, value in memory[path].items()
            }


def _taken(network: torch_nn.Module, copies: int) -> list[Memory]:
    """Return the state of each copy."""
    states = {path: neuron.state or {} for path, neuron in nn.neurons(network)}
    return [
        {
            path: {name: value[copy : copy + 1] for name, value in state.items()}
            for path, state in states.items()
        }
        for copy in range(copies)
    ]
