"""From an integer model to the chain of layers that the accelerator runs.

A layer is a convolution (or matrix product) with neurons after it. Pools cost nothing where they
add spikes up and the sum stays within eight bits: they only change where events lie. Any other
pool, and narrowing to uint8, is a layer whose neurons forget everything. What branches, or hands
signed numbers on, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.spiking.integer import (
    Conv2d,
    IntegerModel,
    Linear,
    Neuron,
    Node,
    Output,
    Pool,
    Readout,
    Requantise,
    Shape,
)

from ._plan import NEVER_FIRES, Layer, MisfitError, Neurons, Plan, Plane
from ._windows import pooled_places, windows_over

MOST_LANES = 32
_MOST_PLACES = 4096
"""Rows, columns and channels have 12 bits in an event."""
_MOST_WORDS = 2**20
_MOST_LAYERS = 255
_LARGEST = 255
_INT16_MAX = 2**15 - 1


def plan_for(
    model: IntegerModel,
    sizes: SensorSize | Mapping[str, SensorSize],
    *,
    most_lanes: int = MOST_LANES,
) -> Plan:
    """Lay a model out.

    Args:
        model: The network.
        sizes: Size of its input, one for all or by name.
        most_lanes: Most channels of a layer that are computed at a time, 1 to 256.

    Raises:
        MisfitError: If the accelerator cannot run it; it names the node.
        ValueError: If a size does not fit the network, or a setting is out of its range.
    """
    if not 1 <= most_lanes <= 256:
        raise ValueError(f"most_lanes must be 1 to 256, got {most_lanes}")
    shapes = model.shapes(sizes)
    for kind in (model.inputs, model.outputs):
        if len(kind) != 1:
            raise MisfitError(kind[1].name, "only one input and one output are supported", _REMEDY)
    source = model.inputs[0]
    if source.dtype != "uint8":
        raise MisfitError(source.name, "its values are signed, events are counts", _REMEDY)
    walk = _Walk(model, shapes, most_lanes)
    return walk.plan(_Stream.of(source.name, _plane(shapes[source.name]), _LARGEST))


_REMEDY = "run it on the device cpu, or train a network that is a chain of spiking layers"


@dataclass(frozen=True)
class _Stream:
    """Events between layers.

    Attributes:
        name: The node whose tensor they make up.
        source: The plane that they come from.
        plane: The tensor that they make up, pooled.
        rows: Row in `plane` by row in `source`.
        columns: Likewise.
        event_limit: Largest value of an event.
        sum_limit: Largest value in `plane`.
    """

    name: str
    source: Plane
    plane: Plane
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    event_limit: int
    sum_limit: int

    @classmethod
    def of(cls, name: str, plane: Plane, limit: int) -> _Stream:
        """Events that lie where they come from."""
        return cls(
            name, plane, plane, np.arange(plane.height), np.arange(plane.width), limit, limit
        )


class _Walk:
    """Follows a model from its input to its output."""

    def __init__(self, model: IntegerModel, shapes: Mapping[str, Shape], most_lanes: int) -> None:
        self._model, self._shapes, self._most_lanes = model, shapes, most_lanes
        self._layers: list[Layer] = []

    def plan(self, stream: _Stream) -> Plan:
        """Return the plan, given the events that come in."""
        source = stream
        while not isinstance(node := self._reader(stream.name), Output):
            match node:
                case Pool():
                    stream = self._pooled(node, stream)
                case Conv2d() | Linear():
                    stream = self._convolved(node, stream)
                case _:
                    kind = type(node).__name__
                    raise MisfitError(node.name, f"there is no {kind} of spikes on it", _REMEDY)
        if not self._layers:
            raise MisfitError(node.name, "there is no layer before the output", _REMEDY)
        return Plan(
            input_name=source.name,
            output_name=node.name,
            input_plane=source.plane,
            output_plane=stream.plane,
            layers=tuple(self._layers),
            output_rows=stream.rows,
            output_columns=stream.columns,
        )

    def _reader(self, name: str) -> Node:
        readers = self._model.readers(name)
        if not readers:
            raise MisfitError(name, "nothing reads it", "take it out of the model")
        if len(readers) > 1:
            raise MisfitError(
                readers[1].name, f"{name} branches here, layers form a chain", _REMEDY
            )
        return readers[0]

    def _pooled(self, node: Pool, stream: _Stream) -> _Stream:
        size = node.size or (stream.plane.height, stream.plane.width)
        stride = node.stride or size
        area = size[0] * size[1]
        limit = stream.sum_limit * area
        apart = size[0] <= stride[0] and size[1] <= stride[1]
        if node.kind == "sum" and not node.shift and apart and limit <= _LARGEST:
            plane = _plane(self._shapes[node.name])
            return replace(
                stream,
                name=node.name,
                plane=plane,
                rows=pooled_places(stream.rows, size[0], stride[0], node.padding[0], plane.height),
                columns=pooled_places(
                    stream.columns, size[1], stride[1], node.padding[1], plane.width
                ),
                sum_limit=limit,
            )
        channels = stream.plane.channels
        neurons = _pooling(node, channels, stream.sum_limit, area)
        weight = np.zeros((channels, channels, *size), np.int8)
        weight[np.arange(channels), np.arange(channels)] = 1
        convolution = Conv2d(
            name=node.name,
            input=node.input,
            weight=weight,
            bias=np.zeros(channels, np.int32),
            shift=np.zeros(channels, np.int8),
            stride=stride,
            padding=node.padding,
        )
        return self._layer(convolution, neurons, node.name, stream)

    def _convolved(self, node: Conv2d | Linear, stream: _Stream) -> _Stream:
        follower = self._reader(node.name)
        channels = node.weight.shape[0]
        match follower:
            case Neuron():
                neurons = Neurons(
                    name=follower.name,
                    threshold=follower.threshold,
                    initial=follower.initial,
                    leaks=_leaks(follower.leak, channels),
                    levels=follower.levels,
                    rounding=follower.rounding,
                )
            case Readout():
                neurons = _plain(
                    channels, name=follower.name, leaks=_leaks(follower.leak, channels)
                )
            case Output():
                neurons = _plain(channels)
                return self._layer(node, neurons, node.name, stream)
            case Requantise(dtype="uint8") if follower.shift < 15:
                neurons = _plain(channels, threshold=1 << follower.shift, levels=_LARGEST)
            case _:
                raise MisfitError(follower.name, "no spikes come out of it", _REMEDY)
        return self._layer(node, neurons, follower.name, stream)

    def _layer(
        self, node: Conv2d | Linear, neurons: Neurons, name: str, stream: _Stream
    ) -> _Stream:
        if isinstance(node, Linear):
            weight = node.weight.reshape(-1, *stream.plane.array)
            stride, padding = (1, 1), (0, 0)
        else:
            weight, stride, padding = _dense(node), node.stride, node.padding
        plane = _plane(self._shapes[node.name])
        places = (stream.rows, stream.columns)
        sizes = (plane.height, plane.width)
        rows, columns = (
            windows_over(places[i], weight.shape[2 + i], stride[i], padding[i], sizes[i])
            for i in range(2)
        )
        layer = Layer(
            name=name,
            weights_of=node.name,
            source=stream.source,
            event_limit=stream.event_limit,
            sum_limit=stream.sum_limit,
            rows=rows,
            columns=columns,
            weight=weight,
            bias=node.bias,
            shift=node.shift,
            stride=stride,
            plane=plane,
            neurons=neurons,
            most_lanes=self._most_lanes,
        )
        self._layers.append(_checked(layer, len(self._layers)))
        if neurons.levels == NEVER_FIRES:
            after = self._model.readers(name)
            if not all(isinstance(reader, Output) for reader in after):
                raise MisfitError(after[0].name, f"it reads the potentials of {name}", _REMEDY)
        return _Stream.of(name, plane, neurons.levels or _INT16_MAX)


def _checked(layer: Layer, before: int) -> Layer:
    if max(*layer.source.array, *layer.plane.array) > _MOST_PLACES:
        raise MisfitError(
            layer.weights_of, f"a side or its channels are more than {_MOST_PLACES}", _REMEDY
        )
    if max(layer.words, layer.weight_words) > _MOST_WORDS:
        raise MisfitError(layer.weights_of, "a memory would have more than 2**20 words", _REMEDY)
    if before >= _MOST_LAYERS:
        raise MisfitError(layer.weights_of, f"there are {_MOST_LAYERS} layers before it", _REMEDY)
    return layer


def _plain(
    channels: int,
    *,
    name: str = "",
    threshold: int = 1,
    leaks: NDArray[np.int8] | None = None,
    levels: int = NEVER_FIRES,
) -> Neurons:
    """Return neurons that are alike in all channels and start at zero; by default they forget."""
    return Neurons(
        name=name,
        threshold=np.full(channels, threshold, np.int16),
        initial=np.zeros(channels, np.int16),
        leaks=_leaks(0, channels) if leaks is None else leaks,
        levels=levels,
        rounding=levels == _LARGEST,
    )


def _pooling(node: Pool, channels: int, limit: int, area: int) -> Neurons:
    """Return neurons that make a pool out of the sum of so many values up to a limit."""
    if node.kind == "max":
        if limit > 1:
            raise MisfitError(node.name, "it takes the largest of numbers, not of spikes", _REMEDY)
        return _plain(channels, levels=1)
    half = (1 << node.shift) >> 1
    if node.shift > 14 or (
        limit * area > _INT16_MAX and _INT16_MAX + half >> node.shift < _LARGEST
    ):
        raise MisfitError(node.name, "its sums do not fit in 16 bits", _REMEDY)
    return _plain(channels, threshold=1 << node.shift, levels=_LARGEST)


def _dense(node: Conv2d) -> NDArray[np.int8]:
    """Return the weights of a convolution without groups, zeros where none were."""
    if node.groups == 1:
        return node.weight
    out_channels, each, height, width = node.weight.shape
    dense = np.zeros((out_channels, node.in_channels, height, width), np.int8)
    per_group = out_channels // node.groups
    for group in range(node.groups):
        rows = slice(group * per_group, (group + 1) * per_group)
        dense[rows, group * each : (group + 1) * each] = node.weight[rows]
    return dense


def _leaks(leak: int | NDArray[np.int8] | None, channels: int) -> NDArray[np.int8]:
    """Return a leak as two shifts for each channel, -1 for none: shape (2, channels)."""
    leaks = np.full((2, channels), -1, np.int8)
    if isinstance(leak, np.ndarray):
        leaks[: len(leak)] = leak
    elif leak is not None:
        leaks[0] = leak
    return leaks


def _plane(shape: Shape) -> Plane:
    return Plane(*shape.array)
