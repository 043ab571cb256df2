"""One differentiable operation over the kernels of parallel neurons, on the CPU and on the GPU."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from eventvision.kernels import causal_filter, step_blocks
from eventvision.spiking.steps import (
    Real,
    Traced,
    load_module,
    parallel_numba_source,
    parallel_triton_source,
)

from ._buffers import empty
from ._layout import Layout
from ._numba import block_for, flat, share, text_of
from ._triton import BLOCK, EXACT, on_device_of, real_of


class Filter(NamedTuple):
    """Arguments of a layer of parallel neurons.

    Attributes:
        x: Inputs, contiguous (T, ...).
        past: Inputs before the first, newest first: (taps - 1, ...), or of no step for zeros.
        weights: (1, taps) or (T, taps).
        thresholds: (1,) or (T,).
    """

    x: Tensor
    past: Tensor
    weights: Tensor
    thresholds: Tensor

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.x.shape[1:].numel()

    @property
    def taps(self) -> int:
        """Number of weights of a step."""
        return self.weights.shape[1]


class Gradients(NamedTuple):
    """Derivatives by the fields of a `Filter`."""

    x: Tensor
    past: Tensor
    weights: Tensor
    thresholds: Tensor


@cache
def _numba_module(firing: Traced, real: Real) -> ModuleType:
    source = parallel_numba_source(firing, real=real)
    helpers = text_of(step_blocks) + text_of(causal_filter)
    return load_module(source, name="parallel_numba", depends_on=helpers)


@cache
def _triton_module(firing: Traced, taps: int, per_step: bool) -> ModuleType:
    source = parallel_triton_source(firing, taps=taps, per_step=per_step)
    return load_module(source, name="parallel_triton")


class OnNumba:
    """The kernels for the CPU."""

    def __init__(self, firing: Traced) -> None:
        self._firing = firing

    def _compiled(self, x: Tensor) -> ModuleType:
        return _numba_module(self._firing, "float32" if x.dtype == torch.float32 else "float64")

    def forward(self, given: Filter) -> Tensor:
        """Return the spikes."""
        kernel = self._compiled(given.x).forward
        output = empty(given.x.shape, given.x)
        arrays = [*map(flat, (given.x, given.past, output, given.weights, given.thresholds))]
        steps, count = len(given.x), given.neurons

        def part(first: int, last: int) -> None:
            kernel(*arrays, given.taps, steps, count, first, last, step_blocks.BLOCK)

        share(part, count, given.x.numel())
        return output

    def backward(self, given: Filter, g: Tensor, by_past: bool) -> Gradients:
        """Differentiate."""
        kernel = self._compiled(given.x).backward
        x, steps, count = given.x, len(given.x), given.neurons
        by_x = empty(x.shape, x)
        g_past = torch.empty_like(given.past) if by_past else x.new_empty(0)
        arrays = [*map(flat, (x, given.past, g, by_x, g_past, given.weights, given.thresholds))]
        totals = [(np.zeros(given.weights.numel()), np.zeros(len(given.thresholds)))]
        block = block_for(steps * x.itemsize * (3 + given.taps))

        def part(first: int, last: int) -> None:
            sums = np.zeros(given.weights.numel()), np.zeros(len(given.thresholds))
            totals.append(sums)
            kernel(*arrays, *sums, given.taps, steps, count, first, last, block)

        share(part, count, x.numel())
        by_weights, by_thresholds = (
            torch.from_numpy(np.sum(sums, axis=0)).to(x.dtype) for sums in zip(*totals, strict=True)
        )
        return Gradients(by_x, g_past, by_weights.reshape(given.weights.shape), by_thresholds)


class OnTriton:
    """The kernels for the GPU."""

    def __init__(self, firing: Traced) -> None:
        self._firing = firing

    def _compiled(self, given: Filter) -> ModuleType:
        return _triton_module(self._firing, given.taps, len(given.thresholds) > 1)

    def forward(self, given: Filter) -> Tensor:
        """Return the spikes."""
        output = torch.empty_like(given.x)
        if given.x.numel():
            with on_device_of(given.x):
                self._compiled(given).forward[(-(-given.neurons // BLOCK),)](
                    given.x, _past(given), output, given.weights, given.thresholds,
                    len(given.x), given.neurons, REAL=real_of(given.x), BLOCK=BLOCK, **EXACT,
                )  # fmt: skip
        return output

    def backward(self, given: Filter, g: Tensor, by_past: bool) -> Gradients:
        """Differentiate."""
        by_x = torch.empty_like(given.x)
        g_past = torch.empty_like(given.past)
        programs = -(-given.neurons // BLOCK)
        real = torch.float64 if given.x.dtype == torch.float64 else torch.float32
        by_weights = given.x.new_zeros((programs, *given.weights.shape), dtype=real)
        by_thresholds = given.x.new_zeros((programs, len(given.thresholds)), dtype=real)
        if given.x.numel():
            with on_device_of(given.x):
                self._compiled(given).backward[(programs,)](
                    given.x, _past(given), g, by_x, g_past, given.weights, given.thresholds,
                    by_weights, by_thresholds, len(given.x), given.neurons,
                    BY_PAST=by_past, REAL=real_of(given.x), BLOCK=BLOCK, **EXACT,
                )  # fmt: skip
        dtype = given.x.dtype
        return Gradients(by_x, g_past, by_weights.sum(0).to(dtype), by_thresholds.sum(0).to(dtype))


def _past(given: Filter) -> Tensor:
    """Return inputs before the first: zeros where there are none, for kernels that read them."""
    if given.past.numel() or given.taps == 1:
        return given.past
    return given.x.new_zeros((given.taps - 1, *given.x.shape[1:]))


class _Filtered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernels: OnNumba | OnTriton, *given: Tensor) -> Tensor:
        ctx.kernels = kernels
        ctx.save_for_backward(*given)
        return kernels.forward(Filter(*given))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        given = Filter(*ctx.saved_tensors)
        by_past = bool(ctx.needs_input_grad[2] and given.past.numel())
        found = ctx.kernels.backward(given, g.contiguous(), by_past)
        by = found if by_past else found._replace(past=None)
        return (None, *by)


def run(
    backend: str,
    firing: Traced,
    x: Tensor,
    past: Tensor | None,
    weights: Tensor,
    thresholds: Tensor,
) -> Tensor:
    """Run a sequence (T, N, ...) of parallel neurons, in any layout.

    Args:
        backend: Who computes: "numba" or "triton".
        firing: The spike.
        x: Inputs.
        past: Inputs before the first, newest first, (taps - 1, N, ...); zeros if None.
        weights: (1, taps) for all steps, or (T, taps).
        thresholds: (1,) or (T,).
    """
    layout = Layout.of(x)
    kernels = OnNumba(firing) if backend == "numba" else OnTriton(firing)
    before = x.new_empty((0, *x.shape[1:])) if past is None else past
    output: Tensor = _Filtered.apply(  # type: ignore[no-untyped-call]
        kernels, layout.pack(x), layout.pack(before), weights.contiguous(), thresholds.contiguous()
    )
    return layout.unpack(output)
