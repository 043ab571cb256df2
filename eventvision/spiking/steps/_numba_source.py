"""A step as two numba kernels: a sequence of steps in one pass, and its derivative.

Neurons are taken in blocks that stay in the cache while time runs, so that the input is read and
the output written once. The derivative keeps nothing from the forward pass but the input: it runs
a block forward again, with what it needs of the states kept in the cache, and then back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ._derivative import derivatives
from ._expression import Expression, inputs_of, symbol
from ._step import Traced
from ._writing import Dialect, Writer, indented, safe

Real = Literal["float32", "float64"]

TOGETHER = 4
"""Steps that the forward pass takes at once: memory delivers several streams faster than one."""

_ONE_OR_ZERO = "REAL(1.0) if {0} else REAL(0.0)"
DIALECT = Dialect(
    number=lambda value: f"REAL({value!r})",
    calls={
        "neg": "-{0}",
        "exp": "exp({0})",
        "sqrt": "REAL(math.sqrt({0}))",
        "abs": "abs({0})",
        "straight": "REAL(np.floor({0}))",
        "where": "{1} if {0} else {2}",
        "not": "not {0}",
        "real": _ONE_OR_ZERO,
        "detach": "{0}",
    },
    spike=lambda _: _ONE_OR_ZERO.format("{0} >= REAL(0.0)"),
)

HEADER = {
    "float32": "from eventvision.kernels.step_blocks import exp32 as exp\n\nREAL = np.float32",
    "float64": "exp = math.exp\n\nREAL = np.float64",
}


def numba_source(
    step: Traced, *, by_channel: Sequence[str] = (), by: Sequence[str] = (), real: Real = "float32"
) -> str:
    """Return a module with the kernels `forward` and `backward` of a step.

    Args:
        step: The step.
        by_channel: Parameters that have a value per channel; the others have one.
        by: Parameters to differentiate by.
        real: Number type of all arrays, except of the parameters' derivatives (float64).
    """
    return _Module(step, tuple(by_channel), tuple(by), real).text()


class _Module:
    def __init__(
        self, step: Traced, by_channel: tuple[str, ...], by: tuple[str, ...], real: Real
    ) -> None:
        self.step, self.by_channel, self.by, self.real = step, by_channel, by, real
        states = len(step.states)
        self.scalars = [name for name in step.parameters if name not in by_channel]
        self.state_rows = {name: row for row, name in enumerate(step.states)}
        self.carry_rows = {name: states + row for row, name in enumerate(step.states)}
        self.channel_rows = {name: 2 * states + row for row, name in enumerate(by_channel)}
        first_sum = 2 * states + len(by_channel)
        self.sum_rows = {name: first_sum + row for row, name in enumerate(by)}
        self.rows = max(1, first_sum + len(by))
        self.outer = symbol("d.output")
        self.carries = {name: symbol(f"d.{name}") for name in step.states}
        self.gradients = derivatives(
            [(step.output, self.outer), *zip(step.after, self.carries.values(), strict=True)],
            (step.x, *step.states, *by),
        )
        used = inputs_of(self.gradients.values())
        self.kept = [name for name in step.states if name in used]

    def text(self) -> str:
        parts = [
            f'"""Kernels of {self.step.name}, made from its step."""',
            "import math\n\nimport numpy as np\n\n"
            "from eventvision.kernels._jit import arithmetic, kernel\n"
            "from eventvision.kernels.step_blocks import BLOCK, enter, gather, leave, spread\n"
            + HEADER[self.real],
            self._forward_row("forward_rows", TOGETHER),
            self._forward_row("forward_row", 1),
            self._forward(),
            *([self._again_row()] if self.kept else []),
            self._backward_row(),
            self._backward(),
        ]
        return "\n\n\n".join(parts) + "\n"

    def _loads(self, used: set[str], kept_states: bool = False) -> list[str]:
        """Return lines that name the inputs of one neuron in one step."""
        step, lines = self.step, []
        if step.x in used:
            lines.append(f"{safe(step.x)} = x[at + j]")
        for name in step.states:
            if name in used:
                place = (
                    f"kept[kept_at + j{_offset(self.kept.index(name))}]"
                    if kept_states
                    else f"scratch[j{_offset(self.state_rows[name])}]"
                )
                lines.append(f"{safe(name)} = {place}")
        lines += [
            f"{safe(name)} = scratch[j{_offset(self.channel_rows[name])}]"
            for name in self.by_channel
            if name in used
        ]
        return lines

    def _row(self, name: str, arrays: Sequence[str], body: Sequence[str]) -> str:
        """Return a loop over the neurons of a block in one step."""
        arguments = ", ".join([*arrays, *map(safe, self.scalars)])
        return (
            f"@arithmetic\ndef {name}({arguments}):\n"
            "    for k in range(size):\n        j = np.uint64(k)\n" + indented(body, 2)
        )

    def _forward_row(self, name: str, together: int) -> str:
        """Return a loop over neurons that takes some steps at once, states kept in registers."""
        step, writer = self.step, Writer(DIALECT)
        output, *after = writer.write([step.output, *step.after])
        used = inputs_of([step.output, *step.after])
        states = [safe(state) for state in step.states]
        body = self._loads((used | set(step.states)) - {step.x})
        for i in range(together):
            body += [f"{safe(step.x)} = x[at{i} + j]"] if step.x in used else []
            body += [*writer.lines, f"out[at{i} + j] = {output}"]
            body += [f"{', '.join(states)} = {', '.join(after)}"] if states else []
        places = [f"at{i}" for i in range(together)]
        arrays = ["x", "out", "scratch", *places, "size"]
        return self._row(name, arrays, [*body, *self._stores(states)])

    def _stores(self, after: Sequence[str]) -> list[str]:
        rows = self.state_rows.values()
        return [f"scratch[j{_offset(row)}] = {name}" for row, name in zip(rows, after, strict=True)]

    def _again_row(self) -> str:
        step, writer = self.step, Writer(DIALECT)
        after = writer.write(step.after)
        used = inputs_of(step.after) | set(self.kept)
        keeps = [f"kept[kept_at + j{_offset(i)}] = {safe(n)}" for i, n in enumerate(self.kept)]
        body = [*self._loads(used), *keeps, *writer.lines, *self._stores(after)]
        return self._row("again_row", ["x", "kept", "scratch", "at", "kept_at", "size"], body)

    def _backward_row(self) -> str:
        step = self.step
        names: dict[Expression, str] = {self.outer: "outer"}
        names |= {node: f"carry{i}" for i, node in enumerate(self.carries.values())}
        writer = Writer(DIALECT, names)
        by_x, *rest = writer.write(self.gradients.values())
        by_state, by_parameter = rest[: len(step.states)], rest[len(step.states) :]
        used = inputs_of(self.gradients.values())
        body = self._loads(used, kept_states=True)
        if self.outer.detail in used:
            body.append("outer = g[at + j]")
        body += [
            f"carry{i} = scratch[j{_offset(row)}]"
            for i, (name, row) in enumerate(self.carry_rows.items())
            if self.carries[name].detail in used
        ]
        body += [*writer.lines, f"gx[at + j] = {by_x}"]
        rows = self.carry_rows.values()
        body += [f"scratch[j{_offset(r)}] = {n}" for r, n in zip(rows, by_state, strict=True)]
        rows = self.sum_rows.values()
        body += [f"scratch[j{_offset(r)}] += {n}" for r, n in zip(rows, by_parameter, strict=True)]
        arrays = ["x", "g", "gx", "kept", "scratch", "at", "kept_at", "size"]
        return self._row("backward_row", arrays, body)

    def _opening(self) -> list[str]:
        """Return lines that come before the blocks."""
        return [
            f"scratch = np.empty({self.rows} * BLOCK, REAL)",
            *(f"{safe(name)} = p_{name}[0]" for name in self.scalars),
        ]

    def _block_opening(self) -> list[str]:
        """Return lines that come before the steps of a block."""
        return [
            "size = min(block, last - low)",
            *(f"enter(scratch, {r}, start_{n}, low, size)" for n, r in self.state_rows.items()),
            *(
                f"spread(scratch, {r}, p_{n}, low, size, inner)"
                for n, r in self.channel_rows.items()
            ),
        ]

    def _kernel(
        self, name: str, arrays: Sequence[str], opening: Sequence[str], block: Sequence[str]
    ) -> str:
        ends = ["inner", "steps", "count", "first", "last", "block"]
        return (
            f"@kernel\ndef {name}({', '.join([*arrays, *ends])}):\n"
            + indented([*self._opening(), *opening, "low = first", "while low < last:"], 1)
            + "\n"
            + indented([*self._block_opening(), *block, "low += size"], 2)
        )

    def _call(self, row: str, arguments: str) -> str:
        return f"    {row}({', '.join([arguments, *map(safe, self.scalars)])})"

    def _forward(self) -> str:
        states, parameters = self.step.states, self.step.parameters
        arrays = [
            "x",
            "out",
            *(f"start_{n}" for n in states),
            *(f"after_{n}" for n in states),
            *(f"p_{n}" for n in parameters),
        ]
        at = "np.uint64(t * count + low)"
        places = ", ".join(f"np.uint64((t + {i}) * count + low)" for i in range(TOGETHER))
        block = [
            f"grouped = steps // {TOGETHER} * {TOGETHER}",
            f"for t in range(0, grouped, {TOGETHER}):",
            self._call("forward_rows", f"x, out, scratch, {places}, size"),
            "for t in range(grouped, steps):",
            self._call("forward_row", f"x, out, scratch, {at}, size"),
            *(f"leave(after_{n}, low, scratch, {r}, size)" for n, r in self.state_rows.items()),
        ]
        return self._kernel("forward", arrays, [], block)

    def _backward(self) -> str:
        states, parameters = self.step.states, self.step.parameters
        arrays = [
            "x",
            "g",
            "gx",
            *(f"start_{n}" for n in states),
            *(f"g_after_{n}" for n in states),
            *(f"g_start_{n}" for n in states),
            *(f"p_{n}" for n in parameters),
            *(f"g_{n}" for n in self.by),
        ]
        width = f"{max(1, len(self.kept))} * BLOCK"
        at, kept_at = "np.uint64(t * count + low)", f"np.uint64(t * {width})"
        again = [
            "for t in range(steps):",
            self._call("again_row", f"x, kept, scratch, {at}, {kept_at}, size"),
        ]
        nothing = "np.empty(0, REAL)"
        block = [
            *(again if self.kept else []),
            *(f"enter(scratch, {r}, g_after_{n}, low, size)" for n, r in self.carry_rows.items()),
            *(f"enter(scratch, {r}, {nothing}, low, size)" for r in self.sum_rows.values()),
            "for t in range(steps - 1, -1, -1):",
            self._call("backward_row", f"x, g, gx, kept, scratch, {at}, {kept_at}, size"),
            *(f"leave(g_start_{n}, low, scratch, {r}, size)" for n, r in self.carry_rows.items()),
            *(f"gather(g_{n}, scratch, {r}, low, size, inner)" for n, r in self.sum_rows.items()),
        ]
        return self._kernel("backward", arrays, [f"kept = np.empty(steps * {width}, REAL)"], block)


def _offset(row: int) -> str:
    return f" + np.uint64({row} * BLOCK)" if row else ""
