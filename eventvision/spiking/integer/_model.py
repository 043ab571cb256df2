"""A network of integer nodes: checked for sense once, then trusted by whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._encoding import units_in_one
from ._nodes import Delay, Input, Node, Output, Places, TensorType, inputs_of
from ._shapes import Shape, need, shape_after, type_after

N = TypeVar("N")
_MAX_NODES = 4096
_MAX_ELEMENTS = 2**28


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
        """Return the nodes that read a node in the same step; a `Delay` reads in the next."""
        return tuple(
            node for node in self.nodes if name in inputs_of(node) and not isinstance(node, Delay)
        )

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
                shape = shape_after(node, [shapes[name] for name in inputs_of(node)])
            elements = shape.channels * shape.height * shape.width
            if elements > _MAX_ELEMENTS:
                raise ValueError(f"node {node.name}: {elements} values are more than 2**28")
            shapes[node.name] = shape
        for delay in self._of_kind(Delay):
            need(delay, shapes[delay.input] == shapes[delay.name],
                  f"{delay.like} has another size than {delay.input}")  # fmt: skip
        return shapes

    def encode(self, name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Quantise real values for an input: scale, round half up, saturate.

        Args:
            name: The input.
            values: Real values of one step, any shape; integers are taken as units already.
        """
        node = self[name]
        if not isinstance(node, Input):
            raise ValueError(f"node {name} is not an input")
        if values.dtype == node.dtype:
            return values
        if np.issubdtype(values.dtype, np.floating):
            real = values.astype(np.float32)
            values = np.nan_to_num(np.floor(real * units_in_one(node, real) + np.float32(0.5)))
        limits = np.iinfo(node.dtype)
        units: NDArray[np.generic] = np.clip(values, limits.min, limits.max).astype(node.dtype)
        return units

    def decode(self, name: str, values: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the real values that units of an output stand for.

        Args:
            name: The output.
            values: Its units, shape (channels, height, width).

        Returns:
            Of the same shape; (places, channels) for an output of `Places`.
        """
        node = self[name]
        if not isinstance(node, Output):
            raise ValueError(f"node {name} is not an output")
        real = np.ldexp(values.astype(np.float32), node.exponent).astype(np.float32)
        if node.curve == "sigmoid":
            real = np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * real)
        return real[..., 0].T if isinstance(self[node.input], Places) else real

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
        for delay in self._of_kind(Delay):
            need(delay, delay.input in seen, f"reads {delay.input}, which does not exist")
            need(delay, not isinstance(self[delay.input], Delay), "reads another Delay")

    def _check_channels(self) -> None:
        """Check what does not depend on the sizes: types and channels."""
        given: dict[str, tuple[TensorType, int]] = {}
        for node in self.nodes:
            given[node.name] = type_after(node, [given[name] for name in inputs_of(node)])
        for delay in self._of_kind(Delay):
            dtype, channels = given[delay.input]
            need(delay, dtype == "uint8" and channels == delay.channels,
                  f"reads {channels} channels of {dtype}, is for {delay.channels} of uint8"
                  )  # fmt: skip
