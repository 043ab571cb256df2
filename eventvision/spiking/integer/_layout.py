"""Weights and parameters in the order in which the kernels read them."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._checks import Leak, shifts_of
from ._nodes import Conv2d, Linear, Neuron

K = TypeVar("K", bound=np.generic)

LANES = 16
WORD = 4
_MAX_BYTES = 2**30
_TILE_WIDTHS = (4, 2, 1)
"""Vectors of 16 channels per tile, as `integer_sums` takes them."""


class Sums(NamedTuple):
    """Parameters of a convolution, filled up to full vectors.

    Attributes:
        weights: int8, flat, in reading order.
        bias: int32; holds the half that rounds the shift, and what an int8 input's flip adds.
        shift: int32, to the right.
        left: int32, to the left; None where no channel needs it.
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    shift: NDArray[np.int32]
    left: NDArray[np.int32] | None


def vectors_of(channels: int) -> int:
    """Return how many vectors of 16 hold so many channels."""
    return -(-channels // LANES)


def filled(values: NDArray[np.generic], dtype: type[K], fill: int = 0) -> NDArray[K]:
    """Return values per channel, filled up to full vectors."""
    out: NDArray[K] = np.full(vectors_of(values.size) * LANES, fill, dtype)
    out[: values.size] = values
    return out


def limits_of(node: Neuron) -> NDArray[np.int16]:
    """Return what a potential must be above for each spike, shape (levels, channels filled up)."""
    level = np.arange(1, node.levels + 1)[:, None]
    limits = level * node.threshold.astype(np.int64) - node.offset - 1
    out = np.full((node.levels, vectors_of(node.threshold.size) * LANES), 32_767, np.int16)
    out[:, : node.threshold.size] = np.minimum(limits, 32_767)
    return out


def leaks_of(leak: Leak, channels: int) -> NDArray[np.int32]:
    """Return shifts and masks of a leak's two terms, shape (4, channels filled up)."""
    out = np.zeros((4, vectors_of(channels) * LANES), np.int32)
    shifts = shifts_of(leak, channels)
    out[0::2, :channels] = np.maximum(shifts, 0)
    out[1::2, :channels] = np.where(shifts >= 0, -1, 0)
    return out


def dense_sums(node: Conv2d, pixel_pitch: int, flip: int) -> Sums:
    """Lay out a convolution that mixes channels; groups become zeros.

    Args:
        node: The convolution.
        pixel_pitch: Bytes from one pixel of its input to the next.
        flip: What was added to its input, 128 or 0.
    """
    weight = _ungrouped(node)
    out_channels, in_channels, height, width = weight.shape
    vectors = vectors_of(out_channels)
    words = -(-width * pixel_pitch // WORD)
    runs = np.zeros((height, width, pixel_pitch, vectors * LANES), np.int8)
    runs[:, :, :in_channels, :out_channels] = weight.transpose(2, 3, 1, 0)
    flat = np.zeros((height, words * WORD, vectors * LANES), np.int8)
    flat[:, : width * pixel_pitch] = runs.reshape(height, -1, vectors * LANES)
    by_word = flat.reshape(height, words, WORD, vectors * LANES).transpose(0, 1, 3, 2)
    parts = []
    done = 0
    while done < vectors:
        tile = next(size for size in _TILE_WIDTHS if size <= vectors - done)
        parts.append(by_word[:, :, done * LANES : (done + tile) * LANES].reshape(-1))
        done += tile
    return Sums(np.concatenate(parts), *_per_channel(node, flip))


def depthwise_sums(node: Conv2d, flip: int) -> Sums:
    """Lay out a convolution in which every channel has its own kernel."""
    channels, _, height, width = node.weight.shape
    vectors, stacks = vectors_of(channels), -(-height // WORD)
    weight = np.zeros((vectors * LANES, stacks * WORD, width), np.int8)
    weight[:channels, :height] = node.weight[:, 0]
    ordered = weight.reshape(vectors, LANES, stacks, WORD, width).transpose(0, 2, 4, 1, 3)
    return Sums(np.ascontiguousarray(ordered).reshape(-1), *_per_channel(node, flip))


def as_conv(node: Linear, channels: int, height: int, width: int) -> Conv2d:
    """Return the convolution over a whole plane that a matrix product is."""
    return Conv2d(
        name=node.name,
        input=node.input,
        weight=node.weight.reshape(-1, channels, height, width),
        bias=node.bias,
        shift=node.shift,
        weight_bits=node.weight_bits,
    )


def _ungrouped(node: Conv2d) -> NDArray[np.int8]:
    out_channels, per_group, *window = node.weight.shape
    if node.weight.size * node.groups > _MAX_BYTES:
        raise ValueError(f"node {node.name}: its groups are too many and too large")
    weight = np.zeros((out_channels, node.in_channels, *window), np.int8)
    for group, outs in enumerate(np.split(np.arange(out_channels), node.groups)):
        weight[outs, group * per_group : (group + 1) * per_group] = node.weight[outs]
    return weight


def _per_channel(
    node: Conv2d, flip: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32] | None]:
    """Return bias, shift to the right and shift to the left."""
    weights = node.weight.astype(np.int64).reshape(node.weight.shape[0], -1).sum(1)
    right = np.maximum(node.shift.astype(np.int64), 0)
    half = (np.int64(1) << right) >> 1
    bias = (node.bias + half - flip * weights).astype(np.int32)
    left = filled(right - node.shift, np.int32)
    return filled(bias, np.int32), filled(right, np.int32), left if left.any() else None
