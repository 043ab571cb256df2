"""The arithmetic of integer networks in plain numpy: every kernel is compared with this."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._checks import Leak, Pair, shifts_of
from ._nodes import Conv2d, Neuron, TensorType


class Fired(NamedTuple):
    """What a neuron gives: its spikes, and its potential after the reset."""

    spikes: NDArray[np.uint8]
    potential: NDArray[np.int16]


def saturate(values: NDArray[np.integer], dtype: TensorType) -> NDArray[np.integer]:
    """Clip to the range of a type."""
    limits = np.iinfo(dtype)
    clipped: NDArray[np.integer] = np.clip(values, limits.min, limits.max).astype(dtype)
    return clipped


def shift_right(values: NDArray[np.integer], shift: NDArray[np.integer] | int) -> NDArray[np.int64]:
    """Divide by a power of two, halves rounded up; multiply where the shift is below zero."""
    right, left = np.maximum(shift, 0).astype(np.int64), np.maximum(-np.int64(1) * shift, 0)
    half = (np.int64(1) << right) >> 1
    return ((values.astype(np.int64) + half) >> right) << left


def leak(potential: NDArray[np.int16], amount: Leak) -> NDArray[np.int32]:
    """Let a potential lose its own value shifted right, rounded towards minus infinity."""
    wide = potential.astype(np.int32)
    shifts = shifts_of(amount, len(wide))[..., None, None]
    lost = np.where(shifts >= 0, wide >> np.maximum(shifts, 0), 0)
    left: NDArray[np.int32] = wide - lost[0] - lost[1]
    return left


def charge(
    current: NDArray[np.int16], potential: NDArray[np.int16], amount: Leak
) -> NDArray[np.int16]:
    """Leak, then add the current; saturates."""
    return saturate(leak(potential, amount) + current, "int16").astype(np.int16)


def fire(node: Neuron, current: NDArray[np.int16], potential: NDArray[np.int16]) -> Fired:
    """Take one step of a neuron.

    Args:
        node: Its parameters.
        current: Shape (channels, height, width).
        potential: Of the same shape.
    """
    threshold = node.threshold.astype(np.int32)[:, None, None]
    charged = charge(current, potential, node.leak).astype(np.int32)
    spikes = np.clip((charged + node.offset[:, None, None]) // threshold, 0, node.levels)
    return Fired(spikes.astype(np.uint8), (charged - spikes * threshold).astype(np.int16))


def windows(
    values: NDArray[np.integer], size: Pair, stride: Pair, padding: Pair
) -> NDArray[np.integer]:
    """Return views of all windows, shape (channels, rows, columns, height, width)."""
    padded = np.pad(values, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    views = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2))
    return views[:, :: stride[0], :: stride[1]]


def accumulate(node: Conv2d, values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the sums of a convolution, with bias, before shift and saturation.

    They are formed in float64, which holds every integer up to 2**53 exactly and has a fast
    matrix product; a sum stays below 2**31.
    """
    out_channels, _, height, width = node.weight.shape
    views = windows(values, (height, width), node.stride, node.padding)
    rows, columns = views.shape[1:3]
    groups = node.groups
    picked = views.reshape(groups, -1, rows, columns, height, width).transpose(0, 2, 3, 1, 4, 5)
    flat = picked.reshape(groups, rows * columns, -1).astype(np.float64)
    weight = node.weight.reshape(groups, out_channels // groups, -1).astype(np.float64)
    sums = (weight @ flat.transpose(0, 2, 1)).reshape(out_channels, rows, columns)
    return sums.astype(np.int64) + node.bias[:, None, None]
