"""Both sides of the GPU rows of the `spiking` benchmark: training of one layer of neurons."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

SHAPE = (64, 65536)
TAU, SLOPE = 2.0, 4.0
RUNS = 20
EVENTS, BINS, HEIGHT, WIDTH, DURATION_US = 10_000_000, 5, 720, 1280, 50_000
Run = Callable[[Tensor], Tensor]


def _needs_gpu() -> None:
    if not torch.cuda.is_available():
        raise ImportError("no CUDA device")


def eventvision() -> Run:
    """Ours."""
    from eventvision.spiking import nn

    layer = nn.LIF(TAU, reset="hard", slope=SLOPE, backend="triton").cuda()

    def run(x: Tensor) -> Tensor:
        layer.reset()
        output: Tensor = layer(x)
        return output

    return run


def spikingjelly() -> Run:
    """SpikingJelly's Triton kernels."""
    from spikingjelly.activation_based import neuron, surrogate

    layer: Any = neuron.LIFNode(
        tau=TAU, step_mode="m", backend="triton",
        surrogate_function=surrogate.Sigmoid(alpha=SLOPE),
    ).cuda()  # fmt: skip

    def run(x: Tensor) -> Tensor:
        layer.reset()
        output: Tensor = layer(x)
        return output

    return run


@cache
def _data(steps: int, half: bool) -> tuple[Tensor, Tensor]:
    kind = torch.float16 if half else torch.float32
    x = torch.randn(steps, *SHAPE, device="cuda").add_(0.8).to(kind).requires_grad_()
    return x, torch.randn_like(x)


def _ms(work: Callable[[], object]) -> float:
    """Return the median time of a call on the GPU."""
    for _ in range(3):
        work()
    times: list[float] = []
    for _ in range(RUNS):
        start: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        end: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[RUNS // 2]


def training_ms(name: str, steps: int, half: bool) -> float:
    """Return the time of a sequence there and back."""
    _needs_gpu()
    run = {"eventvision": eventvision, "spikingjelly": spikingjelly}[name]()
    x, g = _data(steps, half)

    def work() -> None:
        x.grad = None
        torch.autograd.backward(run(x), g)

    return _ms(work)


def floor_ms(steps: int, half: bool) -> float:
    """Return the time of moving five arrays of the input's size, at the speed of a copy.

    Forward reads the input and writes spikes; backward reads the input and the derivative by the
    spikes, and writes that by the input.
    """
    _needs_gpu()
    x, _ = _data(steps, half)
    source, target = x.detach(), torch.empty_like(x)
    return _ms(lambda: target.copy_(source)) * 2.5


@cache
def _events() -> Tensor:
    """Return events on the GPU, evenly over time, by chance over the sensor: (N, 2) words."""
    import numpy as np

    from eventvision.core import EVENT_DTYPE

    rng = np.random.default_rng(0)
    events = np.zeros(EVENTS, EVENT_DTYPE)
    events["t"] = np.arange(EVENTS) * DURATION_US // EVENTS
    events["x"], events["y"] = rng.integers(0, WIDTH, EVENTS), rng.integers(0, HEIGHT, EVENTS)
    events["on"] = rng.integers(0, 2, EVENTS)
    return torch.from_numpy(events.view(np.int64).reshape(-1, 2)).cuda()


def voxels_ms() -> float:
    """Return the time of scattering events to a voxel grid."""
    _needs_gpu()
    from eventvision.kernels.gpu.scatter import add_voxels

    words, planes = _events(), torch.zeros(BINS, HEIGHT, WIDTH, device="cuda")
    return _ms(lambda: add_voxels(words, planes, t0_us=0, duration_us=DURATION_US))


def voxels_floor_ms() -> float:
    """Return the time of copying half as many bytes as the events and the grid have."""
    _needs_gpu()
    count = (_events().numel() * 8 + BINS * HEIGHT * WIDTH * 4) // 2
    source = torch.zeros(count, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return _ms(lambda: target.copy_(source))
