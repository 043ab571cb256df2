"""Neurons and readouts: layers with a potential."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from eventvision.spiking import integer
from eventvision.spiking.integer import Leak, Node

from ._layer import INT16, Layer, numbers
from ._rounding import fire, floor, saturate


class Neuron(Layer):
    """Shift-leak integrate and fire.

    Args:
        name: Of the node.
        source: Of the layer before.
        threshold: Whole units, shape (channels,).
        initial: Whole units, shape (channels,).
        leak: As in the integer node.
        levels: As in the integer node.
        rounding: As in the integer node.
    """

    is_current = False
    threshold: Tensor
    initial: Tensor
    shares: Tensor
    potential: Tensor | None

    def __init__(
        self,
        name: str,
        source: str,
        *,
        threshold: Tensor,
        initial: Tensor,
        leak: Leak,
        levels: int,
        rounding: bool,
    ) -> None:
        super().__init__(name, (source,), 0)
        self.register_buffer("threshold", threshold.float())
        self.register_buffer("initial", initial.float())
        self.register_buffer("shares", shares_of(leak, len(threshold)))
        self.leak, self.levels, self.rounding = leak, levels, rounding
        self.potential = None

    def forward(self, current: Tensor) -> Tensor:
        """Return the spikes of one step; the potential is carried on."""
        before = self.potential
        if before is None:
            before = self.initial[:, None, None].expand(current.shape)
        charged = charge(before, current, self.shares)
        threshold = self.threshold[:, None, None]
        offset = torch.floor(threshold / 2) if self.rounding else torch.zeros_like(threshold)
        spikes = fire(charged, threshold, offset, self.levels, rounding=self.rounding)
        self.potential = charged - spikes * threshold
        return spikes

    def reset(self) -> None:
        """Forget the potential."""
        self.potential = None

    def detach(self) -> None:
        """Keep the potential, cut off from the graph that made it."""
        if self.potential is not None:
            self.potential = self.potential.detach()

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Neuron(
            name=self.node_name,
            input=self.inputs[0],
            threshold=numbers(self.threshold).astype(np.int16),
            initial=numbers(self.initial).astype(np.int16),
            leak=self.leak,
            levels=self.levels,
            rounding=self.rounding,
        )


class Readout(Layer):
    """A leaky potential that is read.

    Args:
        name: Of the node.
        source: Of the layer before.
        exponent: Of its input and its output.
        leak: As in the integer node.
        gain: See `Layer`.
        channels: How many there are.
    """

    shares: Tensor
    potential: Tensor | None

    def __init__(
        self, name: str, source: str, exponent: int, leak: Leak, gain: float, channels: int
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.register_buffer("shares", shares_of(leak, channels))
        self.leak, self.gain, self.potential = leak, gain, None

    def forward(self, current: Tensor) -> Tensor:
        """Return the potential after one step."""
        before = torch.zeros_like(current) if self.potential is None else self.potential
        self.potential = charge(before, current, self.shares)
        return self.potential

    def reset(self) -> None:
        """Forget the potential."""
        self.potential = None

    def detach(self) -> None:
        """Keep the potential, cut off from the graph that made it."""
        if self.potential is not None:
            self.potential = self.potential.detach()

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Readout(name=self.node_name, input=self.inputs[0], leak=self.leak)


class Delay(Layer):
    """What a layer gave in the step before.

    Args:
        name: Of the node.
        source: Of the layer whose output it keeps, which comes later.
        like: Of a layer before it, of the same height and width.
        channels: How many there are.
    """

    is_current = False
    kept: Tensor | None

    def __init__(self, name: str, source: str, like: str, channels: int) -> None:
        super().__init__(name, (like,), 0)
        self.source, self.channels, self.kept = source, channels, None

    def forward(self, like: Tensor) -> Tensor:
        """Return what it keeps; zeros in the first step."""
        if self.kept is None:
            return like.new_zeros(len(like), self.channels, *like.shape[2:])
        return self.kept

    def keep(self, spikes: Tensor) -> None:
        """Keep spikes for the next step."""
        self.kept = spikes

    def reset(self) -> None:
        """Forget what it keeps."""
        self.kept = None

    def detach(self) -> None:
        """Keep it, cut off from the graph that made it."""
        if self.kept is not None:
            self.kept = self.kept.detach()

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Delay(
            name=self.node_name, input=self.source, like=self.inputs[0], channels=self.channels
        )


def shares_of(leak: Leak, channels: int) -> Tensor:
    """Return which share of the potential each term of a leak takes, shape (terms, channels)."""
    if leak is None:
        return torch.zeros(0, channels)
    shifts = leak if isinstance(leak, np.ndarray) else np.full((1, channels), leak)
    return torch.from_numpy(np.where(shifts >= 0, np.exp2(-shifts.astype(np.float32)), 0)).float()


def charge(potential: Tensor, current: Tensor, shares: Tensor) -> Tensor:
    """Leak, add the current, saturate."""
    left = potential
    for share in shares:
        left = left - floor(potential * share[:, None, None])
    return saturate(left + current, *INT16)
