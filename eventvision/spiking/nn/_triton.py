"""Layers of neurons on the GPU, with kernels compiled by Triton."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from eventvision.spiking.steps import Traced, chunk_of, load_module, triton_source

from ._kernels import Backward, Forward

BLOCK = 512
"""Neurons in a program: four in each of 128 threads."""

EXACT = {"num_warps": 4, "enable_fp_fusion": False}
"""Launch options: products and sums are rounded one by one, as everywhere else, so that spikes do
not depend on who computes them."""


@cache
def _module(
    step: Traced, by_channel: tuple[str, ...], by: tuple[str, ...], chunk: int, ragged: bool
) -> ModuleType:
    source = triton_source(step, by_channel=by_channel, by=by, chunk=chunk, ragged=ragged)
    return load_module(source, name=f"{step.name}_triton")


def real_of(x: Tensor) -> Any:
    """Return the number type of the arithmetic."""
    import triton.language as tl

    return tl.float64 if x.dtype == torch.float64 else tl.float32


def on_device_of(x: Tensor) -> AbstractContextManager[Any]:
    """Make the input's GPU the one that kernels are launched on."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


class TritonKernels:
    """Kernels of one step, compiled when they are first used.

    Args:
        step: The step.
    """

    def __init__(self, step: Traced) -> None:
        self._step = step

    def _compiled(self, x: Tensor, parameters: Sequence[Tensor], by: Sequence[str]) -> ModuleType:
        names = zip(self._step.parameters, parameters, strict=True)
        by_channel = tuple(name for name, value in names if value.ndim)
        chunk = chunk_of(len(x))
        return _module(self._step, by_channel, tuple(by), chunk, bool(len(x) % chunk))

    def _constants(self, x: Tensor, starts: Sequence[Tensor]) -> dict[str, Any]:
        one_for_all = {
            f"ONE_{name}": start.ndim == 0
            for name, start in zip(self._step.states, starts, strict=True)
        }
        return {"REAL": real_of(x), "BLOCK": BLOCK, **one_for_all, **EXACT}

    def forward(
        self, x: Tensor, starts: Sequence[Tensor], parameters: Sequence[Tensor], inner: int,
        differentiates: bool,
    ) -> Forward:  # fmt: skip
        """Run a sequence."""
        steps, count = len(x), x.shape[1:].numel()
        chunks = -(-steps // chunk_of(steps))
        keeps = differentiates and chunks > 1
        real = torch.float64 if x.dtype == torch.float64 else torch.float32
        output = torch.empty_like(x)
        after = tuple(x.new_empty(x.shape[1:]) for _ in starts)
        kept = tuple(x.new_empty((chunks - 1 if keeps else 0, count), dtype=real) for _ in starts)
        if count:
            with on_device_of(x):
                self._compiled(x, parameters, ()).forward[(-(-count // BLOCK),)](
                    x, output, *starts, *after, *kept, *parameters,
                    steps, count, inner, _channels(parameters),
                    KEEP=keeps, **self._constants(x, starts),
                )  # fmt: skip
        return Forward(output, after, kept)

    def backward(
        self, x: Tensor, g: Tensor, starts: Sequence[Tensor], kept: Sequence[Tensor],
        g_after: Sequence[Tensor | None], parameters: Sequence[Tensor], inner: int,
        by_start: bool, by: Sequence[str],
    ) -> Backward:  # fmt: skip
        """Differentiate a sequence."""
        steps, count = len(x), x.shape[1:].numel()
        by_x = torch.empty_like(x)
        started = tuple(x.new_empty(x.shape[1:]) if by_start else x.new_empty(0) for _ in starts)
        real = torch.float64 if x.dtype == torch.float64 else torch.float32
        sums = [x.new_empty(x.shape[1:], dtype=real) for _ in by]
        if count:
            carried = {
                f"CARRIED_{name}": one is not None
                for name, one in zip(self._step.states, g_after, strict=True)
            }
            with on_device_of(x):
                self._compiled(x, parameters, by).backward[(-(-count // BLOCK),)](
                    x, g, by_x, *starts, *kept,
                    *(x if one is None else one for one in g_after), *started,
                    *parameters, *sums, steps, count, inner, _channels(parameters),
                    BY_START=by_start, **carried, **self._constants(x, starts),
                )  # fmt: skip
        shapes = dict(zip(self._step.parameters, (p.shape for p in parameters), strict=True))
        by_parameter = [_total(s, shapes[n], inner, x.dtype) for n, s in zip(by, sums, strict=True)]
        return Backward(by_x, started, tuple(by_parameter))


def _channels(parameters: Sequence[Tensor]) -> int:
    return max((len(value) for value in parameters if value.ndim), default=1)


def _total(by_neuron: Tensor, shape: torch.Size, inner: int, dtype: torch.dtype) -> Tensor:
    """Add up a derivative over the neurons that share a parameter, always in the same order."""
    if not shape:
        return by_neuron.sum().to(dtype)
    return by_neuron.reshape(-1, shape[0], inner).sum((0, 2)).to(dtype)
