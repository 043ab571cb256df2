"""From a float head to one of bytes: scales from a few maps, see `_quantise`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events

from ._head import Head
from ._integer_head import LARGEST_BYTE, MOST_HEAD_SHIFT, ByteConvolution, IntegerHead
from ._network import GraphNetwork
from ._stream import GraphStream

_LARGEST_WEIGHT = 127
_LARGEST = 0.9995
_MOST_BIAS = 1 << 29
_READINGS = 16

Floats = NDArray[np.float32]
Map = tuple[Floats, Floats]


def with_integer_head(network: GraphNetwork, recordings: Sequence[Events]) -> GraphNetwork:
    """Return a network whose head reckons in bytes, if it can: grids behind convolutions, by cell.

    Args:
        network: With a head of floats.
        recordings: What it will see, to tell how large numbers get.
    """
    head = network.head
    if not isinstance(head, Head) or not head.convolutions or head.relative_to != "cell":
        return network
    maps = [each for events in recordings if len(events) for each in _maps(network, events)]
    if head.shows != "grid" or not maps:
        return network
    return replace(network, head=_integer(head, maps))


def _maps(network: GraphNetwork, events: Events) -> list[Map]:
    """Return the maps of a recording at several moments."""
    stream, found = GraphStream(network, events.sensor), []
    ends = np.linspace(0, len(events), _READINGS + 1).astype(np.int64)
    for first, last in pairwise(ends.tolist()):
        if last > first:
            stream.push(Events(events.data[first:last], events.sensor))
            found.append(stream.map.at(int(events.t[last - 1])))
    return found


def _integer(head: Head, maps: Sequence[Map]) -> IntegerHead:
    seen = np.concatenate([head.scaled(*each)[each[1] > 0] for each in maps])
    features = np.quantile(seen[:, :-1], _LARGEST, axis=0)
    gain = np.exp2(np.floor(np.log2(LARGEST_BYTE / np.maximum(features, 1e-6))))
    by_level = 2.0 ** math.floor(math.log2(LARGEST_BYTE / max(float(seen[:, -1].max()), 1e-6)))
    levels = np.expm1((np.arange(LARGEST_BYTE) + 0.5) / by_level)
    images = [list(head.images(*each)) for each in maps]
    worth, convolutions = 1 / np.append(gain, by_level), []
    for number, ((weight, bias), stride) in enumerate(
        zip(head.convolutions, head.strides, strict=True), 1
    ):
        largest = np.quantile(np.concatenate([x[number].ravel() for x in images]), _LARGEST)
        after = 2.0 ** math.ceil(math.log2(max(float(largest), 1e-6) / LARGEST_BYTE))
        convolutions.append(_convolution(weight * worth[:, None, None], bias, after, stride))
        worth = np.full(len(weight), after)
    last = head.weight * worth
    scale = np.maximum(np.abs(last).max(1), 1e-9) / _LARGEST_WEIGHT
    return IntegerHead(
        gain=gain.astype(np.float32),
        levels=levels.astype(np.float32),
        convolutions=tuple(convolutions),
        weight=np.rint(last / scale[:, None]).astype(np.int8),
        bias=np.rint(head.bias / scale).clip(-_MOST_BIAS, _MOST_BIAS).astype(np.int32),
        worth=scale.astype(np.float32),
    )


def _convolution(
    weight: NDArray[np.float64], bias: Floats, after: float, stride: int
) -> ByteConvolution:
    """Round a convolution of bytes, whose outputs are worth `after` each."""
    most = np.maximum(np.abs(weight).max((1, 2, 3)), 1e-9)
    shift = np.floor(np.log2(_LARGEST_WEIGHT * after / most)).clip(0, MOST_HEAD_SHIFT)
    scale = 2.0**shift / after
    rounded = np.rint(weight * scale[:, None, None, None])
    return ByteConvolution(
        weight=rounded.clip(-_LARGEST_WEIGHT, _LARGEST_WEIGHT).astype(np.int8),
        bias=np.rint(bias * scale).clip(-_MOST_BIAS, _MOST_BIAS).astype(np.int32),
        shift=shift.astype(np.int32),
        stride=stride,
    )
