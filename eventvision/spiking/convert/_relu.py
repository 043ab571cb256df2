"""ReLU networks as spiking networks, without training.

Each ReLU becomes a neuron that integrates its input, presented again at every step, and fires; the
mean of what it sends approaches the activation. Three things keep the error small in few steps:
bursts of up to `levels` spikes in a step (Li, Ma, Furber, "Quantization framework for fast spiking
neural networks", 2022), a threshold of its own for every channel, and a start at half the
threshold, so that firing rounds instead of cutting off (Bu et al., "Optimal ANN-SNN conversion",
ICLR 2022). The threshold of a channel is the one whose steps and ceiling, together, would misplace
its activations least. Neurons with memory (Wang et al., "Signed neuron with memory", IJCAI 2022)
may send negative spikes that take back what they sent too much.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.tracing import traced as traced_layers

_PASSING = (
    torch_nn.Flatten, torch_nn.AvgPool2d, torch_nn.AdaptiveAvgPool2d, torch_nn.Dropout,
    torch_nn.Dropout2d, torch_nn.Identity,
)  # fmt: skip
"""Layers that treat all channels alike and linearly: a scale may move through them."""
_CEILINGS = (1.0, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Which shares of the largest activation are tried as the most that a neuron can send."""
_KEPT = 4096
"""How many activations of a channel are kept to choose its threshold."""


@dataclass(frozen=True, slots=True)
class LayerError:
    """How far a layer of spiking neurons is from the ReLU that it replaces.

    Attributes:
        name: Path of the ReLU.
        thresholds: Smallest and largest threshold of its channels.
        error: Root mean square of the difference of mean output and activation, as a share of the
            root mean square of the activation, over the calibration data, with the errors of all
            layers before it included.
        rate: Spikes per neuron and step.
    """

    name: str
    thresholds: tuple[float, float]
    error: float
    rate: float


@dataclass(frozen=True, slots=True)
class ReluConversion:
    """What conversion did.

    Attributes:
        steps: Steps per input.
        layers: One entry per ReLU, in order.
        output_error: As `LayerError.error`, of the network's output.
    """

    steps: int
    layers: tuple[LayerError, ...]
    output_error: float

    def __str__(self) -> str:
        lines = [f"{'ReLU':<28}{'thresholds':>20}{'error':>9}{'rate':>8}"]
        for layer in self.layers:
            low, high = layer.thresholds
            shown = f"{low:.3g} to {high:.3g}"
            lines.append(f"{layer.name:<28}{shown:>20}{layer.error:>9.1%}{layer.rate:>8.3f}")
        return "\n".join([*lines, f"output error {self.output_error:.1%} in {self.steps} steps"])


