"""Tensors of integer networks: from (channel, row, column) to the kernels' layout and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, store_u8


@inline
def _scatter(units: NDArray[np.int32], first: int, pitch: int) -> None:
    """Store the low byte of each unit, `pitch` bytes apart."""
    for x in range(units.size):
        store_u8(first + x * pitch, units[x])


@kernel
def pack_units(
    values: NDArray[np.integer], flip: int, out: NDArray[np.integer], top: int, left: int
) -> None:
    """Lay 8-bit units out channel by channel for each pixel.

    Args:
        values: Shape (channels, height, width), uint8 or int8.
        flip: 128 for int8, else 0.
        out: Shape (rows, columns, at least channels), a picture with a rim; what is not written
            stays as it is.
        top: Row of the picture's corner.
        left: Column of the picture's corner.
    """
    channels, height, width = values.shape
    units = np.empty(width, np.int32)
    pitch, row_pitch = out.strides[1], out.strides[0]
    corner = address_of(out) + top * row_pitch + left * pitch
    for y in range(height):
        for channel in range(channels):
            for x in range(width):
                units[x] = values[channel, y, x] + flip
            _scatter(units, corner + y * row_pitch + channel, pitch)


@kernel
def pack_real(
    values: NDArray[np.float32],
    factor: np.float32,
    low: np.float32,
    high: np.float32,
    out: NDArray[np.integer],
    top: int,
    left: int,
) -> None:
    """Quantise real values, rounding halves up, and lay them out as `pack_units` does.

    Args:
        values: Shape (channels, height, width); NaN is 0.
        factor: Units in 1.0.
        low: Smallest unit; it is stored as 0.
        high: Largest unit.
        out: As in `pack_units`.
        top: Row of the picture's corner.
        left: Column of the picture's corner.
    """
    channels, height, width = values.shape
    units = np.empty(width, np.int32)
    pitch, row_pitch = out.strides[1], out.strides[0]
    corner = address_of(out) + top * row_pitch + left * pitch
    for y in range(height):
        for channel in range(channels):
            # apart from the scattered writing, so that this loop works on many values at once
            for x in range(width):
                value = values[channel, y, x]
                value = np.float32(0) if np.isnan(value) else value
                unit = np.floor(value * factor + np.float32(0.5))
                units[x] = np.int32(min(max(unit, low), high) - low)
            _scatter(units, corner + y * row_pitch + channel, pitch)


@kernel
def sum_of_squares(values: NDArray[np.float32]) -> tuple[float, int]:
    """Add up the squares of real values in float64, sixteen sums side by side.

    Args:
        values: Shape (N,); NaN is 0.

    Returns:
        The sum, and how many values are not zero.
    """
    lanes = 16
    sums, active = np.zeros(lanes, np.float64), np.zeros(lanes, np.int64)
    whole = values.size - values.size % lanes
    for start in range(0, whole, lanes):
        for lane in range(lanes):
            value = values[start + lane]
            square = np.float64(value) * np.float64(value)
            sums[lane] += square if square > 0.0 else 0.0
            active[lane] += square > 0.0
    for place in range(whole, values.size):
        square = np.float64(values[place]) * np.float64(values[place])
        sums[0] += square if square > 0.0 else 0.0
        active[0] += square > 0.0
    return sums.sum(), active.sum()


@kernel
def unpack_units(
    packed: NDArray[np.integer], flip: int, out: NDArray[np.integer], top: int, left: int
) -> None:
    """Bring units back to (channel, row, column).

    Args:
        packed: Shape (rows, columns, at least channels), a picture with a rim.
        flip: 128 for int8, else 0.
        out: Shape (channels, height, width).
        top: Row of the picture's corner.
        left: Column of the picture's corner.
    """
    channels, height, width = out.shape
    for y in range(height):
        for channel in range(channels):
            for x in range(width):
                out[channel, y, x] = packed[top + y, left + x, channel] - flip
