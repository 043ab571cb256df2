"""From a float network to one of integers.

Weights become signed bytes; a scale per channel says what their 1 is worth. In ReLU networks,
features become unsigned bytes worth a power of two each, wide enough for all but the largest
thousandth of what a few recordings show, and the scales of weights are chosen such that sums become
features by a shift. Spiking networks need no such scales: a spike is 1, and what a weight is worth
becomes a threshold. The map and its fading are exact numbers too, and so is a head of convolutions
(`with_integer_head`); one that is linear only stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events

from ._head import Head
from ._network import GraphLayer, GraphNetwork
from ._quantise_head import with_integer_head
from ._stream import GraphStream

_LARGEST_WEIGHT = 127
_LARGEST_FEATURE = 255
_MOST_SHIFT = 20
_LARGEST = 0.999


def quantised(network: GraphNetwork, recordings: Sequence[Events]) -> GraphNetwork:
    """Return the integer form of a network.

    Args:
        network: In float32.
        recordings: What it will see, to tell how large features get; spiking ones need them for
            a head of convolutions only.

    Raises:
        ValueError: If the network is one of integers already, or there is no recording.
    """
    if network.is_integer:
        raise ValueError("the network is one of integers already")
    if network.is_spiking:
        layers = tuple(map(_spiking_layer, network.layers))
        return with_integer_head(replace(network, layers=layers), recordings)
    if not any(len(events) for events in recordings):
        raise ValueError("quantising needs recordings with events")
    made, scale = [], 1.0
    for number, layer in enumerate(network.layers, 1):
        worth = _worth(network, number, recordings)
        made.append(_relu_layer(layer, scale, worth))
        scale = worth
    return with_integer_head(replace(network, layers=tuple(made), scale=scale), recordings)


def _worth(network: GraphNetwork, layers: int, recordings: Sequence[Events]) -> float:
    """Return the power of two that a feature behind so many layers is worth."""
    channels = network.layers[layers - 1].outputs
    head = Head(
        convolutions=(),
        weight=np.zeros((1, channels + 1), np.float32),
        bias=np.zeros(1, np.float32),
        shows="grid",
        relative_to="cell",
        inputs=channels + 1,
    )
    cut = replace(network, layers=network.layers[:layers], head=head)
    largest = max(
        float(np.quantile(GraphStream(cut, events.sensor).nodes(events), _LARGEST))
        for events in recordings
        if len(events)
    )
    return float(2.0 ** math.ceil(math.log2(max(largest, 1e-6) / _LARGEST_FEATURE)))


def _relu_layer(layer: GraphLayer, before: float, after: float) -> GraphLayer:
    """Quantise a layer whose inputs are worth `before` and whose outputs `after` each."""
    most = np.maximum(np.abs(layer.weight).max((0, 1)), np.abs(layer.root).max(0))
    most = np.maximum(most.astype(np.float64), 1e-9)
    # weights are worth after / (before * 2**shift): as little as still fits a byte
    shift = np.floor(np.log2(_LARGEST_WEIGHT * after / (before * most)))
    shift = np.clip(shift, 0, _MOST_SHIFT)
    return _whole(layer, after / before * 2.0**-shift, before, shift.astype(np.int32))


def _spiking_layer(layer: GraphLayer) -> GraphLayer:
    most = np.maximum(np.abs(layer.weight).max((0, 1)), np.abs(layer.root).max(0))
    worth = np.maximum(most.astype(np.float64), 1e-3) / _LARGEST_WEIGHT
    return _whole(layer, worth, 1.0, np.rint(1 / worth).astype(np.int32))


def _whole(
    layer: GraphLayer, worth: NDArray[np.float64], before: float, shift: NDArray[np.int32]
) -> GraphLayer:
    """Round a layer; weights are worth `worth` by channel, sums that times `before`."""

    def weights(values: NDArray[np.number]) -> NDArray[np.int8]:
        rounded = np.rint(values / worth).clip(-_LARGEST_WEIGHT, _LARGEST_WEIGHT)
        whole: NDArray[np.int8] = rounded.astype(np.int8)
        return whole

    def sums(values: NDArray[np.number]) -> NDArray[np.int32]:
        whole: NDArray[np.int32] = np.rint(values / (worth * before)).astype(np.int32)
        return whole

    return replace(
        layer,
        weight=weights(layer.weight),
        root=weights(layer.root),
        place=sums(layer.place),
        bias=sums(layer.bias),
        shift=shift,
    )
