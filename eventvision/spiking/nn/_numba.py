"""Layers of neurons on the CPU, with kernels compiled by numba."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.kernels import step_blocks
from eventvision.spiking.steps import Real, Traced, load_module, numba_source

from ._buffers import empty
from ._kernels import Backward, Forward

BLOCK_BYTES = 1 << 19
"""How much a block of neurons may take up while its derivative is computed: half of a cache."""
WORTH_A_THREAD = 1 << 16
"""Neuron steps for which a second thread pays."""


@cache
def _module(
    step: Traced, by_channel: tuple[str, ...], by: tuple[str, ...], real: Real
) -> ModuleType:
    source = numba_source(step, by_channel=by_channel, by=by, real=real)
    return load_module(source, name=f"{step.name}_numba", depends_on=text_of(step_blocks))


def text_of(module: ModuleType) -> str:
    """Return the source of a module, of which compiled kernels depend."""
    return inspect.getsource(module)


def flat(x: Tensor) -> NDArray[Any]:
    """Return a contiguous tensor as an array of one axis; it shares the memory."""
    array: NDArray[Any] = x.detach().numpy().reshape(-1)
    return array


def block_for(bytes_per_neuron: int) -> int:
    """Return how many neurons to take at once, so that what they need stays in the cache."""
    return max(64, min(step_blocks.BLOCK, BLOCK_BYTES // max(1, bytes_per_neuron) // 64 * 64))


@cache
def _team(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="neurons")


def share(run: Callable[[int, int], None], count: int, work: int) -> int:
    """Call `run(first, last)` for parts of the neurons, on as many threads as torch may use."""
    threads = max(1, min(torch.get_num_threads(), work // WORTH_A_THREAD))
    size = -(-count // threads)
    size = -(-size // step_blocks.BLOCK) * step_blocks.BLOCK
    parts = [(first, min(count, first + size)) for first in range(0, count, max(1, size))]
    if len(parts) <= 1:
        for part in parts:
            run(*part)
    else:
        list(_team(len(parts)).map(lambda part: run(*part), parts))
    return len(parts)


class NumbaKernels:
    """Kernels of one step, compiled when they are first used.

    Args:
        step: The step.
    """

    def __init__(self, step: Traced) -> None:
        self._step = step

    def _compiled(self, x: Tensor, parameters: Sequence[Tensor], by: Sequence[str]) -> ModuleType:
        names = zip(self._step.parameters, parameters, strict=True)
        by_channel = tuple(name for name, value in names if value.ndim)
        real: Real = "float32" if x.dtype == torch.float32 else "float64"
        return _module(self._step, by_channel, tuple(by), real)

    def forward(
        self, x: Tensor, starts: Sequence[Tensor], parameters: Sequence[Tensor], inner: int,
        differentiates: bool,  # noqa: ARG002 - the derivative needs the input alone
    ) -> Forward:  # fmt: skip
        """Run a sequence."""
        kernel = self._compiled(x, parameters, ()).forward
        steps, count = len(x), x.shape[1:].numel()
        output = empty(x.shape, x)
        after = tuple(empty(x.shape[1:], x) for _ in starts)
        arrays = [*map(flat, (x, output, *starts, *after)), *map(flat, parameters)]

        def part(first: int, last: int) -> None:
            kernel(*arrays, inner, steps, count, first, last, step_blocks.BLOCK)

        share(part, count, x.numel())
        return Forward(output, after, ())

    def backward(
        self, x: Tensor, g: Tensor, starts: Sequence[Tensor], kept: Sequence[Tensor],  # noqa: ARG002
        g_after: Sequence[Tensor | None], parameters: Sequence[Tensor], inner: int,
        by_start: bool, by: Sequence[str],
    ) -> Backward:  # fmt: skip
        """Differentiate a sequence."""
        kernel = self._compiled(x, parameters, by).backward
        steps, count = len(x), x.shape[1:].numel()
        nothing = torch.empty(0, dtype=x.dtype)
        by_x = empty(x.shape, x)
        started = [empty(x.shape[1:], x) if by_start else nothing for _ in starts]
        carried = [nothing if one is None else one for one in g_after]
        arrays = [*map(flat, (x, g, by_x, *starts, *carried, *started)), *map(flat, parameters)]
        shapes = dict(zip(self._step.parameters, (p.shape for p in parameters), strict=True))
        totals = [[np.zeros(shapes[name].numel()) for name in by]]
        block = block_for(steps * x.itemsize * (3 + len(starts)))

        def part(first: int, last: int) -> None:
            sums = [np.zeros(shapes[name].numel()) for name in by]
            totals.append(sums)
            kernel(*arrays, *sums, inner, steps, count, first, last, block)

        share(part, count, x.numel())
        by_parameter = [
            torch.from_numpy(np.sum(sums, axis=0)).to(x.dtype).reshape(shapes[name])
            for name, sums in zip(by, zip(*totals, strict=True), strict=True)
        ]
        return Backward(by_x, tuple(started), tuple(by_parameter))
