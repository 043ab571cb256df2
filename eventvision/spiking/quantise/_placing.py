"""Rows of channels, enlargement, shuffled pixels: values go elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from eventvision.spiking import integer
from eventvision.spiking.integer import Node

from ._layer import Layer


class Concat(Layer):
    """Channels of several layers in a row.

    Args:
        name: Of the node.
        inputs: Of the layers before.
        exponent: Of the result.
        is_current: Whether they have sixteen bits.
    """

    def __init__(
        self, name: str, inputs: tuple[str, ...], exponent: int, *, is_current: bool
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.is_current = is_current

    def forward(self, *parts: Tensor) -> Tensor:
        """Return them as one."""
        return torch.cat(parts, 1)

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Concat(name=self.node_name, inputs=self.inputs)


class Upsample(Layer):
    """Every value repeated, cut to the size of a second input if there is one.

    Args:
        name: Of the node.
        inputs: Of the layer before, and of one as large as the result.
        exponent: Of the result.
        factor: How often.
        is_current: Whether it has sixteen bits.
    """

    def __init__(
        self, name: str, inputs: tuple[str, ...], exponent: int, factor: int, *, is_current: bool
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.factor, self.is_current = factor, is_current

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        """Return the larger tensor."""
        large = x.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)
        return large if like is None else large[..., : like.shape[-2], : like.shape[-1]]

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        like = self.inputs[1] if len(self.inputs) > 1 else ""
        return integer.Upsample(
            name=self.node_name, input=self.inputs[0], factor=self.factor, like=like
        )


class PixelShuffle(Layer):
    """Channels spread over a finer picture.

    Args:
        name: Of the node.
        source: Of the layer before.
        exponent: Of the result.
        factor: How much finer.
        is_current: Whether it has sixteen bits.
    """

    def __init__(
        self, name: str, source: str, exponent: int, factor: int, *, is_current: bool
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.factor, self.is_current = factor, is_current

    def forward(self, x: Tensor) -> Tensor:
        """Return the finer picture."""
        return functional.pixel_shuffle(x, self.factor)

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.PixelShuffle(name=self.node_name, input=self.inputs[0], factor=self.factor)


class Places(Layer):
    """All places of several layers in one column.

    Args:
        name: Of the node.
        inputs: Of the layers before.
        exponent: Of the result.
        is_current: Whether they have sixteen bits.
    """

    def __init__(
        self, name: str, inputs: tuple[str, ...], exponent: int, *, is_current: bool
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.is_current = is_current

    def forward(self, *parts: Tensor) -> Tensor:
        """Return shape (N, C, places, 1)."""
        return torch.cat([part.flatten(2) for part in parts], 2)[..., None]

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Places(name=self.node_name, inputs=self.inputs)
