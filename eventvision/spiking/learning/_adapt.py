"""Adapting a trained network to labelled recordings of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

from ._rules import bptt, ottt, sltt
from ._steps import EvidenceLoss

Rule = Literal["sltt", "ottt", "bptt"]
LabelledSteps = tuple[Tensor, int]
"""A recording as the network takes it, shape (T, C, H, W) or (T, F), and its class."""

_RULES = {"bptt": bptt, "ottt": ottt, "sltt": sltt}


@dataclass(frozen=True, kw_only=True, slots=True)
class Adaptation:
    """What an adaptation did.

    Attributes:
        layers: Paths of the layers that were changed.
        losses: Mean loss of each epoch.
        accuracy_before: Share of the given samples that were right before.
        accuracy_after: The same afterwards; on samples that were learned from, so an upper bound.
    """

    layers: tuple[str, ...]
    losses: tuple[float, ...]
    accuracy_before: float
    accuracy_after: float


def adapt(
    net: torch_nn.Module,
    samples: Sequence[LabelledSteps],
    *,
    layers: int | Sequence[str] = 1,
    rule: Rule = "sltt",
    epochs: int = 20,
    learning_rate: float = 1e-3,
    batch: int = 16,
    seed: int = 0,
) -> Adaptation:
    """Let the last layers of a network learn from labelled recordings; the others stay.

    Everything but the weights of the chosen layers is frozen, batch statistics included. The
    output is summed over steps to decide, so it may be spikes or potentials. Memory does not grow
    with the length of the recordings unless the rule is "bptt".

    Args:
        net: A network that gives (N, classes) for each step; changed in place.
        samples: Recordings as it takes them, all of one length, and their classes.
        layers: How many of the last convolutions and linear layers learn, or their paths.
        rule: How gradients are got; see `sltt`, `ottt`, `bptt`.
        epochs: How often every sample is seen.
        learning_rate: Of Adam.
        batch: Samples in a batch.
        seed: Of the order of samples.

    Raises:
        ConfigError: If a setting cannot be used.
        ValueError: If there are no samples or they differ in shape.
    """
    if rule not in _RULES:
        raise ConfigError("rule", rule, " or ".join(repr(name) for name in _RULES))
    if epochs < 1 or batch < 1:
        raise ValueError(f"epochs and batch must be positive, got {epochs} and {batch}")
    steps, labels = _stacked(samples)
    chosen = _chosen(net, layers)
    before = accuracy(net, samples, batch=batch)
    weights = [weight for layer in chosen.values() for weight in layer.parameters(recurse=False)]
    optimiser = torch.optim.Adam(weights, lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    with _only(net, weights):
        for _ in range(epochs):
            total = 0.0
            for index in _batches(torch.randperm(len(samples), generator=generator), batch):
                optimiser.zero_grad()
                loss = _RULES[rule](net, steps[:, index], EvidenceLoss(labels[index]))
                optimiser.step()
                total += float(loss) * len(index)
            losses.append(total / len(samples))
    after = accuracy(net, samples, batch=batch)
    return Adaptation(
        layers=tuple(chosen), losses=tuple(losses), accuracy_before=before, accuracy_after=after
    )


def accuracy(net: torch_nn.Module, samples: Sequence[LabelledSteps], *, batch: int = 16) -> float:
    """Return the share of samples whose largest summed output is that of their class.

    Raises:
        ValueError: If there are no samples or they differ in shape.
    """
    steps, labels = _stacked(samples)
    right = 0
    with _only(net, []), torch.no_grad():
        for index in _batches(torch.arange(len(samples)), batch):
            nn.reset(net)
            right += int((net(steps[:, index]).sum(0).argmax(-1) == labels[index]).sum())
    nn.reset(net)
    return right / len(samples)


def _batches(order: Tensor, batch: int) -> Iterator[Tensor]:
    return (order[start : start + batch] for start in range(0, len(order), batch))


def _stacked(samples: Sequence[LabelledSteps]) -> tuple[Tensor, Tensor]:
    """Return steps (T, samples, ...) and labels (samples,)."""
    if not samples:
        raise ValueError("no samples were given")
    shape = samples[0][0].shape
    for i, (steps, _) in enumerate(samples):
        if steps.shape != shape:
            raise ValueError(
                f"sample {i} has shape {tuple(steps.shape)}, sample 0 has {tuple(shape)}; "
                "cut all to the same length"
            )
    return torch.stack([steps for steps, _ in samples], 1), torch.tensor([c for _, c in samples])


def _chosen(net: torch_nn.Module, layers: int | Sequence[str]) -> dict[str, torch_nn.Module]:
    kinds = (torch_nn.Conv2d, torch_nn.Linear)
    there = {path: module for path, module in net.named_modules() if isinstance(module, kinds)}
    if isinstance(layers, int):
        if not 1 <= layers <= len(there):
            raise ConfigError("layers", layers, f"1 to {len(there)}, or paths of layers")
        return dict(list(there.items())[-layers:])
    missing = [path for path in layers if path not in there]
    if missing or not layers:
        raise ConfigError("layers", missing or layers, f"some of {', '.join(there)}")
    return {path: there[path] for path in layers}


@contextmanager
def _only(net: torch_nn.Module, weights: Sequence[Tensor]) -> Iterator[None]:
    """Let these weights learn and no others, in evaluation mode, for sequences; then undo it."""
    learned = {id(weight) for weight in weights}
    asked = [(parameter, parameter.requires_grad) for parameter in net.parameters()]
    modes = [(neuron, neuron.step_mode) for _, neuron in nn.neurons(net)]
    training = [(module, module.training) for module in net.modules()]
    for parameter, _ in asked:
        parameter.requires_grad_(id(parameter) in learned)
    net.eval()
    nn.set_step_mode(net, "m")
    try:
        yield
    finally:
        for parameter, wanted in asked:
            parameter.requires_grad_(wanted)
        for neuron, mode in modes:
            neuron.step_mode = mode
        for module, was in training:
            module.training = was