class ConvertedNetwork(torch_nn.Module):
    """A spiking network that sees the same input for some steps; its output is the mean.

    Args:
        net: The spiking network, its neurons in single steps.
        steps: Steps per input.
    """

    def __init__(self, net: torch_nn.Module, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise ConfigError("steps", steps, "at least 1")
        self.net, self.steps = net, steps

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean output over the steps, each input starting anew."""
        nn.reset(self.net)
        total: Tensor = sum(self.net(x) for _ in range(self.steps))
        nn.reset(self.net)
        return total / self.steps


def convert_relu(
    net: torch_nn.Module,
    calibration: Iterable[Tensor],
    *,
    steps: int = 8,
    levels: int = 4,
    signed: bool = False,
) -> tuple[ConvertedNetwork, ReluConversion]:
    """Turn a trained ReLU network into a spiking one.

    Thresholds are folded into the weights that follow, so that neurons send plain counts, wherever
    only pooling and reshaping lies between; elsewhere a scale is left behind the neuron.

    Args:
        net: A network that `torch.fx` can trace, with `ReLU` modules or `relu` calls, average
            pooling, and a linear output. It is left as it was.
        calibration: A few unlabelled inputs (N, C, ...), as in use.
        steps: Steps per input; more are more exact.
        levels: Most spikes in a step; 1 is plain integrate and fire. Ignored with `signed`.
        signed: Whether neurons send one spike at a time and may take earlier ones back.

    Returns:
        The spiking network, and the error of every layer on the calibration data.

    Raises:
        ConfigError: If there is no calibration data, no ReLU, or a layer that conversion cannot
            carry over, such as max pooling.
    """
    inputs = list(calibration)
    if not inputs:
        raise ConfigError("calibration", "nothing", "a few inputs of the network")
    if levels < 1:
        raise ConfigError("levels", levels, "at least 1")
    traced = _traced(net)
    relus = _relus(traced)
    truth, output = _activations(traced, relus, inputs)
    most = 1 if signed else levels
    for name in relus:
        theta = _thresholds(truth[name], steps, most)
        _replace(traced, name, theta, signed=signed, levels=most)
    traced.recompile()
    converted = ConvertedNetwork(traced, steps)
    return converted, _compare(converted, relus, inputs, truth, output)


def _traced(net: torch_nn.Module) -> fx.GraphModule:
    """Trace a copy of a network; calls of `relu` become modules."""
    traced = traced_layers(copy.deepcopy(net).eval())
    for node in list(traced.graph.nodes):
        called = node.target if node.op in {"call_function", "call_method"} else None
        if called in {functional.relu, torch.relu, "relu", "relu_"}:
            name = f"{node.name}_neuron"
            traced.add_submodule(name, torch_nn.ReLU())
            with traced.graph.inserting_before(node):
                relu = traced.graph.call_module(name, (node.args[0],))
            node.replace_all_uses_with(relu)
            traced.graph.erase_node(node)
    traced.recompile()
    return traced


def _relus(traced: fx.GraphModule) -> list[str]:
    """Return the paths of all ReLUs in order, each used once."""
    called = [str(node.target) for node in traced.graph.nodes if node.op == "call_module"]
    modules = dict(traced.named_modules())
    for name in called:
        if isinstance(modules[name], torch_nn.MaxPool2d | torch_nn.Softmax | torch_nn.Sigmoid):
            kind = type(modules[name]).__name__
            raise ConfigError("network", f"{name} ({kind})", "average pooling and ReLU instead")
    relus = [name for name in called if isinstance(modules[name], torch_nn.ReLU)]
    if not relus:
        raise ConfigError("network", "no ReLU", "a network of convolutions or linear layers, ReLU")
    if len(set(relus)) < len(relus):
        raise ConfigError("network", "a ReLU that is used twice", "a ReLU of its own at each place")
    return relus


def _activations(
    traced: fx.GraphModule, names: Sequence[str], inputs: Sequence[Tensor]
) -> tuple[dict[str, list[Tensor]], list[Tensor]]:
    """Return what each layer gives for each input, and the network's output."""
    kept: dict[str, list[Tensor]] = {name: [] for name in names}
    hooks = [
        traced.get_submodule(name).register_forward_hook(
            lambda _module, _given, output, name=name: kept[name].append(output)
        )
        for name in names
    ]
    with torch.no_grad():
        outputs = [traced(x) for x in inputs]
    for hook in hooks:
        hook.remove()
    return kept, outputs


def _thresholds(activations: Sequence[Tensor], steps: int, levels: int) -> Tensor:
    """Choose each channel's threshold: the one that would misplace its activations least.

    Returns:
        Shape (C,), all positive; a channel that was never active gets that of the layer's mean.
    """
    channels = activations[0].shape[1]
    values = torch.cat([a.detach().transpose(0, 1).reshape(channels, -1) for a in activations], 1)
    top = values.amax(dim=1)
    stride = max(1, values.shape[1] // _KEPT)
    sample = values[:, ::stride]
    best, lowest = top.clone(), torch.full_like(top, torch.inf)
    for share in _CEILINGS:
        theta = (share * top / levels).clamp(min=torch.finfo(top.dtype).tiny)[:, None]
        sent = (sample * steps / theta + 0.5).floor().clamp(0, levels * steps) * theta / steps
        error = ((sent - sample) ** 2).mean(dim=1)
        better = error < lowest
        best = torch.where(better, share * top / levels, best)
        lowest = torch.where(better, error, lowest)
    active = top > 0
    if not active.any():
        return torch.ones_like(top)
    return torch.where(active, best, best[active].mean())


def _replace(
    traced: fx.GraphModule, name: str, theta: Tensor, *, signed: bool, levels: int
) -> None:
    """Put a neuron in the place of a ReLU, and its thresholds behind it."""
    start = theta / 2
    neuron: nn.Neuron
    if signed:
        neuron = nn.SignedIF(threshold=theta, initial=start, step_mode="s")
    else:
        neuron = nn.BurstIF(threshold=theta, initial=start, levels=levels, step_mode="s")
    traced.add_submodule(name, neuron)
    node = next(node for node in traced.graph.nodes if node.target == name)
    target = _next_weights(traced, node)
    if target is not None:
        _scale_inputs(target, theta)
        return
    scale = f"{name}_scale".replace(".", "_")
    traced.add_submodule(scale, _Scale(theta))
    with traced.graph.inserting_after(node):
        scaled = traced.graph.call_module(scale, (node,))
    node.replace_all_uses_with(scaled, delete_user_cb=lambda user: user is not scaled)


def _next_weights(traced: fx.GraphModule, node: fx.Node) -> torch_nn.Module | None:
    """Return the weights that alone take what a neuron sends, if nothing but pooling is between."""
    modules = dict(traced.named_modules())
    while len(node.users) == 1:
        (node,) = node.users
        if node.op == "call_function" and node.target is torch.flatten:
            continue
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, torch_nn.Conv2d | torch_nn.Linear):
            return module
        if not isinstance(module, _PASSING):
            return None
    return None


def _scale_inputs(module: torch_nn.Module, theta: Tensor) -> None:
    """Multiply the weights of each input channel by its threshold."""
    weight: Tensor = module.weight  # type: ignore[assignment]
    with torch.no_grad():
        if isinstance(module, torch_nn.Conv2d):
            per_group = weight.shape[1]
            groups = theta.reshape(module.groups, per_group)
            rows = groups.repeat_interleave(module.out_channels // module.groups, dim=0)
            weight *= rows[:, :, None, None]
        else:
            weight *= theta.repeat_interleave(weight.shape[1] // theta.numel())


class _Scale(torch_nn.Module):
    """Multiplies each channel by a number."""

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor)

    def forward(self, x: Tensor) -> Tensor:
        """Return the product, of the shape of x (N, C, ...)."""
        factor: Tensor = self.factor  # type: ignore[assignment]
        return x * factor.reshape(1, -1, *[1] * (x.ndim - 2))


def _compare(
    converted: ConvertedNetwork,
    relus: Sequence[str],
    inputs: Sequence[Tensor],
    truth: dict[str, list[Tensor]],
    output: Sequence[Tensor],
) -> ReluConversion:
    """Run the spiking network on the calibration data, and see how far each layer is off."""
    means: dict[str, list[Any]] = {name: [] for name in relus}

    def add(name: str, spikes: Tensor) -> None:
        means[name][-1] = means[name][-1] + spikes / converted.steps

    hooks = [
        converted.net.get_submodule(name).register_forward_hook(
            lambda _module, _given, spikes, name=name: add(name, spikes)
        )
        for name in relus
    ]
    found = []
    with torch.no_grad():
        for x in inputs:
            for name in relus:
                means[name].append(0.0)
            found.append(converted(x))
    for hook in hooks:
        hook.remove()
    layers = []
    for name in relus:
        theta = converted.net.get_buffer(f"{name}.threshold")
        shaped = theta.reshape(1, -1, *[1] * (truth[name][0].ndim - 2))
        sent = [mean * shaped for mean in means[name]]
        rate = sum(float(mean.abs().mean()) for mean in means[name]) / len(inputs)
        ends = (float(theta.min()), float(theta.max()))
        layers.append(LayerError(name, ends, _share(sent, truth[name]), rate))
    return ReluConversion(converted.steps, tuple(layers), _share(found, output))


def _share(found: Sequence[Tensor], truth: Sequence[Tensor]) -> float:
    """Return the root mean square error as a share of the truth's root mean square."""
    error = sum(float(((a - b) ** 2).sum()) for a, b in zip(found, truth, strict=True))
    size = sum(float((b**2).sum()) for b in truth)
    return (error / size) ** 0.5 if size else 0.0
