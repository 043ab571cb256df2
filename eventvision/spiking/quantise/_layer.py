"""What all layers of a quantised network share.

Layers are torch twins of the integer nodes: the same whole numbers, with gradients. Tensors hold
units (`_rounding`). A layer's exponents say what its units stand for; they are fixed when a network
is quantised, only weights, biases and weight steps are trained on.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from eventvision.spiking.integer import Node

INT16 = (-32_768.0, 32_767.0)


class Layer(nn.Module):
    """A node of a quantised network.

    Attributes:
        node_name: Name in the integer model.
        inputs: Names of the layers that it reads.
        exponent: A unit of its output stands for 2 ** exponent.
        gain: What its output must still be multiplied with: a mean is a sum so far, and a readout
            leaves out by how much its input is scaled.
        is_current: Whether its output has sixteen bits.
    """

    gain: float = 1.0
    is_current: bool = True

    def __init__(self, name: str, inputs: tuple[str, ...], exponent: int) -> None:
        super().__init__()
        self.node_name, self.inputs, self.exponent = name, inputs, exponent

    @abstractmethod
    def integer_node(self) -> Node:
        """Return the node of the integer model."""

    def reset(self) -> None:
        """Forget the state."""

    def detach(self) -> None:
        """Cut the state off from the graph that made it."""


def numbers(units: Tensor) -> NDArray[np.float64]:
    """Return units as numpy numbers."""
    return units.detach().double().cpu().numpy()
