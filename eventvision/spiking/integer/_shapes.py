"""What each node of an integer network gives: type, channels, size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ._checks import check_leak
from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    Linear,
    Neuron,
    Node,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    TensorType,
    Upsample,
)


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


def type_after(node: Node, given: list[tuple[TensorType, int]]) -> tuple[TensorType, int]:
    """Return type and channels of a node's tensor, given those of its inputs."""
    if isinstance(node, Input):
        return node.dtype, node.channels
    dtype, channels = given[0]
    match node:
        case Conv2d():
            need(node, dtype != "int16", "reads int16; put a Neuron or Requantise between")
            need(node, channels == node.in_channels, f"reads {channels} channels, "
                  f"its weight is for {node.in_channels}")  # fmt: skip
            return "int16", node.weight.shape[0]
        case Linear():
            need(node, dtype != "int16", "reads int16; put a Neuron or Requantise between")
            need(node, node.weight.shape[1] % channels == 0, f"{node.weight.shape[1]} features "
                  f"are no multiple of {channels} channels")  # fmt: skip
            return "int16", node.weight.shape[0]
        case Neuron():
            need(node, dtype == "int16", f"reads {dtype}; it needs an int16 current")
            need(node, channels == node.threshold.size, f"reads {channels} channels, has "
                  f"{node.threshold.size} thresholds")  # fmt: skip
            return "uint8", channels
        case Readout():
            need(node, dtype == "int16", f"reads {dtype}; it needs an int16 current")
            check_leak(node.name, node.leak, channels)
        case Delay():
            return "uint8", node.channels
        case Requantise():
            need(node, dtype == "int16", f"reads {dtype}; only int16 is requantised")
            return node.dtype, channels
        case Add():
            need(node, len(set(given)) == 1, "its inputs differ in type or channels")
            need(node, dtype != "int8", "int8 is not added; add int16")
        case Places():
            need(node, len(set(given)) == 1, "its inputs differ in type or channels")
        case PixelShuffle():
            area = node.factor**2
            need(node, channels % area == 0, f"reads {channels} channels, no multiple of {area}")
            return dtype, channels // area
        case Concat():
            need(node, len({each for each, _ in given}) == 1, "its inputs differ in type")
            return dtype, sum(number for _, number in given)
        case Pool():
            need(node, dtype == "uint8", f"reads {dtype}; only uint8 is pooled")
    return dtype, channels


def shape_after(node: Node, given: list[Shape]) -> Shape:
    """Return the shape of a node's tensor, given those of its inputs."""
    dtype, channels = type_after(node, [(shape.dtype, shape.channels) for shape in given])
    height, width = given[0].height, given[0].width
    match node:
        case Conv2d():
            height, width = _windows(
                node, given[0], node.weight.shape[2:], node.stride, node.padding
            )
        case Linear():
            features = given[0].channels * height * width
            need(node, features == node.weight.shape[1], f"reads {features} values, its weight "
                  f"is for {node.weight.shape[1]}")  # fmt: skip
            height = width = 1
        case Pool(size=None):
            height = width = 1
        case Pool(size=(_, _) as size):
            height, width = _windows(node, given[0], size, node.stride or size, node.padding)
        case PixelShuffle():
            height, width = height * node.factor, width * node.factor
        case Places():
            height, width = sum(shape.height * shape.width for shape in given), 1
        case Upsample():
            height, width = height * node.factor, width * node.factor
            if node.like:
                need(node, 0 <= height - given[1].height < node.factor
                      and 0 <= width - given[1].width < node.factor,
                      f"{node.factor} times its input does not cover {node.like} closely"
                      )  # fmt: skip
                height, width = given[1].height, given[1].width
        case Add() | Concat():
            need(node, len({shape[2:] for shape in given}) == 1, "its inputs differ in size")
    return Shape(dtype, channels, height, width)


def _windows(
    node: Node, given: Shape, size: Iterable[int], stride: Iterable[int], padding: Iterable[int]
) -> tuple[int, int]:
    """Return how many windows fit vertically and horizontally."""
    numbers = [
        (length + 2 * pad - extent) // step + 1
        for length, extent, step, pad in zip(given[2:], size, stride, padding, strict=True)
    ]
    need(node, min(numbers) >= 1, f"its window is larger than {given.width}x{given.height}")
    return numbers[0], numbers[1]


def need(node: Node, holds: bool, problem: str) -> None:
    """Raise ValueError about a node unless a condition holds."""
    if not holds:
        raise ValueError(f"node {node.name}: {problem}")
