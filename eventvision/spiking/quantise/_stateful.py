"""Neurons and readouts: layers with a potential."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from eventvision.spiking import integer
from eventvision.spiking.integer import Node

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
    potential: Tensor | None

    def __init__(
        self,
        name: str,
        source: str,
        *,
        threshold: Tensor,
        initial: Tensor,
        leak: int | None,
        levels: int,
        rounding: bool,
    ) -> None:
        super().__init__(name, (source,), 0)
        self.register_buffer("threshold", threshold.float())
        self.register_buffer("initial", initial.float())
        self.leak, self.levels, self.rounding = leak, levels, rounding
        self.potential = None

    def forward(self, current: Tensor) -> Tensor:
        """Return the spikes of one step; the potential is carried on."""
        before = self.potential
        if before is None:
            before = self.initial[:, None, None].expand(current.shape)
        charged = charge(before, current, self.leak)
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
    """

    potential: Tensor | None

    def __init__(
        self, name: str, source: str, exponent: int, leak: int | None, gain: float
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.leak, self.gain, self.potential = leak, gain, None

    def forward(self, current: Tensor) -> Tensor:
        """Return the potential after one step."""
        before = torch.zeros_like(current) if self.potential is None else self.potential
        self.potential = charge(before, current, self.leak)
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


def charge(potential: Tensor, current: Tensor, leak: int | None) -> Tensor:
    """Leak, add the current, saturate."""
    if leak is not None:
        potential = potential - floor(potential * 2.0**-leak)
    return saturate(potential + current, *INT16)
