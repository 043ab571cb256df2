"""One differentiable operation over the kernels of a step, whoever has compiled them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from eventvision.spiking.steps import Traced

from ._layout import Layout


class Forward(NamedTuple):
    """What a forward pass gives: output, states after it, and what the backward pass wants kept."""

    output: Tensor
    after: tuple[Tensor, ...]
    kept: tuple[Tensor, ...]


class Backward(NamedTuple):
    """Derivatives by the input, by the states before it, and by some parameters."""

    by_x: Tensor
    by_start: tuple[Tensor, ...]
    by_parameter: tuple[Tensor, ...]


class Kernels(Protocol):
    """Fused kernels of one step.

    Sequences are contiguous (T, ...). A state before the first step is one value for all neurons,
    or one each. Parameters are scalars or (C,).
    """

    def forward(
        self, x: Tensor, starts: Sequence[Tensor], parameters: Sequence[Tensor], inner: int,
        differentiates: bool,
    ) -> Forward:  # fmt: skip
        """Run a sequence."""
        ...

    def backward(
        self, x: Tensor, g: Tensor, starts: Sequence[Tensor], kept: Sequence[Tensor],
        g_after: Sequence[Tensor | None], parameters: Sequence[Tensor], inner: int,
        by_start: bool, by: Sequence[str],
    ) -> Backward:  # fmt: skip
        """Differentiate a sequence; `by_start` and `by` say by what besides the input."""
        ...


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernels: Kernels, step: Traced, inner: int, x: Tensor, *others: Tensor
    ) -> tuple[Tensor, ...]:
        states = len(step.states)
        starts, parameters = others[:states], others[states:]
        differentiates = any(ctx.needs_input_grad)
        output, after, kept = kernels.forward(x, starts, parameters, inner, differentiates)
        if differentiates:
            ctx.save_for_backward(x, *others, *kept)
            ctx.kernels, ctx.step, ctx.inner = kernels, step, inner
            ctx.set_materialize_grads(False)
        return (output, *after)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor | None, *g_after: Tensor | None) -> tuple[Any, ...]:
        step: Traced = ctx.step
        states = len(step.states)
        x, *rest = ctx.saved_tensors
        starts, parameters = rest[:states], rest[states : states + len(step.parameters)]
        kept = rest[states + len(step.parameters) :]
        needs = ctx.needs_input_grad[4:]
        needs_start, needs_parameter = needs[:states], needs[states:]
        by = [n for n, need in zip(step.parameters, needs_parameter, strict=True) if need]
        found = ctx.kernels.backward(
            x,
            torch.zeros_like(x) if g is None else g.contiguous(),
            starts,
            kept,
            [None if one is None else one.contiguous() for one in g_after],
            parameters,
            ctx.inner,
            any(needs_start),
            by,
        )
        by_start = found.by_start if any(needs_start) else [None] * states
        by_parameter = dict(zip(by, found.by_parameter, strict=True))
        return (None, None, None, found.by_x, *by_start, *map(by_parameter.get, step.parameters))


def run(
    kernels: Kernels,
    step: Traced,
    x: Tensor,
    starts: Sequence[Tensor],
    parameters: Sequence[Tensor],
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a sequence (T, N, ...) and return its output and the states after it.

    Args:
        kernels: The kernels.
        step: Their step.
        x: The input, in any layout.
        starts: States before it: of one step's shape (N, ...), or scalars.
        parameters: Scalars or (C,).
    """
    layout = Layout.of(x)
    packed = [s if s.ndim == 0 else layout.pack_step(s.expand(x.shape[1:])) for s in starts]
    output, *after = _Sequence.apply(  # type: ignore[no-untyped-call]
        kernels, step, layout.inner, layout.pack(x), *packed, *parameters
    )
    return layout.unpack(output), tuple(map(layout.unpack_step, after))
