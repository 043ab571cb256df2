"""A streaming spiking network of perception's shape, and who can run it.

Stem of stride 4, separable stages at a quarter to a thirty-second of the size, a top-down path, and
a head. Every function returns milliseconds of its best step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from eventvision.core import SensorSize
from eventvision.spiking import nn as spiking
from eventvision.spiking.convert import NEXT, export_onnx
from eventvision.spiking.integer import Conv2d, Input, IntegerModel, IntegerNetwork, Output
from eventvision.spiking.quantise import quantise

WIDTH, HEIGHT, CHANNELS = 352, 288, 4
"""346x260, filled up to multiples of 32 as a network with five halvings wants it."""
DECAY, LEVELS = 0.75, 4

Make = Callable[[int], nn.Module]


class EagerILIF(nn.Module):
    """I-LIF as one writes it in torch: decay, add, round, take off."""

    def __init__(self) -> None:
        super().__init__()
        self.v: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Take a step."""
        v = x if self.v is None else self.v * DECAY + x
        spikes = torch.round(v.clamp(0, LEVELS))
        self.v = v - spikes
        return spikes


def conv(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a convolution and its batch norm."""
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class Separable(nn.Module):
    """Neuron, 1x1, neuron, depthwise 3x3, neuron, 1x1, added to what came in."""

    def __init__(self, channels: int, make: Make) -> None:
        super().__init__()
        middle = 2 * channels
        self.branch = nn.Sequential(
            make(channels),
            conv(channels, middle, 1),
            make(middle),
            conv(middle, middle, 3, groups=middle),
            make(middle),
            conv(middle, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        added: Tensor = self.branch(x)
        return x + added


class Stage(nn.Sequential):
    """Neuron, strided convolution, separable blocks."""

    def __init__(self, inputs: int, outputs: int, blocks: int, make: Make) -> None:
        down = [make(inputs), conv(inputs, outputs, 3, 2)]
        super().__init__(*down, *(Separable(outputs, make) for _ in range(blocks)))


class Perception(nn.Module):
    """The network: events in, a map of nine classes at a quarter of the size out.

    Args:
        make: Makes the neurons of a layer.
        upsample: Doubles height and width.
    """

    def __init__(self, make: Make, upsample: nn.Module) -> None:
        super().__init__()
        self.stem = conv(CHANNELS, 32, 7, 4)
        self.quarter = nn.Sequential(Separable(32, make), Separable(32, make))
        self.stages = nn.ModuleList(
            [Stage(32, 64, 2, make), Stage(64, 128, 3, make), Stage(128, 192, 2, make)]
        )
        self.fires = nn.ModuleList([make(192), make(96), make(96)])
        self.ups = nn.ModuleList([conv(192, 96, 1), conv(96, 96, 1), conv(96, 64, 1)])
        self.sides = nn.ModuleList([conv(128, 96, 1), conv(64, 96, 1), conv(32, 64, 1)])
        self.side_fires = nn.ModuleList([make(128), make(64), make(32)])
        self.upsample = upsample
        self.head = nn.Sequential(
            make(64), conv(64, 64, 3), make(64), nn.Conv2d(64, 9, 1)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Take a step."""
        levels = [self.quarter(self.stem(x))]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        y = levels.pop()
        for fire, up, side, side_fire in zip(
            self.fires, self.ups, self.sides, self.side_fires, strict=True
        ):
            y = up(self.upsample(fire(y))) + side(side_fire(levels.pop()))
        head: Tensor = self.head(y)
        return head


class Doubled(nn.Module):
    """Nearest-neighbour enlargement by torch itself."""

    def forward(self, x: Tensor) -> Tensor:
        """Return it twice as large."""
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def events(steps: int, seed: int = 0) -> Tensor:
    """Return counts of moving blobs, shape (steps, 1, CHANNELS, HEIGHT, WIDTH)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(steps, CHANNELS, HEIGHT // 16, WIDTH // 16, generator=generator)
    rate = functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bilinear").sub(0.6).clamp(0)
    return torch.poisson(3 * rate, generator=generator).clamp_max(255)[:, None]


def settled(net: nn.Module, reset: Callable[[nn.Module], Any]) -> nn.Module:
    """Give batch norms the statistics of a few steps, so that all layers fire."""
    net.train()
    with torch.no_grad():
        for step in events(6, seed=1):
            net(step)
    reset(net)
    return net.eval()


def trained(make: Make, upsample: nn.Module) -> Perception:
    """Return the network with weights that are the same for everybody."""
    torch.manual_seed(0)
    return Perception(make, upsample)


@cache
def spiking_net() -> nn.Module:
    """Return it with the library's neurons."""
    net = trained(
        lambda _: spiking.ILIF(decay=DECAY, decay_input=False, levels=LEVELS),
        spiking.Upsample(2),
    )
    spiking.set_step_mode(net, "s")
    return settled(net, spiking.reset)


@cache
def integer_model() -> IntegerModel:
    """Return it in whole numbers."""
    torch.set_num_threads(1)
    return quantise(spiking_net(), [events(2)]).to_integer()


@cache
def integer_network(threads: int, sparse: str) -> IntegerNetwork:
    """Return it ready to run."""
    size = SensorSize(WIDTH, HEIGHT)
    return IntegerNetwork(integer_model(), size, threads=threads, sparse=sparse)  # type: ignore[arg-type]


@cache
def folded_eager() -> nn.Module:
    """Return it in plain torch, batch norm folded, channels last."""
    net = settled(trained(lambda _: EagerILIF(), Doubled()), forget)
    fuse: Any = fuse_conv_bn_eval
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Sequential) and [type(part) for part in child] == [
                nn.Conv2d, nn.BatchNorm2d
            ]:  # fmt: skip
                setattr(module, name, fuse(child[0], child[1]))
    for parameter in net.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net


