"""Batch norm taken into the weights before it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError

Weighted = torch_nn.Conv2d | torch_nn.Linear
Norm = torch_nn.BatchNorm1d | torch_nn.BatchNorm2d


def folded(layer: Weighted, norm: Norm | None) -> tuple[Tensor, Tensor | None]:
    """Return weight and bias of a layer and the batch norm after it, as one layer in use.

    Returns:
        The weight, in float64 where a norm was folded; the bias, None where there is none.

    Raises:
        ConfigError: If the norm keeps no running statistics.
    """
    weight, bias = layer.weight.detach(), layer.bias
    bias = None if bias is None else bias.detach()
    if norm is None:
        return weight, bias
    if norm.running_mean is None or norm.running_var is None:
        raise ConfigError("batch norm", "without running statistics", "track_running_stats=True")
    scale = 1 / torch.sqrt(norm.running_var.double() + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.detach().double()
    start = norm.running_mean.double() if bias is None else norm.running_mean.double() - bias
    shift = -start * scale
    if norm.bias is not None:
        shift = shift + norm.bias.detach().double()
    return weight.double() * scale.reshape(-1, *[1] * (weight.ndim - 1)), shift
