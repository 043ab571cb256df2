"""How much an integer network had to do: spikes, synaptic operations, multiply-adds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._nodes import Conv2d, Linear
from ._shapes import Shape


class Activity(NamedTuple):
    """The work of one weighted layer in one step.

    Attributes:
        inputs: Number of values that came in.
        active: How many of them were not zero.
        spikes: Their sum without sign: an integer n is n spikes on spiking hardware.
        synaptic_operations: Sum over spikes of the weights that each reaches.
        multiply_adds: What the layer costs when nothing is skipped, padding left out.
    """

    inputs: int
    active: int
    spikes: int
    synaptic_operations: int
    multiply_adds: int


def activity_of(node: Conv2d | Linear, values: NDArray[np.integer], shape: Shape) -> Activity:
    """Count the work of a layer.

    Args:
        node: The layer.
        values: Its input, shape (channels, height, width).
        shape: Of its output.
    """
    spikes = np.abs(values.astype(np.int64))
    if isinstance(node, Linear):
        reached = np.full(values.shape[1:], node.weight.shape[0])
    else:
        reached = _reached(node, values.shape[1:], shape) * (node.weight.shape[0] // node.groups)
    return Activity(
        inputs=values.size,
        active=int(np.count_nonzero(values)),
        spikes=int(spikes.sum()),
        synaptic_operations=int((spikes.sum(0) * reached).sum()),
        multiply_adds=int(reached.sum()) * values.shape[0],
    )


def _reached(node: Conv2d, size: tuple[int, ...], shape: Shape) -> NDArray[np.int64]:
    """Return for each input pixel how many windows cover it, shape (height, width)."""
    covers = [
        _windows_over(length, number, extent, step, pad)
        for length, number, extent, step, pad in zip(
            size, shape[2:], node.weight.shape[2:], node.stride, node.padding, strict=True
        )
    ]
    return np.multiply.outer(*covers)


def _windows_over(length: int, number: int, extent: int, step: int, pad: int) -> NDArray[np.int64]:
    """Return for each place in a line how many windows cover it."""
    counts = np.zeros(length + 2 * pad + extent, np.int64)
    for window in range(number):
        counts[window * step : window * step + extent] += 1
    return counts[pad : pad + length]
