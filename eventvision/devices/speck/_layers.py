"""From an integer model to the layers of a chip; what a chip cannot do is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    Linear,
    Neuron,
    Node,
    Output,
    Pool,
    Shape,
)

from ._chip import (
    LARGEST_INPUT,
    LARGEST_KERNEL,
    LARGEST_OUTPUT,
    LARGEST_PADDING,
    MOST_CHANNELS,
    MOST_DESTINATIONS,
    POOLS,
    STRIDES,
)
from ._matching import match
from ._nodes import ELSEWHERE, check_node, check_units, neuron_of
from ._plan import SENSOR, ChipLayer, ChipPlan, MisfitError


def check_kinds(model: IntegerModel) -> None:
    """Check all that does not depend on sizes or on the numbers in the model.

    Raises:
        MisfitError: If the chip has nothing that does what a node does.
    """
    for several in (model.inputs[1:], model.outputs[1:]):
        if several:
            raise MisfitError(several[0].name, "only one input and output are supported", ELSEWHERE)
    for node in model.nodes:
        check_node(model, node)


def chip_plan(model: IntegerModel, sizes: SensorSize | Mapping[str, SensorSize]) -> ChipPlan:
    """Lay a model out on a chip.

    Args:
        model: The network, in chip form: see `chip_form`.
        sizes: Size of its input, one for all or by name.

    Raises:
        MisfitError: If the chip cannot run it; it names the node.
        ValueError: If a size does not fit the network.
    """
    check_kinds(model)
    for node in model.nodes:
        check_units(node)
    walk = _Walk(model, model.shapes(sizes))
    for node in model.nodes:
        walk.visit(node)
    source = model.inputs[0]
    return ChipPlan(
        input_name=source.name,
        input_shape=walk.shapes[source.name].array,
        layers=tuple(walk.layers),
        cores=match(walk.layers),
        outputs=walk.outputs,
    )


@dataclass(frozen=True, slots=True)
class _Stream:
    """Spikes of a layer, or of the sensor, pooled."""

    source: str
    pool: int
    shape: tuple[int, int, int]


class _Walk:
    """Follows the nodes of a model in their order."""

    def __init__(self, model: IntegerModel, shapes: Mapping[str, Shape]) -> None:
        self.model, self.shapes = model, shapes
        self.layers: list[ChipLayer] = []
        self.outputs: dict[str, str] = {}
        self._streams: dict[str, _Stream] = {}

    def visit(self, node: Node) -> None:
        """Take a node up."""
        shape = self.shapes[node.name].array
        match node:
            case Input():
                self._streams[node.name] = _Stream(SENSOR, 1, shape)
            case Pool():
                self._streams[node.name] = self._pooled(node, shape)
            case Conv2d() | Linear():
                neuron = neuron_of(self.model, node)
                layer = self._layer(node, neuron, shape)
                self.layers.append(layer)
                self._streams[neuron.name] = _Stream(layer.name, 1, shape)
            case Output():
                self.outputs[node.name] = self._streams[node.input].source

    def _pooled(self, node: Pool, shape: tuple[int, int, int]) -> _Stream:
        stream = self._streams[node.input]
        size = node.size or stream.shape[1:]
        pool = stream.pool * size[0]
        if size[0] != size[1] or pool not in POOLS:
            told = f"{size[0]}x{size[1]}" + (
                f" after {stream.pool}x{stream.pool}" * (stream.pool > 1)
            )
            raise MisfitError(node.name, f"it pools {told}, the chip 1x1, 2x2 or 4x4", ELSEWHERE)
        return replace(stream, pool=pool, shape=shape)

    def _layer(
        self, node: Conv2d | Linear, neuron: Neuron, shape: tuple[int, int, int]
    ) -> ChipLayer:
        stream = self._streams[node.input]
        weight, stride, padding = _convolution(node, stream.shape)
        self._check(node, weight, stride, padding, stream, shape)
        return ChipLayer(
            name=node.name,
            neuron=neuron.name,
            source=stream.source,
            pool=stream.pool,
            input_shape=stream.shape,
            shape=shape,
            weight=weight,
            bias=node.bias.astype(np.int8),
            threshold=int(neuron.threshold[0]),
            levels=neuron.levels,
            initial=neuron.initial,
            stride=stride,
            padding=padding,
        )

    def _check(
        self,
        node: Conv2d | Linear,
        weight: NDArray[np.int8],
        stride: tuple[int, int],
        padding: tuple[int, int],
        stream: _Stream,
        shape: tuple[int, int, int],
    ) -> None:
        outs, ins, height, width = weight.shape
        readers = sum(layer.source == stream.source for layer in self.layers)
        before = stream.source or "the sensor"
        conditions = (
            (max(stream.shape[1:]) <= LARGEST_INPUT,
             f"its input is {stream.shape[2]}x{stream.shape[1]}, at most {LARGEST_INPUT} a side"),
            (max(shape[1:]) <= LARGEST_OUTPUT,
             f"its output is {shape[2]}x{shape[1]}, at most {LARGEST_OUTPUT} a side"),
            (max(outs, ins) <= MOST_CHANNELS, f"it has more than {MOST_CHANNELS} channels"),
            (height == width, f"its kernel is {width}x{height}, kernels are square"),
            (height <= LARGEST_KERNEL,
             f"its kernel is {width}x{height}, at most {LARGEST_KERNEL} a side"),
            (set(stride) <= set(STRIDES), f"its stride is {stride[0]}, strides are 1, 2, 4 or 8"),
            (max(padding) <= LARGEST_PADDING, f"its padding is more than {LARGEST_PADDING}"),
            (readers < MOST_DESTINATIONS,
             f"{before} would send to more than {MOST_DESTINATIONS} cores"),
        )  # fmt: skip
        for holds, reason in conditions:
            if not holds:
                raise MisfitError(node.name, reason, ELSEWHERE)


def _convolution(
    node: Conv2d | Linear, shape: tuple[int, int, int]
) -> tuple[NDArray[np.int8], tuple[int, int], tuple[int, int]]:
    """Return weights as of a convolution without groups, stride and padding."""
    if isinstance(node, Linear):
        return node.weight.reshape(-1, *shape), (1, 1), (0, 0)
    outs, each, height, width = node.weight.shape
    dense = np.zeros((node.groups, outs // node.groups, node.groups, each, height, width), np.int8)
    groups = np.arange(node.groups)
    dense[groups, :, groups] = node.weight.reshape(node.groups, -1, each, height, width)
    return dense.reshape(outs, -1, height, width), node.stride, node.padding
