"""Kernels of parallel spiking neurons: a causal filter over time, and a spike.

They are no step. As a step the filter would carry its last inputs as states and copy them all from
step to step, and weights that differ from step to step would not fit at all. Without a reset there
is no need: the kernels read the inputs where they lie. Only the spike's derivative is written from
its expression.
"""

from __future__ import annotations

from ._derivative import derivatives
from ._expression import symbol
from ._numba_source import DIALECT as NUMBA
from ._numba_source import HEADER, Real
from ._step import Traced
from ._writing import Dialect, Writer, indented

_NUMBA = '''"""Kernels of parallel neurons with the derivative of {surrogate}."""

import math

import numpy as np

from eventvision.kernels._jit import arithmetic, kernel
from eventvision.kernels.causal_filter import mix, spread_back, sum_back
from eventvision.kernels.step_blocks import BLOCK
{header}


@arithmetic
def fire_row(out, h, at, size):
    for k in range(size):
        j = np.uint64(k)
        out[at + j] = REAL(1.0) if h[j] >= REAL(0.0) else REAL(0.0)


@kernel
def forward(x, past, out, weights, thresholds, taps, steps, count, first, last, block):
    h = np.empty(BLOCK, REAL)
    low = first
    while low < last:
        size = min(block, last - low)
        for t in range(steps):
            mix(h, x, past, weights, thresholds, t, taps, count, low, size)
            fire_row(out, h, np.uint64(t * count + low), size)
        low += size


@arithmetic
def slope_row(slopes, g, h, slopes_at, at, size):
    for k in range(size):
        j = np.uint64(k)
        h_ = h[j]
        outer = g[at + j]
{lines}
        slopes[slopes_at + j] = {result}


@kernel
def backward(
    x, past, g, gx, g_past, weights, thresholds, g_weights, g_thresholds,
    taps, steps, count, first, last, block,
):
    h = np.empty(BLOCK, REAL)
    slopes = np.empty(steps * BLOCK, REAL)
    low = first
    while low < last:
        size = min(block, last - low)
        for t in range(steps - 1, -1, -1):
            mix(h, x, past, weights, thresholds, t, taps, count, low, size)
            slope_row(slopes, g, h, np.uint64(t * BLOCK), np.uint64(t * count + low), size)
            sum_back(
                g_weights, g_thresholds, x, past, slopes, BLOCK, t, taps, count, low, size
            )
            spread_back(
                gx, g_past, slopes, weights, thresholds, BLOCK, t, taps, steps, count, low, size
            )
        if g_past.size:
            for t in range(-1, -taps, -1):
                spread_back(
                    gx, g_past, slopes, weights, thresholds, BLOCK, t, taps, steps, count, low, size
                )
        low += size
'''


def parallel_numba_source(firing: Traced, *, real: Real = "float32") -> str:
    """Return a module with the kernels `forward` and `backward` of parallel neurons.

    Args:
        firing: A step without states that spikes where its input is at least 0.
        real: Number type of all arrays, except of derivatives by weights and thresholds (float64).
    """
    lines, result = slope_lines(firing, NUMBA)
    return _NUMBA.format(
        surrogate=firing.output.detail.name,
        header=HEADER[real],
        lines=indented(lines, 2),
        result=result,
    )


def slope_lines(firing: Traced, dialect: Dialect) -> tuple[list[str], str]:
    """Return lines that differentiate a spike, from `h_` and the outer derivative `outer`."""
    outer = symbol("d.output")
    writer = Writer(dialect, {outer: "outer", symbol(firing.x): "h_"})
    gradient = derivatives([(firing.output, outer)], (firing.x,))
    (result,) = writer.write(gradient.values())
    return writer.lines, result
