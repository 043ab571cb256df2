"""Both sides of the `spiking` benchmark: the same layer of neurons by everybody.

Needs torch and what it runs, so that it works in the environment of any peer. On one thread, times
are CPU times of the process, which are wall times of a machine with nothing else to do; on several,
they are wall times, and need a machine with nothing else to do.
"""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SHAPE = (8, 64, 64, 64)
"""Batch, channels, height, width."""
TAU, SLOPE = 2.0, 4.0
"""v + (x - v) / TAU, hard reset to 0 at 1, the sigmoid's derivative of this slope for spikes."""

torch.set_num_threads(1)
Layer = Callable[[Tensor], Tensor]


@cache
def currents(steps: int) -> Tensor:
    """Return the input of a sequence; about a fifth of the neurons fire in a step."""
    return torch.randn(steps, *SHAPE, generator=torch.Generator().manual_seed(0)).add_(0.8)


@cache
def outer_gradient(steps: int) -> Tensor:
    """Return the derivative by the output."""
    return torch.randn(steps, *SHAPE, generator=torch.Generator().manual_seed(1))


@cache
def leaf(steps: int) -> Tensor:
    """Return the input of a sequence, to differentiate by."""
    return currents(steps).clone().requires_grad_()


@cache
def target(steps: int) -> Tensor:
    """Return memory to copy to."""
    return torch.zeros(steps, *SHAPE)


def eventvision() -> Layer:
    """Ours."""
    from eventvision.spiking import nn

    layer = nn.LIF(TAU, reset="hard", slope=SLOPE, backend="numba")

    def run(x: Tensor) -> Tensor:
        layer.reset()
        output: Tensor = layer(x)
        return output

    return run


def spikingjelly() -> Layer:
    """SpikingJelly in its multi-step form."""
    from spikingjelly.activation_based import neuron, surrogate

    layer: Any = neuron.LIFNode(
        tau=TAU, step_mode="m", surrogate_function=surrogate.Sigmoid(alpha=SLOPE)
    )

    def run(x: Tensor) -> Tensor:
        layer.reset()
        output: Tensor = layer(x)
        return output

    return run


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        s = torch.sigmoid(SLOPE * u)
        return g * SLOPE * s * (1 - s)


def torch_loop() -> Layer:
    """The loop over time that one would write in torch."""

    def run(x: Tensor) -> Tensor:
        v, spikes = torch.zeros_like(x[0]), []
        for current in x:
            h = v + (current - v) / TAU
            spike: Tensor = _Spike.apply(h - 1)  # type: ignore[no-untyped-call]
            v = h * (1 - spike)
            spikes.append(spike)
        return torch.stack(spikes)

    return run


def torch_compile() -> Layer:
    """The same loop, compiled."""
    return torch.compile(torch_loop(), dynamic=False, fullgraph=True)


LAYERS: dict[str, Callable[[], Layer]] = {
    "eventvision": eventvision,
    "spikingjelly": spikingjelly,
    "torch loop": torch_loop,
    "torch compile": torch_compile,
}


@cache
def layer_of(name: str) -> Layer:
    """Return a layer, made once."""
    return LAYERS[name]()


def forward(name: str, steps: int) -> None:
    """Run a sequence without derivatives."""
    with torch.no_grad():
        layer_of(name)(currents(steps))


def training(name: str, steps: int) -> None:
    """Run a sequence there and back."""
    leaf(steps).grad = None
    torch.autograd.backward(layer_of(name)(leaf(steps)), outer_gradient(steps))


PARTS = {"forward": forward, "training": training}


def _seconds(work: Callable[[], object], threads: int) -> float:
    """Return how long a call takes on so many threads."""
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    work()
    return clock() - start


def ns_per_step(name: str, part: str, steps: int, threads: int) -> float:
    """Return what one neuron costs in one step."""
    run, x = PARTS[part], (currents(steps), leaf(steps), outer_gradient(steps))[0]
    gc.collect()
    return _seconds(lambda: run(name, steps), threads) / x.numel() * 1e9


def floor_ns_per_step(part: str, steps: int, threads: int) -> float:
    """Return what moving the bytes costs that cannot be avoided, at the speed of a copy.

    Forward reads the input and writes spikes; backward reads the input and the derivative by the
    spikes, and writes that by the input. A copy reads and writes once.
    """
    x, to = currents(steps), target(steps)
    copied = _seconds(lambda: to.copy_(x), threads) / x.numel() * 1e9
    return copied * {"forward": 1.0, "training": 2.5}[part]


def rate(name: str, steps: int) -> float:
    """Return spikes per neuron and step."""
    with torch.no_grad():
        return layer_of(name)(currents(steps)).mean(dtype=torch.float64).item()


def _status_mib(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise OSError(f"no {field}")


def training_mib(name: str, steps: int) -> float:
    """Return the most memory that training takes beyond the input and the outer derivative."""
    leaf(steps), outer_gradient(steps)
    currents.cache_clear()
    layer_of(name)(torch.zeros(1, 1, 1))
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_mib("VmRSS")
    training(name, steps)
    return _status_mib("VmHWM") - before
