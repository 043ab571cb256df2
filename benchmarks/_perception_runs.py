"""The networks of perception and reconstruction, and who can run them.

Where a trained model is not installed, one with random weights takes its place: the time is the
same but for how many neurons fire. Every function returns milliseconds of its best step.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # peers may have an environment without us

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

LEVELS, INPUTS, WARM_UP = 4, 4, 3
MODELS = {"perception": "perception-nano", "reconstruction": "reconstruction-nano"}
_KEPT: list[TemporaryDirectory[str]] = []


def slices(height: int, width: int, count: int = INPUTS) -> Tensor:
    """Return voxel grids of moving blobs, shape (count, 1, 5, height, width)."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 5, height // 16 + 1, width // 16 + 1, generator=generator)
    rate = functional.interpolate(coarse, size=(height, width), mode="bilinear").sub(0.6).clamp(0)
    sign = torch.randn(rate.shape, generator=generator).sign()
    return (torch.poisson(rate, generator=generator) * sign)[:, None]


@cache
def network(kind: str) -> nn.Module:
    """Return the network, its batch norms used to its inputs; weights are the same for all."""
    from eventvision.spiking import nn as spiking
    from eventvision.training.networks import Perception, SpikingReconstruction, normalised

    torch.manual_seed(0)
    net = Perception() if kind == "perception" else SpikingReconstruction()
    net.train()
    with torch.no_grad():
        for slice_ in slices(96, 128, 6):
            net(normalised(slice_))
    spiking.reset(net)
    return net.eval()


