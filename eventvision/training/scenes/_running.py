"""Runs networks over slices, whatever they are made of."""

from __future__ import annotations

from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.quantise import QuantisedNetwork
from eventvision.training.networks import Perception, SpikingReconstruction, by_step, normalised

INPUT = "events"
"""Name of the input."""

IMAGE = "image"
"""Name of the pictures among the answers."""


class Deployed(torch_nn.Module):
    """A network as it is shipped: it takes slices as they come and names what it answers.

    Args:
        network: The network.
        prepare: Whether slices are brought to the scale that it was trained on.
    """

    def __init__(self, network: torch_nn.Module, *, prepare: bool = True) -> None:
        super().__init__()
        self.network, self._prepare = network, prepare
        self.train(network.training)

    def forward(self, events: Tensor) -> dict[str, Tensor]:
        """Take one slice, shape (N, bins, height, width)."""
        found = self.network(normalised(events) if self._prepare else events)
        return found if isinstance(found, dict) else {IMAGE: found}


def answers(network: torch_nn.Module, events: Tensor) -> dict[str, Tensor]:
    """Return what a network answers to slices (T, N, bins, height, width), as they come."""
    prepared = by_step(normalised(events.flatten(0, 1)), len(events))
    if isinstance(network, SpikingReconstruction):
        return {IMAGE: network.sequence(prepared)}
    if isinstance(network, Perception | QuantisedNetwork):
        return network.sequence(prepared)
    raise TypeError(f"a network of eventvision.training is wanted, not {type(network).__name__}")


def forget(network: torch_nn.Module) -> None:
    """Let a network start anew."""
    if isinstance(network, QuantisedNetwork):
        network.reset()
    else:
        nn.reset(network)


def detach(network: torch_nn.Module) -> None:
    """Cut what a network remembers off from how it came about."""
    if isinstance(network, QuantisedNetwork):
        network.detach()
    else:
        nn.detach(network)
