"""A network of integer nodes: checked for sense once, then trusted by whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    Pool,
    Readout,
    Requantise,
    TensorType,
    Upsample,
    inputs_of,
)

N = TypeVar("N")
_MAX_NODES = 4096
_MAX_ELEMENTS = 2**28


class Shape(NamedTuple):
    """What a node gives: its type and its size."""

    dtype: TensorType
    channels: int
    height: int
    width: int

    @property
    def array(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width


@dataclass(frozen=True, eq=False)
class IntegerModel:
    """A streaming integer network; the same model serves sensors of any size.

    Attributes:
        nodes: Every node after those that it reads.

    Raises:
        ValueError: If a name is used twice or unknown, or types or channels do not fit.
    """

    nodes: tuple[Node, ...]

    def __init__(self, nodes: Iterable[Node]) -> None:
        object.__setattr__(self, "nodes", tuple(nodes))
        if len(self.nodes) > _MAX_NODES:
            raise ValueError(f"a network has at most {_MAX_NODES} nodes, got {len(self.nodes)}")
        self._check_names()
        if not self.inputs or not self.outputs:
            raise ValueError("a network needs an Input and an Output")
        self._check_channels()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Where tensors come in."""
        return self._of_kind(Input)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Where tensors leave."""
        return self._of_kind(Output)

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def __getitem__(self, name: str) -> Node:
        """Return the node of that name.

        Raises:
            KeyError: If there is none.
        """
        return self._by_name[name]

    def readers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read a node."""
        return tuple(node for node in self.nodes if name in inputs_of(node))

    def shapes(self, sizes: SensorSize | Mapping[str, SensorSize]) -> dict[str, Shape]:
        """Return what every node gives for inputs of these sizes.

        Args:
            sizes: One size for all inputs, or one by the name of each input; 1x1 for vectors.

        Raises:
            ValueError: If the sizes do not fit the network.
        """
        by_name = (
            dict.fromkeys((node.name for node in self.inputs), sizes)
            if isinstance(sizes, SensorSize)
            else sizes
        )
        missing = [node.name for node in self.inputs if node.name not in by_name]
        if missing:
            raise ValueError(f"no size given for input {missing[0]}")
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            if isinstance(node, Input):
                size = by_name[node.name]
                shape = Shape(node.dtype, node.channels, size.height, size.width)
            else:
                shape = _shape_after(node, [shapes[name] for name in inputs_of(node)])
            elements = shape.channels * shape.height * shape.width
            if elements > _MAX_ELEMENTS:
                raise ValueError(f"node {node.name}: {elements} values are more than 2**28")
            shapes[node.name] = shape
        return shapes

    def encode(self, name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Quantise real values for an input: round half up, saturate.

        Args:
            name: The input.
            values: Real values, any shape; integers are taken as units already.
        """
        node = self[name]
        if not isinstance(node, Input):
            raise ValueError(f"node {name} is not an input")
        if values.dtype == node.dtype:
            return values
        if np.issubdtype(values.dtype, np.floating):
            values = np.floor(np.ldexp(values.astype(np.float32), -node.exponent) + np.float32(0.5))
            values = np.nan_to_num(values)
        limits = np.iinfo(node.dtype)
        units: NDArray[np.generic] = np.clip(values, limits.min, limits.max).astype(node.dtype)
        return units

    def decode(self, name: str, values: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the real values that units of an output stand for."""
        node = self[name]
        if not isinstance(node, Output):
            raise ValueError(f"node {name} is not an output")
        return np.ldexp(values.astype(np.float32), node.exponent).astype(np.float32)

    def _of_kind(self, kind: type[N]) -> tuple[N, ...]:
        return tuple(node for node in self.nodes if isinstance(node, kind))

    def _check_names(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise ValueError(f"node {node.name}: the name is used twice")
            for name in inputs_of(node):
                if name not in seen:
                    raise ValueError(f"node {node.name}: reads {name}, which is not before it")
                if isinstance(self[name], Output):
                    raise ValueError(f"node {node.name}: reads the output {name}; read its input")
            seen.add(node.name)

    def _check_channels(self) -> None:
        """Check what does not depend on the sizes: types and channels."""
        given: dict[str, tuple[TensorType, int]] = {}
        for node in self.nodes:
            given[node.name] = _type_after(node, [given[name] for name in inputs_of(node)])


def _type_after(node: Node, given: list[tuple[TensorType, int]]) -> tuple[TensorType, int]:
    """Return type and channels of a node's tensor, given those of its inputs."""
    if isinstance(node, Input):
        return node.dtype, node.channels
    dtype, channels = given[0]
    match node:
        case Conv2d():
            _need(node, dtype != "int16", "reads int16; put a Neuron or Requantise between")
            _need(node, channels == node.in_channels, f"reads {channels} channels, "
                  f"its weight is for {node.in_channels}")  # fmt: skip
            return "int16", node.weight.shape[0]
        case Linear():
            _need(node, dtype != "int16", "reads int16; put a Neuron or Requantise between")
            _need(node, node.weight.shape[1] % channels == 0, f"{node.weight.shape[1]} features "
                  f"are no multiple of {channels} channels")  # fmt: skip
            return "int16", node.weight.shape[0]
        case Neuron():
            _need(node, dtype == "int16", f"reads {dtype}; it needs an int16 current")
            _need(node, channels == node.threshold.size, f"reads {channels} channels, has "
                  f"{node.threshold.size} thresholds")  # fmt: skip
            return "uint8", channels
        case Readout():
            _need(node, dtype == "int16", f"reads {dtype}; it needs an int16 current")
        case Requantise():
            _need(node, dtype == "int16", f"reads {dtype}; only int16 is requantised")
            return node.dtype, channels
        case Add():
            _need(node, len(set(given)) == 1, "its inputs differ in type or channels")
            _need(node, dtype != "int8", "int8 is not added; add int16")
        case Concat():
            _need(node, len({each for each, _ in given}) == 1, "its inputs differ in type")
            return dtype, sum(number for _, number in given)
        case Pool():
            _need(node, dtype == "uint8", f"reads {dtype}; only uint8 is pooled")
    return dtype, channels


def _shape_after(node: Node, given: list[Shape]) -> Shape:
    """Return the shape of a node's tensor, given those of its inputs."""
    dtype, channels = _type_after(node, [(shape.dtype, shape.channels) for shape in given])
    height, width = given[0].height, given[0].width
    match node:
        case Conv2d():
            height, width = _windows(
                node, given[0], node.weight.shape[2:], node.stride, node.padding
            )
        case Linear():
            features = given[0].channels * height * width
            _need(node, features == node.weight.shape[1], f"reads {features} values, its weight "
                  f"is for {node.weight.shape[1]}")  # fmt: skip
            height = width = 1
        case Pool(size=None):
            height = width = 1
        case Pool(size=(_, _) as size):
            height, width = _windows(node, given[0], size, node.stride or size, node.padding)
        case Upsample():
            height, width = height * node.factor, width * node.factor
            if node.like:
                _need(node, 0 <= height - given[1].height < node.factor
                      and 0 <= width - given[1].width < node.factor,
                      f"{node.factor} times its input does not cover {node.like} closely"
                      )  # fmt: skip
                height, width = given[1].height, given[1].width
        case Add() | Concat():
            _need(node, len({shape[2:] for shape in given}) == 1, "its inputs differ in size")
    return Shape(dtype, channels, height, width)


def _windows(
    node: Node, given: Shape, size: Iterable[int], stride: Iterable[int], padding: Iterable[int]
) -> tuple[int, int]:
    """Return how many windows fit vertically and horizontally."""
    numbers = [
        (length + 2 * pad - extent) // step + 1
        for length, extent, step, pad in zip(given[2:], size, stride, padding, strict=True)
    ]
    _need(node, min(numbers) >= 1, f"its window is larger than {given.width}x{given.height}")
    return numbers[0], numbers[1]


def _need(node: Node, holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(f"node {node.name}: {problem}")
