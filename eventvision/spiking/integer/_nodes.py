"""The nodes of an integer network, each a value that is checked when it is made.

A tensor has shape (channels, height, width) and one of three types: uint8 for spikes and counts,
int8 for signed inputs, int16 for currents and potentials. docs/spiking/integer-networks.md gives
the arithmetic to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ._arranging_nodes import Concat, PixelShuffle, Places, Upsample
from ._checks import (
    LARGEST_ADD_SHIFT,
    LARGEST_LEAK,
    LARGEST_SHIFT,
    Pair,
    check,
    check_channels,
    check_name,
    is_pair,
)
from ._stateful_nodes import Delay, Neuron, Readout
from ._weighted_nodes import Conv2d, Linear

__all__ = [
    "NODE_KINDS",
    "Add",
    "Concat",
    "Conv2d",
    "Delay",
    "Input",
    "Linear",
    "Neuron",
    "Node",
    "Output",
    "PixelShuffle",
    "Places",
    "Pool",
    "Readout",
    "Requantise",
    "TensorType",
    "Upsample",
    "inputs_of",
]

TensorType: TypeAlias = Literal["uint8", "int8", "int16"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """Where counts or quantised pictures come in.

    Attributes:
        name: Unique in the network.
        channels: Number of channels.
        dtype: `uint8`, or `int8` for signed values.
        exponent: One unit stands for `2 ** exponent`.
        normalise: Whether real values are first divided by the root mean square of those that are
            not zero, or by 1/1000 if that is more.
    """

    name: str
    channels: int
    dtype: TensorType = "uint8"
    exponent: int = 0
    normalise: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        check_channels(self.name, self.channels)
        check(self.dtype in {"uint8", "int8"}, self.name, "dtype must be uint8 or int8")
        check(abs(self.exponent) <= 64, self.name, "exponent must be -64 to 64")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requantise:
    """An int16 tensor shifted right with rounding and saturated to eight bits.

    Attributes:
        name: Unique in the network.
        input: Name of the node before, an int16 tensor.
        shift: How far to shift, 0 to 15.
        dtype: `uint8` (a rectifier) or `int8`.
    """

    name: str
    input: str
    shift: int = 0
    dtype: TensorType = "int8"

    def __post_init__(self) -> None:
        check_name(self.name)
        check(0 <= self.shift <= LARGEST_LEAK, self.name, "shift must be 0 to 15")
        check(self.dtype in {"uint8", "int8"}, self.name, "dtype must be uint8 or int8")


@dataclass(frozen=True, kw_only=True, slots=True)
class Add:
    """The saturated sum of tensors of one type and shape, each shifted left first.

    Attributes:
        name: Unique in the network.
        inputs: Names of two to eight nodes, all uint8 or all int16.
        shifts: How far each is shifted left, 0 to 12; zeros if not given.
    """

    name: str
    inputs: tuple[str, ...]
    shifts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= len(self.inputs) <= 8, self.name, "needs two to eight inputs")
        if not self.shifts:
            object.__setattr__(self, "shifts", (0,) * len(self.inputs))
        check(len(self.shifts) == len(self.inputs), self.name, "needs one shift per input")
        in_range = all(0 <= shift <= LARGEST_ADD_SHIFT for shift in self.shifts)
        check(in_range, self.name, "shifts must be 0 to 12")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Sum or largest value of windows of a uint8 tensor.

    Attributes:
        name: Unique in the network.
        input: Name of the node before, a uint8 tensor.
        kind: `sum` or `max`.
        size: Height and width of a window; None is the whole plane.
        stride: Vertical and horizontal; as large as the window if None.
        padding: Rows and columns of zeros at each side.
        shift: The sum is shifted right so far, with rounding, and saturated to uint8.
    """

    name: str
    input: str
    kind: Literal["sum", "max"] = "sum"
    size: Pair | None = (2, 2)
    stride: Pair | None = None
    padding: Pair = (0, 0)
    shift: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        check(self.kind in {"sum", "max"}, self.name, "kind must be sum or max")
        if self.size is None:
            whole = self.stride is None and self.padding == (0, 0)
            check(whole, self.name, "pooling of the whole plane has neither stride nor padding")
        else:
            check(is_pair(self.size, 1), self.name, "size must be two numbers of 1 to 255")
        if self.stride is not None:
            check(is_pair(self.stride, 1), self.name, "stride must be two numbers of 1 to 255")
        check(is_pair(self.padding, 0), self.name, "padding must be two numbers of 0 to 255")
        check(0 <= self.shift <= LARGEST_SHIFT, self.name, "shift must be 0 to 31")
        check(self.kind == "sum" or not self.shift, self.name, "only sums are shifted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Where a tensor leaves the network.

    Attributes:
        name: Name of the output; unique in the network.
        input: Name of the node before.
        exponent: One unit stands for `2 ** exponent`.
        curve: What its real values still go through: `linear` for nothing, or `sigmoid`.
    """

    name: str
    input: str
    exponent: int = 0
    curve: Literal["linear", "sigmoid"] = "linear"

    def __post_init__(self) -> None:
        check_name(self.name)
        check(abs(self.exponent) <= 64, self.name, "exponent must be -64 to 64")
        check(self.curve in {"linear", "sigmoid"}, self.name, "curve must be linear or sigmoid")


Node: TypeAlias = (
    Input
    | Conv2d
    | Linear
    | Neuron
    | Readout
    | Delay
    | Requantise
    | Add
    | Concat
    | Upsample
    | PixelShuffle
    | Places
    | Pool
    | Output
)
NODE_KINDS: tuple[type[Node], ...] = (
    Input, Conv2d, Linear, Neuron, Readout, Delay, Requantise, Add, Concat, Upsample, PixelShuffle,
    Places, Pool, Output,
)  # fmt: skip


def inputs_of(node: Node) -> tuple[str, ...]:
    """Return the names of the nodes that a node reads within a step."""
    if isinstance(node, Input):
        return ()
    if isinstance(node, Add | Concat | Places):
        return node.inputs
    if isinstance(node, Delay):
        return (node.like,)
    if isinstance(node, Upsample) and node.like:
        return node.input, node.like
    return (node.input,)
