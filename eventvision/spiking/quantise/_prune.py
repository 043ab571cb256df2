"""Channels that say little are taken out (QP-SNN, Wei et al., ICLR 2025).

A channel's spikes over a recording are a matrix of maps; where a few patterns explain them, it has
few large singular values and can be missed. The score of a channel is the mean sum of the singular
values of its spike maps.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.convert import one_step
from eventvision.spiking.tracing import input_names, traced

from ._calibrate import Sample, sequences

_PER_CHANNEL = (torch_nn.BatchNorm1d, torch_nn.BatchNorm2d)
_PASSING = (
    torch_nn.Identity, torch_nn.Dropout, torch_nn.Dropout2d, torch_nn.Flatten, torch_nn.MaxPool2d,
    torch_nn.AvgPool2d, torch_nn.AdaptiveAvgPool2d, nn.SumPool2d, nn.Upsample,
)  # fmt: skip


@dataclass
class Family:
    """Layers that lose a channel together.

    Attributes:
        source: Path of the convolution or matrix product that makes the channels.
        neuron: Name of the graph's node whose spikes are judged.
        along: Paths of layers with one parameter per channel, depthwise convolutions included.
        readers: Paths of layers that read the channels.
    """

    source: str
    neuron: str = ""
    along: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)


def channel_scores(net: torch_nn.Module, samples: Iterable[Sample]) -> dict[str, Tensor]:
    """Score the channels of every layer from which channels can be taken.

    Those are convolutions and matrix products followed by a neuron and read by others of them only,
    not by sums, `cat` or an output.

    Args:
        net: The network; not changed.
        samples: Recordings, as for `quantise`.

    Returns:
        Scores, shape (channels,), by path of the layer.
    """
    graph = traced(net)
    families = _families(graph)
    observer = _Spikes(graph, {family.neuron for family in families})
    names = input_names(graph)
    with one_step(graph):
        for sample in samples:
            nn.reset(graph)
            for step in zip(*sequences(sample, names), strict=True):
                observer.run(*step)
    if not observer.steps:
        raise ConfigError("samples", "none", "one sequence (T, N, C, H, W) or more")
    return {family.source: observer.scores[family.neuron] / observer.steps for family in families}


def prune_channels(
    net: torch_nn.Module, samples: Iterable[Sample], *, share: float, multiple: int = 1
) -> torch_nn.Module:
    """Return a copy of a network without the channels that score lowest in their layer.

    Fine-tune it afterwards.

    Args:
        net: The network; not changed.
        samples: Recordings, as for `quantise`.
        share: How many of the channels of each layer go, 0 to 1.
        multiple: What remains is a multiple of this, where the layer has as many.

    Raises:
        ConfigError: If the share is not below 1, or there are no samples.
    """
    if not 0 <= share < 1:
        raise ConfigError("share", share, "0 or more, below 1")
    scores = channel_scores(net, samples)
    pruned = copy.deepcopy(net)
    nn.reset(pruned)
    for family in _families(traced(pruned)):
        score = scores[family.source]
        kept = max(1, round(len(score) * (1 - share)))
        kept = min(len(score), -(-kept // multiple) * multiple)
        keep = score.argsort(descending=True)[:kept].sort().values
        _take(pruned, family, keep, len(score))
    return pruned


class _Spikes(fx.Interpreter):
    """Adds up the singular values of each channel's maps."""

    def __init__(self, graph: fx.GraphModule, names: set[str]) -> None:
        super().__init__(graph)
        self._names, self.steps = names, 0
        self.scores: dict[str, Tensor] = {}

    def run(self, *args: Any, **settings: Any) -> Any:
        """Run a step and count it."""
        self.steps += 1
        return super().run(*args, **settings)

    def run_node(self, n: fx.Node) -> Any:
        """Run a node and look at its spikes."""
        value = super().run_node(n)
        if n.name in self._names:
            maps = value.double() if value.ndim == 4 else value.double()[..., None, None]
            score = torch.linalg.svdvals(maps).sum(-1).mean(0)
            self.scores[n.name] = self.scores.get(n.name, torch.zeros_like(score)) + score
        return value


def _families(graph: fx.GraphModule) -> list[Family]:
    modules = dict(graph.named_modules())
    found = []
    for node in graph.graph.nodes:
        if node.op == "call_module" and _mixes(modules[str(node.target)]):
            family = Family(str(node.target))
            if _follow(node, modules, family) and family.neuron and family.readers:
                found.append(family)
    return found


def _mixes(module: torch_nn.Module) -> bool:
    """Tell whether a layer reads all channels for each it makes."""
    is_conv = isinstance(module, torch_nn.Conv2d) and module.groups == 1
    return is_conv or isinstance(module, torch_nn.Linear)


def _follow(node: fx.Node, modules: dict[str, torch_nn.Module], family: Family) -> bool:
    """Collect what the channels of a node pass through; False if they go elsewhere."""
    for reader in node.users:
        if reader.op != "call_module" or reader.all_input_nodes != [node]:
            return False
        path, module = str(reader.target), modules[str(reader.target)]
        if _mixes(module):
            family.readers.append(path)
            continue
        is_depthwise = isinstance(module, torch_nn.Conv2d) and (
            module.groups == module.in_channels == module.out_channels
        )
        if isinstance(module, nn.Neuron):
            family.neuron = family.neuron or reader.name
        elif not (is_depthwise or isinstance(module, (*_PER_CHANNEL, *_PASSING))):
            return False
        if not isinstance(module, _PASSING):
            family.along.append(path)
        if not _follow(reader, modules, family):
            return False
    return bool(node.users)


def _take(net: torch_nn.Module, family: Family, keep: Tensor, channels: int) -> None:
    """Keep some channels of a family of layers."""
    _keep_per_channel(net.get_submodule(family.source), keep, channels)
    for path in family.along:
        _keep_per_channel(net.get_submodule(path), keep, channels)
    for path in family.readers:
        reader = net.get_submodule(path)
        weight = reader.get_parameter("weight").detach()
        grouped = weight.reshape(len(weight), channels, -1, *weight.shape[2:])[:, keep].flatten(
            1, 2
        )
        reader.weight = torch_nn.Parameter(grouped)
        setattr(reader, "in_channels" if grouped.ndim == 4 else "in_features", grouped.shape[1])


def _keep_per_channel(module: torch_nn.Module, keep: Tensor, channels: int) -> None:
    for name, weight in list(module.named_parameters(recurse=False)):
        if weight.ndim and len(weight) == channels:
            setattr(module, name, torch_nn.Parameter(weight.detach()[keep], weight.requires_grad))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.ndim and len(buffer) == channels:
            setattr(module, name, buffer[keep])
    for name in ("out_channels", "num_features", "out_features"):
        if hasattr(module, name):
            setattr(module, name, len(keep))
    if isinstance(module, torch_nn.Conv2d) and module.groups > 1:
        module.groups = module.in_channels = len(keep)
