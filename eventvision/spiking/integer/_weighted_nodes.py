"""Nodes with weights: convolution and matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._checks import Pair, check, check_name, check_weights, is_pair


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Conv2d:
    """Convolution of an 8-bit tensor, shifted right and saturated to int16.

    Attributes:
        name: Unique in the network.
        input: Name of the node before.
        weight: int8, shape (out channels, in channels / groups, height, width).
        bias: int32, shape (out channels,), in units of the accumulator; batch norm is in it.
        shift: int8, shape (out channels,), -8 to 31: how far the accumulator is shifted right, with
            rounding; to the left where it is below zero.
        stride: Vertical and horizontal.
        padding: Rows and columns of zeros at each side.
        groups: Channels are cut into so many groups that do not mix.
        weight_bits: 8, 4 or 2 (ternary): the range that the weights keep, and their packing.
    """

    name: str
    input: str
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    shift: NDArray[np.int8]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    groups: int = 1
    weight_bits: int = 8

    def __post_init__(self) -> None:
        check_name(self.name)
        check_weights(self, dimensions=4)
        check(is_pair(self.stride, 1), self.name, "stride must be two numbers of 1 to 255")
        check(is_pair(self.padding, 0), self.name, "padding must be two numbers of 0 to 255")
        divides = self.groups >= 1 and self.weight.shape[0] % self.groups == 0
        check(divides, self.name, "groups must divide the out channels")

    @property
    def in_channels(self) -> int:
        """Number of channels that come in."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has a kernel of its own and no other."""
        return self.weight.shape[:2] == (self.groups, 1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Linear:
    """Product of a flattened 8-bit tensor with a matrix, shifted right and saturated to int16.

    Attributes:
        name: Unique in the network.
        input: Name of the node before; flattened as channel, row, column.
        weight: int8, shape (out channels, features).
        bias: int32, shape (out channels,).
        shift: int8, shape (out channels,), as for `Conv2d`.
        weight_bits: 8, 4 or 2 (ternary).
    """

    name: str
    input: str
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    shift: NDArray[np.int8]
    weight_bits: int = 8

    def __post_init__(self) -> None:
        check_name(self.name)
        check_weights(self, dimensions=2)
