"""Triton kernels of parallel spiking neurons: the filter's window moves through registers."""

from __future__ import annotations

from ._parallel_source import slope_lines
from ._step import Traced
from ._triton_source import DIALECT
from ._writing import indented

_TEMPLATE = '''"""Kernels of parallel neurons with the derivative of {surrogate}."""

import triton
import triton.language as tl


@triton.jit
def input_at(x, past, t, row, n, inside, REAL: tl.constexpr, TAPS: tl.constexpr):
    value = tl.zeros(n.shape, REAL)
    if t >= 0:
        value = tl.load(x + t * row + n, mask=inside, other=0.0).to(REAL)
    elif t > -TAPS:
        value = tl.load(past + (-1 - t) * row + n, mask=inside, other=0.0).to(REAL)
    return value


@triton.jit
def forward(
    x, past, out, weights, thresholds, steps, count,
    REAL: tl.constexpr, BLOCK: tl.constexpr,
):
    n = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = n < count
    row = tl.cast(count, tl.int64)
{forward}


@triton.jit
def backward(
    x, past, g, gx, g_past, weights, thresholds, g_weights, g_thresholds, steps, count,
    BY_PAST: tl.constexpr, REAL: tl.constexpr, BLOCK: tl.constexpr,
):
    program = tl.program_id(0).to(tl.int64)
    n = program * BLOCK + tl.arange(0, BLOCK)
    inside = n < count
    row = tl.cast(count, tl.int64)
{backward}
'''


def parallel_triton_source(firing: Traced, *, taps: int, per_step: bool) -> str:
    """Return a module with the kernels `forward` and `backward` of parallel neurons.

    The derivatives by weights and thresholds are sums of one program each, to be added up.

    Args:
        firing: A step without states that spikes where its input is at least 0.
        taps: Number of weights, which are written out.
        per_step: Whether each step has weights and a threshold of its own; there is no past then.
    """
    writer = _Filter(firing, taps, per_step)
    return _TEMPLATE.format(
        surrogate=firing.output.detail.name,
        forward=indented(writer.forward(), 1),
        backward=indented(writer.backward(), 1),
    )


class _Filter:
    def __init__(self, firing: Traced, taps: int, per_step: bool) -> None:
        self.firing, self.per_step, self.taps = firing, per_step, taps
        self.ages = range(taps)

    def _input(self, age: int, t: str) -> str:
        return f"x{age} = input_at(x, past, {t}, row, n, inside, REAL, {self.taps})"

    def _weights(self) -> list[str]:
        at = f"t * {self.taps} + " if self.per_step else ""
        own = " + t" if self.per_step else ""
        return [
            *(f"w{age} = tl.load(weights + {at}{age}).to(REAL)" for age in self.ages),
            f"threshold = tl.load(thresholds{own}).to(REAL)",
        ]

    def _mixed(self) -> list[str]:
        return [
            "h_ = w0 * x0",
            *(f"h_ = h_ + w{age} * x{age}" for age in self.ages[1:]),
            "h_ = h_ - threshold",
        ]

    def forward(self) -> list[str]:
        """Return the lines of the forward kernel."""
        shared, own = ([], self._weights()) if self.per_step else (self._weights(), [])
        loop = [
            "x0 = tl.load(x + t * row + n, mask=inside, other=0.0).to(REAL)",
            *own,
            *self._mixed(),
            "tl.store(out + t * row + n, tl.where(h_ >= 0.0, 1.0, 0.0), mask=inside)",
            *(f"x{age} = x{age - 1}" for age in reversed(self.ages[1:])),
        ]
        before = [self._input(age, str(-age)) for age in self.ages[1:]]
        return [*shared, *before, "for t in range(0, steps):", *(f"    {line}" for line in loop)]

    def backward(self) -> list[str]:
        """Return the lines of the backward kernel."""
        shared, own = ([], self._weights()) if self.per_step else (self._weights(), [])
        lines, result = slope_lines(self.firing, DIALECT)
        loop = [
            "t = steps - 1 - back",
            *own,
            *self._mixed(),
            "outer = tl.load(g + t * row + n, mask=inside, other=0.0).to(REAL)",
            *lines,
            f"s0 = tl.where(inside, {result}, 0.0)",
            *self._sums(),
            *self._by_x(),
            *(f"s{age} = s{age - 1}" for age in reversed(self.ages[1:])),
            *(f"x{age} = x{age + 1}" for age in self.ages[:-1]),
            self._input(self.taps - 1, f"t - {self.taps}"),
        ]
        return [
            *shared,
            *(self._input(age, f"steps - 1 - {age}") for age in self.ages),
            *(f"s{age} = tl.zeros([BLOCK], REAL)" for age in self.ages),
            *([] if self.per_step else self._zeros()),
            "for back in range(0, steps):",
            *(f"    {line}" for line in loop),
            *([] if self.per_step else self._ending()),
        ]

    def _zeros(self) -> list[str]:
        sums = [f"sum{age} = tl.zeros([BLOCK], REAL)" for age in self.ages]
        return [*sums, "total = tl.zeros([BLOCK], REAL)"]

    def _sums(self) -> list[str]:
        """Return lines that take a step's part in the derivative by weights and threshold."""
        if not self.per_step:
            return [*(f"sum{age} += s0 * x{age}" for age in self.ages), "total += s0"]
        place = "(program * steps + t)"
        parts = [
            f"tl.store(g_weights + {place} * {self.taps} + {age}, tl.sum(s0 * x{age}))"
            for age in self.ages
        ]
        return [*parts, f"tl.store(g_thresholds + {place}, -tl.sum(s0))"]

    def _by_x(self) -> list[str]:
        """Return lines that add up the derivative by the input from the slopes that saw it."""
        lines = ["d = w0 * s0"]
        for age in self.ages[1:]:
            weight = f"w{age}"
            if self.per_step:
                place = f"weights + (t + {age}) * {self.taps} + {age}"
                weight = f"tl.load({place}, mask=t + {age} < steps, other=0.0).to(REAL)"
            lines.append(f"d = d + {weight} * s{age}")
        return [*lines, "tl.store(gx + t * row + n, d, mask=inside)"]

    def _ending(self) -> list[str]:
        """Return lines that store sums, and the derivative by the past from the first slopes.

        After the loop, `s1` is the slope of step 0, `s2` that of step 1, and so on.
        """
        lines = [
            *(
                f"tl.store(g_weights + program * {self.taps} + {age}, tl.sum(sum{age}))"
                for age in self.ages
            ),
            "tl.store(g_thresholds + program, -tl.sum(total))",
        ]
        if self.taps > 1:
            lines.append("if BY_PAST:")
        for j in range(self.taps - 1):
            terms = [f"w{age} * s{age - j}" for age in range(j + 1, self.taps)]
            place = f"g_past + {j} * row + n"
            lines.append(f"    tl.store({place}, {' + '.join(terms)}, mask=inside)")
        return lines
