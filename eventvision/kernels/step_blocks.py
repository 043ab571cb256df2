"""What the kernels made from a neuron's step share: a block of neurons and its scratch rows.

A kernel takes the neurons in blocks. A block keeps all that changes from step to step in the rows
of one scratch array, which stays in the first-level cache while time runs; one array, so that the
compiler sees that rows do not overlap. Row `r` starts at `r * BLOCK`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import arithmetic

BLOCK = 1024
"""Neurons that one row holds."""

Reals = NDArray[np.floating[Any]]

_ROW = np.uint64(BLOCK)


@arithmetic
def enter(scratch: Reals, row: int, values: Reals, low: int, size: int) -> None:
    """Fill a row with the values of neurons `low`..: one for all, one each, or none, which is 0."""
    at, first = np.uint64(row) * _ROW, np.uint64(low)
    if values.size > 1:
        for k in range(size):
            scratch[at + np.uint64(k)] = values[first + np.uint64(k)]
        return
    value = values[0] if values.size else scratch.dtype.type(0)
    for k in range(size):
        scratch[at + np.uint64(k)] = value


@arithmetic
def leave(values: Reals, low: int, scratch: Reals, row: int, size: int) -> None:
    """Write a row to the neurons `low`.., if anybody wants the values."""
    if values.size == 0:
        return
    at, first = np.uint64(row) * _ROW, np.uint64(low)
    for k in range(size):
        values[first + np.uint64(k)] = scratch[at + np.uint64(k)]


@arithmetic
def spread(scratch: Reals, row: int, values: Reals, low: int, size: int, inner: int) -> None:
    """Fill a row with values (C,) of channels that change every `inner` neurons."""
    at, k = row * BLOCK, 0
    while k < size:
        neuron = low + k
        run = min(inner - neuron % inner, size - k)
        value = values[neuron // inner % values.size]
        for i in range(np.uint64(at + k), np.uint64(at + k + run)):
            scratch[i] = value
        k += run


@arithmetic
def gather(
    totals: NDArray[np.float64], scratch: Reals, row: int, low: int, size: int, inner: int
) -> None:
    """Add a row to totals: (1,) for the layer, or (C,) by channel."""
    at, k = row * BLOCK, 0
    channels = totals.size
    while k < size:
        neuron = low + k
        run = min(inner - neuron % inner, size - k) if channels > 1 else size - k
        total = 0.0
        for i in range(np.uint64(at + k), np.uint64(at + k + run)):
            total += scratch[i]
        totals[neuron // inner % channels] += total
        k += run


def _power_of_two_coefficients(degree: int) -> tuple[np.float32, ...]:
    """Fit 2 ** f for f in -0.5..0.5, with the error spread evenly (Chebyshev nodes)."""
    fit = np.polynomial.Chebyshev.interpolate(np.exp2, degree, domain=[-0.5, 0.5])
    return tuple(np.float32(c) for c in fit.convert(kind=np.polynomial.Polynomial).coef)


_C0, _C1, _C2, _C3, _C4, _C5 = _power_of_two_coefficients(5)
_LOG2_E = np.float32(np.log2(np.e))
_LIMIT = np.float32(126)
_WHOLE = np.float32(1.5 * 2**23)
_BIAS = np.int32(127 << 23)


@arithmetic
def exp32(y: np.float32) -> np.float32:
    """Return e ** y to 3e-7, in a form that vectorises; |y| above 87 counts as 87.

    With y / log(2) = n + f, the power 2 ** n is a number's exponent, and n comes from adding a
    number so large that its last bit is worth 1: the sum ends in the bits of n.
    """
    z = min(max(y * _LOG2_E, -_LIMIT), _LIMIT)
    rounded = z + _WHOLE
    f = z - (rounded - _WHOLE)
    power = np.int32((np.float32(rounded).view(np.int32) << np.int32(23)) + _BIAS).view(np.float32)
    return (_C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * _C5))))) * power
