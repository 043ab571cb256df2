"""Filters over time for a block of neurons, one row of neurons at a time.

A sequence is flat: step `t` of neuron `n` is at `t * count + n`. Inputs before the first are in
`past`, newest first, or 0 where `past` is empty. Weights are flat too: `taps` of them, the newest
input first, for all steps or for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import arithmetic, summing

Reals = NDArray[np.floating[Any]]


@arithmetic
def weigh(target: Reals, at: int, source: Reals, source_at: int, size: int, weight: float) -> None:
    """Set a row to a weighted row."""
    first, other = np.uint64(at), np.uint64(source_at)
    for k in range(size):
        target[first + np.uint64(k)] = weight * source[other + np.uint64(k)]


@arithmetic
def add_weighted(
    target: Reals, at: int, source: Reals, source_at: int, size: int, weight: float
) -> None:
    """Add a weighted row to a row."""
    first, other = np.uint64(at), np.uint64(source_at)
    for k in range(size):
        target[first + np.uint64(k)] += weight * source[other + np.uint64(k)]


@arithmetic
def lower(target: Reals, size: int, amount: float) -> None:
    """Take a number off the first row."""
    for k in range(size):
        target[np.uint64(k)] -= amount


@summing
def product_sum(a: Reals, a_at: int, b: Reals, b_at: int, size: int) -> np.floating[Any]:
    """Return the sum of the products of two rows."""
    first, other = np.uint64(a_at), np.uint64(b_at)
    total = a.dtype.type(0)
    for k in range(size):
        total += a[first + np.uint64(k)] * b[other + np.uint64(k)]
    return total


@summing
def row_sum(a: Reals, at: int, size: int) -> np.floating[Any]:
    """Return the sum of a row."""
    first = np.uint64(at)
    total = a.dtype.type(0)
    for k in range(size):
        total += a[first + np.uint64(k)]
    return total


@arithmetic
def mix(
    h: Reals, x: Reals, past: Reals, weights: Reals, thresholds: Reals,
    t: int, taps: int, count: int, low: int, size: int,
) -> None:  # fmt: skip
    """Set the first row of `h` to the filtered inputs at step `t`, less the threshold."""
    row = t if thresholds.size > 1 else 0
    weigh(h, 0, x, t * count + low, size, weights[row * taps])
    for age in range(1, taps):
        weight, then = weights[row * taps + age], t - age
        if then >= 0:
            add_weighted(h, 0, x, then * count + low, size, weight)
        elif past.size:
            add_weighted(h, 0, past, (-1 - then) * count + low, size, weight)
    lower(h, size, thresholds[row])


@arithmetic
def spread_back(
    gx: Reals, g_past: Reals, slopes: Reals, weights: Reals, thresholds: Reals, stride: int,
    t: int, taps: int, steps: int, count: int, low: int, size: int,
) -> None:  # fmt: skip
    """Collect the derivative by the input at step `t` (before 0: of the past) from later slopes.

    Args:
        gx: Derivative by the inputs.
        g_past: Derivative by the inputs before the first; empty if not wanted.
        slopes: Derivative by the filtered input, for this block, with `stride` from step to step.
        weights: As for `mix`.
        thresholds: As for `mix`.
        stride: See `slopes`.
        t: The step.
        taps: Number of weights.
        steps: Number of steps.
        count: Number of neurons.
        low: First neuron of the block.
        size: Number of neurons in the block.
    """
    target, at = (gx, t * count + low) if t >= 0 else (g_past, (-1 - t) * count + low)
    is_first = True
    for age in range(max(0, -t), min(taps, steps - t)):
        then = t + age
        weight = weights[(then if thresholds.size > 1 else 0) * taps + age]
        if is_first:
            weigh(target, at, slopes, then * stride, size, weight)
        else:
            add_weighted(target, at, slopes, then * stride, size, weight)
        is_first = False
    if is_first:
        target[at : at + size] = 0


@arithmetic
def sum_back(
    g_weights: NDArray[np.float64], g_thresholds: NDArray[np.float64], x: Reals, past: Reals,
    slopes: Reals, stride: int, t: int, taps: int, count: int, low: int, size: int,
) -> None:  # fmt: skip
    """Add a block's part of the derivative by weights and thresholds at step `t`."""
    row = t if g_thresholds.size > 1 else 0
    g_thresholds[row] -= row_sum(slopes, t * stride, size)
    for age in range(taps):
        then = t - age
        if then >= 0:
            at = then * count + low
            g_weights[row * taps + age] += product_sum(slopes, t * stride, x, at, size)
        elif past.size:
            at = (-1 - then) * count + low
            g_weights[row * taps + age] += product_sum(slopes, t * stride, past, at, size)