def forget(net: nn.Module) -> None:
    """Reset the plain neurons."""
    for module in net.modules():
        if isinstance(module, EagerILIF):
            module.v = None


@cache
def onnx_session(threads: int) -> tuple[Any, dict[str, NDArray[np.float32]]]:
    """Return it in ONNX Runtime, and its first state."""
    import onnxruntime

    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        step = export_onnx(spiking_net(), path, events(1)[0])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path.read_bytes(), options)
    return session, {name: np.zeros(shape, np.float32) for name, shape in step.states.items()}


def best_ms(step: Callable[[int], Any], steps: int) -> float:
    """Return milliseconds of the best of some steps, after two to warm up."""
    best = float("inf")
    for number in range(steps + 2):
        start = time.perf_counter()
        step(number)
        if number >= 2:
            best = min(best, time.perf_counter() - start)
    return best * 1e3


def ours(threads: int, steps: int, sparse: str = "auto") -> float:
    """Run the integer network on its kernels."""
    network = integer_network(threads, sparse)
    inputs = [sample[0].numpy() for sample in events(4)]
    return best_ms(lambda number: network.step({"x": inputs[number % 4]}), steps)


def eager(threads: int, steps: int) -> float:
    """Run it in eager torch."""
    torch.set_num_threads(threads)
    net, inputs = folded_eager(), events(4).to(memory_format=torch.contiguous_format)
    ready = [sample.to(memory_format=torch.channels_last) for sample in inputs]
    with torch.inference_mode():
        return best_ms(lambda number: net(ready[number % 4]), steps)


def onnx(threads: int, steps: int) -> float:
    """Run it in ONNX Runtime."""
    session, state = onnx_session(threads)
    names = [output.name for output in session.get_outputs()]
    inputs = events(4).numpy()

    def step(number: int) -> None:
        found = dict(
            zip(names, session.run(None, {"input": inputs[number % 4], **state}), strict=True)
        )
        state.update({name: found[NEXT + name] for name in state})

    return best_ms(step, steps)


def facts() -> dict[str, float]:
    """Return multiply-adds, the share of active values, and the difference between the paths."""
    network = integer_network(1, "auto")
    other = integer_network(1, "never")
    for sample in events(4):
        outputs = network.step({"x": sample[0].numpy()})
        if not np.array_equal(outputs["output"], other.step({"x": sample[0].numpy()})["output"]):
            raise AssertionError("visiting spikes changed the result")
    work = network.activity().values()
    return {
        "multiply_adds": sum(layer.multiply_adds for layer in work),
        "active": sum(layer.active for layer in work) / sum(layer.inputs for layer in work),
        "synaptic_operations": sum(layer.synaptic_operations for layer in work),
    }


@cache
def one_layer(inputs: int, outputs: int, size: int, sparse: str) -> IntegerNetwork:
    """Return a network of one convolution."""
    rng = np.random.default_rng(0)
    layer = Conv2d(
        name="conv",
        input="x",
        weight=rng.integers(-127, 128, (outputs, inputs, size, size)).astype(np.int8),
        bias=np.zeros(outputs, np.int32),
        shift=np.full(outputs, 4, np.int8),
        padding=(size // 2, size // 2),
    )
    model = IntegerModel([Input(name="x", channels=inputs), layer, Output(name="y", input="conv")])
    return IntegerNetwork(model, SensorSize(88, 72), sparse=sparse)  # type: ignore[arg-type]


def layer(inputs: int, outputs: int, size: int, active: float, sparse: str, steps: int) -> float:
    """Run one convolution at a quarter of 352x288, with so many active values, all by chance."""
    network = one_layer(inputs, outputs, size, sparse)
    spikes = np.random.default_rng(1).random((inputs, 72, 88)) < active
    return best_ms(lambda _: network.step({"x": spikes.astype(np.uint8)}), steps)
