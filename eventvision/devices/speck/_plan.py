"""A model as the chip runs it: layers, each with all that a core is told, and the core it got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError

from ._chip import Core, bits_for

Pair = tuple[int, int]
SENSOR = ""
"""Stands for the source of a layer that reads the input."""


class MisfitError(EventVisionError):
    """A model cannot be laid out; `layer` is the first node in its way."""

    def __init__(self, layer: str, reason: str, remedy: str) -> None:
        super().__init__(f"layer {layer}: {reason}; {remedy}")
        self.layer, self.reason, self.remedy = layer, reason, remedy


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipLayer:
    """Spikes in, convolution, integrate-and-fire neurons, spikes out.

    Attributes:
        name: The node with the weights.
        neuron: The node that fires.
        source: The layer whose spikes come in, or `SENSOR`.
        pool: Side of the squares whose spikes are put together on the way here.
        input_shape: (channels, height, width), pooled.
        shape: Of the neurons, (channels, height, width).
        weight: int8, shape (out channels, in channels, height, width).
        bias: int8, shape (out channels,): added to all potentials in every step.
        threshold: Of all neurons.
        levels: Most spikes of a neuron in a step, where steps are told apart.
        initial: int16, shape (out channels,): potentials after a reset.
        stride: Vertical and horizontal.
        padding: Rows and columns of zeros at each side.
    """

    name: str
    neuron: str
    source: str
    pool: int
    input_shape: tuple[int, int, int]
    shape: tuple[int, int, int]
    weight: NDArray[np.int8]
    bias: NDArray[np.int8]
    threshold: int
    levels: int
    initial: NDArray[np.int16]
    stride: Pair
    padding: Pair

    @property
    def weights(self) -> int:
        """Words of weight memory; addresses are bit fields, so sizes count as powers of two."""
        outs, ins, height, width = self.weight.shape
        return int(ins << (bits_for(height * width) + bits_for(outs)))

    @property
    def neurons(self) -> int:
        """Words of neuron memory, counted likewise."""
        channels, height, width = self.shape
        return channels << (bits_for(height) + bits_for(width))

    @property
    def biases(self) -> int:
        """Words of bias memory."""
        return len(self.bias) if self.bias.any() else 0

    def fits(self, core: Core) -> bool:
        """Say whether a core has room for the layer."""
        return (
            self.weights <= core.weights
            and self.neurons <= core.neurons
            and self.biases <= core.biases
        )


@dataclass(frozen=True, kw_only=True)
class ChipPlan:
    """A model on the chip.

    Attributes:
        input_name: The model's input.
        input_shape: (channels, height, width).
        layers: Each after the one whose spikes it takes.
        cores: For each layer the core that holds it.
        outputs: By name of the model's outputs the layer that they are the spikes of.
    """

    input_name: str
    input_shape: tuple[int, int, int]
    layers: tuple[ChipLayer, ...]
    cores: tuple[Core, ...]
    outputs: Mapping[str, str]