class Named(nn.Module):
    """Names what a network answers."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.eval()
        self.eval()

    def forward(self, events: Tensor) -> dict[str, Tensor]:
        """Take one slice."""
        found = self.net(events)
        return found if isinstance(found, dict) else {"image": found}


@cache
def model(kind: str) -> Any:
    """Return the card of the shipped model, or of one with random weights."""
    from eventvision.core import load_card, shipped_models
    from eventvision.spiking.quantise import quantise
    from eventvision.training.networks import normalised
    from eventvision.training.scenes import load_scene_recipe, write_scene_model

    name = MODELS[kind]
    if name in shipped_models():
        return load_card(name)
    _KEPT.append(TemporaryDirectory())
    folder = Path(_KEPT[-1].name) / name
    recipe = load_scene_recipe(ROOT / "models" / name / "recipe.toml")
    shown = slices(96, 128)
    samples = [torch.stack([normalised(slice_) for slice_ in shown])]
    integers = quantise(Named(network(kind)), samples, normalised=["events"])
    write_scene_model(folder, recipe, network(kind), integers, shown)
    return load_card(folder)


@cache
def session(kind: str, device: str, height: int, width: int, threads: int) -> Any:
    """Open the model on one of our devices."""
    from eventvision.devices import open_session

    sizes = {"height": height, "width": width}
    return open_session(model(kind), device, threads=threads, sizes=sizes)


def best_ms(step: Callable[[int], Any], steps: int) -> float:
    """Return milliseconds of the best of some steps, after a few to warm up."""
    best = float("inf")
    for number in range(steps + WARM_UP):
        start = time.perf_counter()
        step(number)
        if number >= WARM_UP:
            best = min(best, time.perf_counter() - start)
    return best * 1e3


def ours(kind: str, device: str, height: int, width: int, threads: int, steps: int) -> float:
    """Run the model on one of our devices."""
    opened = session(kind, device, height, width, threads)
    inputs = slices(height, width).numpy()
    return best_ms(lambda number: opened.step({"events": inputs[number % INPUTS]}), steps)


def whole_slice(kind: str, height: int, width: int, threads: int, steps: int) -> float:
    """Render slices of 30,000 events, run the model on the default device, read all outputs."""
    import numpy as np

    from eventvision.core import Events, SensorSize, Slice
    from eventvision.representations import parse_representation
    from eventvision.tasks import Frame, Network, build_tasks

    card, sensor = model(kind), SensorSize(width, height)
    frame = Frame.of(card, sensor)
    opened = session(kind, "auto", frame.filled.height, frame.filled.width, threads)
    representation = parse_representation(card.representation, frame.filled)
    shared = Network(card, opened, representation, frame)
    names = ("detection", "segmentation", "depth") if kind == "perception" else ("reconstruction",)
    tasks = build_tasks(
        [f"{name}:model={card.folder}" for name in names], sensor, network=lambda _: shared
    )
    rng = np.random.default_rng(0)
    count = 30_000
    events = Events.from_columns(
        np.sort(rng.integers(0, 40_000, count)), rng.integers(0, width, count),
        rng.integers(0, height, count), rng.random(count) < 0.5, sensor=sensor,
    )  # fmt: skip
    slice_ = Slice(0, events, 0, 40_000, "time")

    def step(number: int) -> None:
        shown = dataclasses.replace(slice_, index=number)
        for task in tasks:
            task.step(shown, {})

    return best_ms(step, steps)


def chosen(kind: str, height: int, width: int, threads: int) -> str:
    """Return which device and form of the model is the default, and whether it was trained."""
    opened = session(kind, "auto", height, width, threads)
    return f"{opened.device}, {opened.artifact}{', random weights' if _KEPT else ''}"


class PlainNeuron(nn.Module):
    """A neuron as one writes it in torch: I-LIF, or a leaky sum."""

    decay: Tensor

    def __init__(self, neuron: Any) -> None:
        super().__init__()
        decay = neuron.decay.detach()
        self.register_buffer("decay", decay.reshape(1, -1, 1, 1) if decay.ndim else decay)
        self.fires = hasattr(neuron, "levels")
        self.gain = 1 - self.decay if neuron.decay_input else None
        self.v: Tensor | None = None

    def last(self, x: Tensor) -> Tensor:
        """Return the potential after the step before, which the reconstruction feeds back."""
        return torch.zeros_like(x) if self.v is None else self.v

    def forward(self, x: Tensor) -> Tensor:
        """Take a step."""
        x = x if self.gain is None else self.gain * x
        v = x if self.v is None else self.v * self.decay + x
        if not self.fires:
            self.v = v
            return v
        spikes = torch.floor(v.clamp(0, LEVELS) + 0.5)
        self.v = v - spikes
        return spikes


def spikingjelly_neuron(neuron: Any) -> nn.Module:
    """Return the same neuron as a node of SpikingJelly."""
    from spikingjelly.activation_based.neuron import BaseNode

    plain = PlainNeuron(neuron)

    class Node(BaseNode):  # type: ignore[misc]
        v: Any

        def __init__(self) -> None:
            super().__init__(v_threshold=1.0, v_reset=None, step_mode="s")
            self.plain = plain

        def last(self, x: Tensor) -> Tensor:
            return torch.zeros_like(x) if isinstance(self.v, float) else self.v

        def single_step_functional_forward(
            self, inputs: Any, states: Any, **_: object
        ) -> tuple[tuple[Tensor, ...], tuple[Any, ...]]:
            x = inputs[0] if self.plain.gain is None else self.plain.gain * inputs[0]
            v = states[0] * self.plain.decay + x
            if not self.plain.fires:
                return (v,), (v, *states[1:])
            spikes = torch.floor(v.clamp(0, LEVELS) + 0.5)
            return (spikes,), (v - spikes, *states[1:])

    return Node()


def rebuilt(kind: str, make: Callable[[Any], nn.Module]) -> nn.Module:
    """Return the network with batch norm folded, channels last, and other neurons."""
    import copy

    from torch.nn.utils.fusion import fuse_conv_bn_eval

    from eventvision.spiking.nn import Neuron

    net = copy.deepcopy(network(kind))
    for path, module in list(net.named_modules()):
        parent = net.get_submodule(path.rpartition(".")[0])
        name = path.rpartition(".")[2]
        parts = list(module.children()) if isinstance(module, nn.Sequential) else []
        if isinstance(module, Neuron):
            setattr(parent, name, make(module))
        elif len(parts) == 2 and isinstance(parts[1], nn.BatchNorm2d):
            setattr(parent, name, fuse_conv_bn_eval(parts[0], parts[1]))  # type: ignore[type-var]
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def peer(kind: str, name: str, height: int, width: int, threads: int, steps: int) -> float:
    """Run the network as a peer would: `eager`, `compile` or `spikingjelly`."""
    from eventvision.training.networks import normalised

    torch.set_num_threads(threads)
    net: Any = rebuilt(kind, spikingjelly_neuron if name == "spikingjelly" else PlainNeuron)
    if name == "compile":
        net = torch.compile(net)
    ready = [x.to(memory_format=torch.channels_last) for x in slices(height, width)]
    # states are kept from call to call, and a compiled graph cannot keep tensors of inference mode
    with torch.no_grad() if name == "compile" else torch.inference_mode():
        return best_ms(lambda number: net(normalised(ready[number % INPUTS])), steps)
