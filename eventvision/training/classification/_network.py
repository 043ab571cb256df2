"""Small spiking classifiers that neuromorphic chips can hold.

Convolutions and sums over windows between integrate-and-fire neurons without leak, no biases, and
output neurons whose spikes are counted: the class that fired most often wins. Without biases and
leak a network answers to twice the events with twice the spikes, and it rests while nothing moves.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn as torch_nn

from eventvision.spiking import nn

from ._recipe import ClassifierRecipe

_WEIGHT_STEPS = 2.0**12


def build_classifier(recipe: ClassifierRecipe) -> torch_nn.Sequential:
    """Build the network of a recipe, with random weights.

    Its layers are conv1, fire1, pool1, …, flatten, linear, fire: events (T, N, 2, H, W) or
    (N, 2, H, W) -> spikes (…, N, classes). Thresholds are 1.
    """
    return _network(recipe, nn.IF)


def build_rate_twin(recipe: ClassifierRecipe) -> torch_nn.Sequential:
    """Build the same layers with ReLU for neurons, and none behind the last layer."""
    net = _network(recipe, torch_nn.ReLU)
    net.fire = torch_nn.Identity()
    net.flatten = torch_nn.Sequential(nn.Flatten(), torch_nn.Dropout(recipe.dropout))
    return net


def _network(recipe: ClassifierRecipe, neuron: type[torch_nn.Module]) -> torch_nn.Sequential:
    layers: OrderedDict[str, torch_nn.Module] = OrderedDict()
    channels, (height, width) = 2, recipe.sensor.shape
    for number, stage in enumerate(recipe.stages, 1):
        conv = nn.Conv2d(
            channels,
            stage.channels,
            stage.kernel,
            stride=stage.stride,
            padding=stage.kernel // 2,
            bias=False,
        )
        torch_nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        layers[f"conv{number}"] = conv
        layers[f"fire{number}"] = neuron()
        reach = 2 * (stage.kernel // 2) - stage.kernel
        height, width = ((size + reach) // stage.stride + 1 for size in (height, width))
        if stage.pool > 1:
            layers[f"pool{number}"] = nn.SumPool2d(stage.pool)
            height, width = height // stage.pool, width // stage.pool
        channels = stage.channels
    layers["flatten"] = nn.Flatten()
    layers["linear"] = torch_nn.Linear(channels * height * width, len(recipe.classes), bias=False)
    layers["fire"] = neuron()
    return torch_nn.Sequential(layers)


def weighted_layers(net: torch_nn.Module) -> list[torch_nn.Conv2d | torch_nn.Linear]:
    """Return the layers with weights, in order."""
    return [m for m in net.modules() if isinstance(m, torch_nn.Conv2d | torch_nn.Linear)]


def copy_balanced(
    twin: torch_nn.Sequential, net: torch_nn.Sequential, x: torch.Tensor, *, fill: float = 0.7
) -> None:
    """Give a spiking network the weights of its twin, scaled so that neurons keep up.

    A spike stands for so much activation that the largest (their 99.9 % quantile) are reached by
    firing at a share `fill` of all steps.

    Args:
        twin: The trained twin.
        net: The spiking network; its weights are replaced.
        x: Events, shape (T, N, 2, H, W).
        fill: The share, above 0.
    """
    before = 1.0
    for layer, source, values in zip(
        weighted_layers(net), weighted_layers(twin), _activations(twin, x.sum(0)), strict=True
    ):
        flat = values.clamp(min=0).flatten()
        largest = flat.kthvalue(max(int(0.999 * flat.numel()), 1)).values.item()
        per_spike = max(largest, 1e-6) / (fill * len(x))
        layer.weight.data.copy_(source.weight.detach() * (before / per_spike))
        before = per_spike


def round_weights(net: torch_nn.Module) -> None:
    """Round weights to multiples of 2**-12, a four-thousandth of the threshold.

    Inputs are whole numbers, so all sums and potentials are then exact in float32, whatever the
    order in which a device adds: no spike hangs on rounding.
    """
    for layer in weighted_layers(net):
        layer.weight.data.copy_((layer.weight.data * _WEIGHT_STEPS).round() / _WEIGHT_STEPS)


@torch.no_grad()
def _activations(twin: torch_nn.Sequential, x: torch.Tensor) -> list[torch.Tensor]:
    """Return what each weighted layer gives."""
    found = []
    for module in twin.eval():
        x = module(x)
        if isinstance(module, torch_nn.Conv2d | torch_nn.Linear):
            found.append(x)
    return found
