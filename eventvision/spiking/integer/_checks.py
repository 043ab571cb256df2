"""Conditions that nodes are checked for when they are made."""

from __future__ import annotations

import re
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pair: TypeAlias = tuple[int, int]
"""(vertical, horizontal)."""
Leak: TypeAlias = int | NDArray[np.int8] | None
"""A shift for all channels, None for no leak, or shifts (terms, channels) with -1 for none."""

LARGEST_SHIFT = 31
LARGEST_LEFT_SHIFT = 8
LARGEST_LEAK = 15
LARGEST_ADD_SHIFT = 12
"""Eight int16 values shifted so far still add up within 32 bits."""
WEIGHT_RANGES = {8: (-128, 127), 4: (-8, 7), 2: (-1, 1)}
"""Smallest and largest weight by bits; two bits are ternary."""
_NAME = re.compile(r"[A-Za-z_][\w.]{0,127}")
_ACCUMULATOR_MAX = 2**31 - 1
_MAX_CHANNELS = 65_536
_MOST_TERMS = 2
_ACTIVATION_MAX = 255


class Weights(Protocol):
    """What convolutions and matrix products have in common."""

    @property
    def name(self) -> str:
        """Name of the node."""

    @property
    def weight(self) -> NDArray[np.int8]:
        """Out channels first."""

    @property
    def bias(self) -> NDArray[np.int32]:
        """One for each out channel."""

    @property
    def shift(self) -> NDArray[np.int8]:
        """One for each out channel."""

    @property
    def weight_bits(self) -> int:
        """8, 4 or 2."""


def check(holds: bool, name: str, problem: str) -> None:
    """Raise ValueError about a node unless a condition holds."""
    if not holds:
        raise ValueError(f"node {name}: {problem}")


def check_name(name: str) -> None:
    """Refuse names that other tools could not write."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"node {name!r}: a name is letters, digits, '_' and '.', at most 128")


def check_channels(name: str, channels: int) -> None:
    """Refuse numbers of channels that no network has."""
    check(1 <= channels <= _MAX_CHANNELS, name, "channels must be 1 to 65536")


def check_leak(name: str, leak: Leak, channels: int | None = None) -> None:
    """Refuse leaks that do not shift an int16, or lose more than there is.

    Args:
        name: Of the node.
        leak: What it has.
        channels: How many there are, if that is known.
    """
    if not isinstance(leak, np.ndarray):
        check(leak is None or 0 <= leak <= LARGEST_LEAK, name, "leak must be 0 to 15, or None")
        return
    check_array(leak, np.int8, 2, f"{name}: leak")
    check(1 <= len(leak) <= _MOST_TERMS and leak.size > 0, name, "leak needs one or two shifts")
    in_range = -1 <= int(leak.min()) <= int(leak.max()) <= LARGEST_LEAK
    check(in_range, name, "shifts of the leak must be 0 to 15, or -1 for none")
    forgets_more = (leak == 0).any(0) & ((leak >= 0).sum(0) > 1)
    check(not forgets_more.any(), name, "a channel whose leak has the shift 0 has no other")
    fits = channels is None or leak.shape[1] == channels
    check(fits, name, f"leak is for {leak.shape[1]} channels, there are {channels}")


def shifts_of(leak: Leak, channels: int) -> NDArray[np.int8]:
    """Return a leak as shifts of two terms for each channel, -1 for none: shape (2, channels)."""
    shifts = np.full((_MOST_TERMS, channels), -1, np.int8)
    if isinstance(leak, np.ndarray):
        shifts[: len(leak)] = leak
    elif leak is not None:
        shifts[0] = leak
    return shifts


def is_pair(value: Pair | None, least: int) -> bool:
    """Tell whether a value is two numbers from `least` to 255."""
    return value is not None and len(value) == 2 and all(least <= n <= 255 for n in value)


def check_array(array: object, dtype: type[np.generic], dimensions: int, what: str) -> None:
    """Refuse what is no array of that type and number of dimensions."""
    right = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == dimensions
    if not right:
        raise ValueError(
            f"node {what} must be an array of {dtype.__name__} with {dimensions} dimensions"
        )


def check_weights(node: Weights, *, dimensions: int) -> None:
    """Refuse weights, biases and shifts that do not go together or could overflow."""
    check_array(node.weight, np.int8, dimensions, f"{node.name}: weight")
    check(node.weight.size > 0, node.name, "weight is empty")
    out_channels = node.weight.shape[0]
    for what, array, dtype in (("bias", node.bias, np.int32), ("shift", node.shift, np.int8)):
        check_array(array, dtype, 1, f"{node.name}: {what}")
        check(array.size == out_channels, node.name, f"{what} needs one value per out channel")
    in_range = (
        -LARGEST_LEFT_SHIFT <= int(node.shift.min()) <= int(node.shift.max()) <= LARGEST_SHIFT
    )
    check(in_range, node.name, "shift must be -8 to 31")
    check(node.weight_bits in WEIGHT_RANGES, node.name, "weight_bits must be 8, 4 or 2")
    low, high = WEIGHT_RANGES[node.weight_bits]
    fits = low <= int(node.weight.min()) and int(node.weight.max()) <= high
    check(fits, node.name, f"a weight is outside {low}..{high}, the range of its weight_bits")
    _check_accumulator(node)


def _check_accumulator(node: Weights) -> None:
    """Make sure that no sum, with rounding or shifted left, can leave int32."""
    weights = np.abs(node.weight.astype(np.int64)).reshape(node.weight.shape[0], -1)
    shift = node.shift.astype(np.int64)
    rounding = (np.int64(1) << np.maximum(shift, 0)) >> 1
    largest = weights.sum(1) * _ACTIVATION_MAX + np.abs(node.bias.astype(np.int64)) + rounding
    largest <<= np.maximum(-shift, 0)
    fits = int(largest.max()) <= _ACCUMULATOR_MAX
    check(fits, node.name, "weights and bias can overflow the 32-bit accumulator")
