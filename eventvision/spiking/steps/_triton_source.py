"""A step as two Triton kernels: a sequence of steps in one pass, and its derivative.

A program holds a few hundred neurons in registers while time runs. Time is taken in chunks of
`CHUNK` steps, written out one after another, so that the loads of a chunk are under way together.
For the derivative the forward pass keeps the states once per chunk; the backward pass runs a chunk
forward again in registers and then back. It so moves 5 + 2 / chunk values per neuron and step (and
state), where keeping the potential of every step moves 6 or more. Arithmetic is in float32
(float64 for float64 arrays), whatever the arrays hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._derivative import derivatives
from ._expression import Expression, inputs_of, symbol
from ._step import Traced
from ._writing import Dialect, Writer, indented, safe

CHUNK = 8
"""Steps in a chunk, at most."""

DIALECT = Dialect(
    number=repr,
    calls={
        "neg": "-{0}",
        "exp": "tl.exp({0})",
        "sqrt": "tl.sqrt({0})",
        "abs": "tl.abs({0})",
        "straight": "tl.floor({0})",
        "where": "tl.where({0}, {1}, {2})",
        "not": "{0} == 0",
        "real": "tl.where({0}, 1.0, 0.0).to(REAL)",
        "detach": "{0}",
    },
    spike=lambda _: "tl.where({0} >= 0.0, 1.0, 0.0).to(REAL)",
)


def chunk_of(steps: int) -> int:
    """Return the chunk that suits a sequence: at most `CHUNK`, with little left over.

    >>> [chunk_of(steps) for steps in (1, 4, 8, 11, 32)]
    [1, 4, 8, 6, 8]
    """
    return -(-steps // -(-steps // CHUNK)) if steps else 1


def triton_source(
    step: Traced,
    *,
    by_channel: Sequence[str] = (),
    by: Sequence[str] = (),
    chunk: int = CHUNK,
    ragged: bool = False,
) -> str:
    """Return a module with the kernels `forward` and `backward` of a step.

    Args:
        step: The step.
        by_channel: Parameters that have a value per channel; the others have one.
        by: Parameters to differentiate by.
        chunk: Steps that are written out.
        ragged: Whether the number of steps may be no multiple of them.
    """
    return _Module(step, tuple(by_channel), tuple(by), chunk, ragged).text()


class _Module:
    def __init__(
        self, step: Traced, by_channel: tuple[str, ...], by: tuple[str, ...], chunk: int,
        ragged: bool,
    ) -> None:  # fmt: skip
        self.step, self.by_channel, self.by = step, by_channel, by
        self.chunk, self.ragged = chunk, ragged
        self.outer = symbol("d.output")
        self.carries = {name: symbol(f"d.{name}") for name in step.states}
        self.gradients = derivatives(
            [(step.output, self.outer), *zip(step.after, self.carries.values(), strict=True)],
            (step.x, *step.states, *by),
        )
        used = inputs_of(self.gradients.values())
        self.reads_x = step.x in used or bool(used & set(step.states))
        self.reads_g = self.outer.detail in used
        self.runs_again = bool(used & set(step.states))

    def text(self) -> str:
        parts = [
            f'"""Kernels of {self.step.name}, made from its step."""',
            "import triton\nimport triton.language as tl",
            self._forward(),
            self._backward(),
        ]
        return "\n\n\n".join(parts) + "\n"

    def _live(self, k: int) -> str:
        return f"live{k}"

    def _mask(self, k: int) -> str:
        return f"inside & {self._live(k)}" if self.ragged else "inside"

    def _lives(self) -> list[str]:
        """Return lines that say which steps of a chunk there are."""
        steps = range(self.chunk) if self.ragged else ()
        return [f"live{k} = tl.zeros([BLOCK], tl.int32) + {k} < steps - first" for k in steps]

    def _load(self, array: str, k: int) -> str:
        place = f"{array} + (first + {k}) * row + n"
        return f"tl.load({place}, mask={self._mask(k)}, other=0.0).to(REAL)"

    def _opening(self) -> list[str]:
        lines = [
            "n = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
            "inside = n < count",
            "row = tl.cast(count, tl.int64)",
        ]
        for name in self.step.parameters:
            if name in self.by_channel:
                place = f"p_{name} + n // inner % channels"
                lines.append(f"{safe(name)} = tl.load({place}, mask=inside, other=1.0).to(REAL)")
            else:
                lines.append(f"{safe(name)} = tl.load(p_{name}).to(REAL)")
        return lines

    def _start(self, name: str) -> list[str]:
        """Return lines that load a state before the first step: one value for all, or one each."""
        return [
            f"if ONE_{name}:",
            f"    {safe(name)} = tl.zeros([BLOCK], REAL) + tl.load(start_{name}).to(REAL)",
            "else:",
            f"    {safe(name)} = tl.load(start_{name} + n, mask=inside, other=0.0).to(REAL)",
        ]

    def _forward(self) -> str:
        step, states = self.step, self.step.states
        arguments = [
            "x",
            "out",
            *(f"start_{n}" for n in states),
            *(f"after_{n}" for n in states),
            *(f"kept_{n}" for n in states),
            *(f"p_{n}" for n in step.parameters),
            "steps",
            "count",
            "inner",
            "channels",
            *(f"ONE_{n}: tl.constexpr" for n in states),
            "KEEP: tl.constexpr",
            "REAL: tl.constexpr",
            "BLOCK: tl.constexpr",
        ]
        lines = self._opening()
        for name in states:
            lines += self._start(name)
        lines.append(f"for first in range(0, steps, {self.chunk}):")
        body = self._lives()
        if states:
            place = f"(first // {self.chunk} - 1) * row + n"
            keep = [f"tl.store(kept_{n} + {place}, {safe(n)}, mask=inside)" for n in states]
            body += ["if KEEP:", "    if first > 0:", *(f"        {line}" for line in keep)]
        body += [f"x{k} = {self._load('x', k)}" for k in range(self.chunk)]
        for k in range(self.chunk):
            writer = Writer(DIALECT, {symbol(step.x): f"x{k}"}, prefix=f"f{k}_")
            output, *after = writer.write([step.output, *step.after])
            place = f"out + (first + {k}) * row + n"
            body += [*writer.lines, f"tl.store({place}, {output}, mask={self._mask(k)})"]
            body += self._advance(states, after, k)
        lines += [f"    {line}" for line in body]
        lines += [f"tl.store(after_{n} + n, {safe(n)}, mask=inside)" for n in states]
        return self._kernel("forward", arguments, lines)

    def _advance(self, names: Sequence[str], values: Sequence[str], k: int) -> list[str]:
        """Return lines that give names new values, all at once; only in steps that there are."""
        lines = [f"next_{n} = {value}" for n, value in zip(names, values, strict=True)]
        for name in names:
            new = f"next_{name}"
            guarded = f"tl.where({self._live(k)}, {new}, {safe(name)})" if self.ragged else new
            lines.append(f"{safe(name)} = {guarded}")
        return lines

    def _backward(self) -> str:
        step, states = self.step, self.step.states
        arguments = [
            "x",
            "g",
            "gx",
            *(f"start_{n}" for n in states),
            *(f"kept_{n}" for n in states),
            *(f"g_after_{n}" for n in states),
            *(f"g_start_{n}" for n in states),
            *(f"p_{n}" for n in step.parameters),
            *(f"g_{n}" for n in self.by),
            "steps",
            "count",
            "inner",
            "channels",
            *(f"ONE_{n}: tl.constexpr" for n in states),
            *(f"CARRIED_{n}: tl.constexpr" for n in states),
            "BY_START: tl.constexpr",
            "REAL: tl.constexpr",
            "BLOCK: tl.constexpr",
        ]
        lines = self._opening()
        for name in states:
            lines += [
                f"carry_{name} = tl.zeros([BLOCK], REAL)",
                f"if CARRIED_{name}:",
                f"    carry_{name} = tl.load(g_after_{name} + n, mask=inside, other=0.0).to(REAL)",
            ]
        lines += [f"sum_{name} = tl.zeros([BLOCK], REAL)" for name in self.by]
        lines += [
            f"chunks = (steps + {self.chunk - 1}) // {self.chunk}",
            "for chunk in range(0, chunks):",
            f"    first = (chunks - 1 - chunk) * {self.chunk}",
            *(f"    {line}" for line in self._chunk_back()),
        ]
        if states:
            lines.append("if BY_START:")
            lines += [f"    tl.store(g_start_{n} + n, carry_{n}, mask=inside)" for n in states]
        lines += [f"tl.store(g_{n} + n, sum_{n}, mask=inside)" for n in self.by]
        return self._kernel("backward", arguments, lines)

    def _chunk_back(self) -> list[str]:
        """Return lines that run a chunk forward in registers, and back."""
        step, states = self.step, self.step.states
        lines = self._lives()
        if self.runs_again:
            for name in states:
                place = f"kept_{name} + (first // {self.chunk} - 1) * row + n"
                lines += [
                    "if first > 0:",
                    f"    {safe(name)} = tl.load({place}, mask=inside, other=0.0).to(REAL)",
                    "else:",
                    *(f"    {line}" for line in self._start(name)),
                ]
        if self.reads_x:
            lines += [f"x{k} = {self._load('x', k)}" for k in range(self.chunk)]
        if self.reads_g:
            lines += [f"g{k} = {self._load('g', k)}" for k in range(self.chunk)]
        if self.runs_again:
            lines += [f"{self._before(n)}0 = {safe(n)}" for n in states]
            for k in range(self.chunk - 1):
                names = self._names(k)
                writer = Writer(DIALECT, names, prefix=f"f{k}_")
                after = writer.write(step.after)
                lines += writer.lines
                lines += [
                    f"{self._before(n)}{k + 1} = {value}"
                    for n, value in zip(states, after, strict=True)
                ]
        for k in reversed(range(self.chunk)):
            lines += self._step_back(k)
        return lines

    def _before(self, name: str) -> str:
        return f"before_{name}_"

    def _names(self, k: int) -> dict[Expression, str]:
        names = {symbol(n): f"{self._before(n)}{k}" for n in self.step.states}
        return names | {symbol(self.step.x): f"x{k}"}

    def _step_back(self, k: int) -> list[str]:
        states = self.step.states
        names = self._names(k) | {self.outer: f"g{k}"}
        names |= {node: f"carry_{name}" for name, node in self.carries.items()}
        writer = Writer(DIALECT, names, prefix=f"b{k}_")
        by_x, *rest = writer.write(self.gradients.values())
        by_state, by_parameter = rest[: len(states)], rest[len(states) :]
        place = f"gx + (first + {k}) * row + n"
        lines = [*writer.lines, f"tl.store({place}, {by_x}, mask={self._mask(k)})"]
        lines += [f"next_{n} = {value}" for n, value in zip(states, by_state, strict=True)]
        for name in states:
            old, new = f"carry_{name}", f"next_{name} + tl.zeros([BLOCK], REAL)"
            guarded = f"tl.where({self._live(k)}, {new}, {old})" if self.ragged else new
            lines.append(f"{old} = {guarded}")
        for name, value in zip(self.by, by_parameter, strict=True):
            added = f"tl.where({self._live(k)}, {value}, 0.0)" if self.ragged else value
            lines.append(f"sum_{name} += {added}")
        return lines

    def _kernel(self, name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
        listed = "".join(f"    {argument},\n" for argument in arguments)
        return f"@triton.jit\ndef {name}(\n{listed}):\n" + indented(lines, 1)
