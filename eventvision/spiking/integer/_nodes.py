"""The nodes of an integer network, each a value that is checked when it is made.

A tensor has shape (channels, height, width) and one of three types: uint8 for spikes and counts,
int8 for signed inputs, int16 for currents and potentials. docs/spiking/integer-networks.md gives
the arithmetic to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._checks import (
    LARGEST_ADD_SHIFT,
    LARGEST_LEAK,
    LARGEST_SHIFT,
    Pair,
    check,
    check_array,
    check_leak,
    check_name,
    check_weights,
    is_pair,
)

TensorType: TypeAlias = Literal["uint8", "int8", "int16"]

_MAX_CHANNELS = 65_536
_ACTIVATION_MAX = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """Where counts or quantised pictures come in.

    Attributes:
        name: Unique in the network.
        channels: Number of channels.
        dtype: `uint8`, or `int8` for signed values.
        exponent: One unit stands for `2 ** exponent`.
    """

    name: str
    channels: int
    dtype: TensorType = "uint8"
    exponent: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        check(1 <= self.channels <= _MAX_CHANNELS, self.name, "channels must be 1 to 65536")
        check(self.dtype in {"uint8", "int8"}, self.name, "dtype must be uint8 or int8")
        check(abs(self.exponent) <= 64, self.name, "exponent must be -64 to 64")


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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neuron:
    """Shift-leak integrate and fire with soft reset; its spikes are whole numbers 0..levels.

    One level and no rounding is (leaky) integrate and fire; several levels with rounding is
    I-LIF; leak 0 forgets everything and so quantises a rectified current without any memory.

    Attributes:
        name: Unique in the network; also the name of its state.
        input: Name of the node before, an int16 tensor.
        threshold: int16, shape (channels,), above zero.
        leak: The potential loses `potential >> leak` each step; None keeps it all.
        levels: Most spikes in one step, 1 to 255.
        rounding: Whether half a threshold is enough for the next spike.
        initial: int16, shape (channels,): potential after a reset; zeros if not given.
    """

    name: str
    input: str
    threshold: NDArray[np.int16]
    leak: int | None = None
    levels: int = 1
    rounding: bool = False
    initial: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))

    def __post_init__(self) -> None:
        check_name(self.name)
        check_array(self.threshold, np.int16, 1, f"{self.name}: threshold")
        above_zero = self.threshold.size > 0 and int(self.threshold.min()) > 0
        check(above_zero, self.name, "threshold must be above zero")
        check_leak(self.name, self.leak)
        check(1 <= self.levels <= _ACTIVATION_MAX, self.name, "levels must be 1 to 255")
        check_array(self.initial, np.int16, 1, f"{self.name}: initial")
        if not self.initial.size:
            object.__setattr__(self, "initial", np.zeros_like(self.threshold))
        same = self.initial.shape == self.threshold.shape
        check(same, self.name, "initial must have as many values as threshold")

    @property
    def offset(self) -> NDArray[np.int32]:
        """What is added to the potential before it is divided by the threshold."""
        half = self.threshold.astype(np.int32) >> 1
        return half if self.rounding else np.zeros_like(half)


@dataclass(frozen=True, kw_only=True, slots=True)
class Readout:
    """A leaky potential that is read and never fires; int16 in, int16 out.

    Attributes:
        name: Unique in the network; also the name of its state.
        input: Name of the node before, an int16 tensor.
        leak: The potential loses `potential >> leak` each step; None keeps it all.
    """

    name: str
    input: str
    leak: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        check_leak(self.name, self.leak)


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
class Concat:
    """Tensors of one type and size, one after another along the channels.

    Attributes:
        name: Unique in the network.
        inputs: Names of two to eight nodes.
    """

    name: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= len(self.inputs) <= 8, self.name, "needs two to eight inputs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upsample:
    """Every value repeated `factor` times in both directions.

    Attributes:
        name: Unique in the network.
        input: Name of the node before.
        factor: 2 to 64.
        like: Name of a node to whose height and width the result is cut; it is cut right and
            below, by less than `factor`. Empty leaves it whole.
    """

    name: str
    input: str
    factor: int = 2
    like: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= self.factor <= 64, self.name, "factor must be 2 to 64")


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
    """

    name: str
    input: str
    exponent: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        check(abs(self.exponent) <= 64, self.name, "exponent must be -64 to 64")


Node: TypeAlias = (
    Input
    | Conv2d
    | Linear
    | Neuron
    | Readout
    | Requantise
    | Add
    | Concat
    | Upsample
    | Pool
    | Output
)
NODE_KINDS: tuple[type[Node], ...] = (
    Input, Conv2d, Linear, Neuron, Readout, Requantise, Add, Concat, Upsample, Pool, Output,
)  # fmt: skip


def inputs_of(node: Node) -> tuple[str, ...]:
    """Return the names of the nodes that a node reads."""
    if isinstance(node, Input):
        return ()
    if isinstance(node, Add | Concat):
        return node.inputs
    if isinstance(node, Upsample) and node.like:
        return node.input, node.like
    return (node.input,)
