"""Batch norm taken into the weights before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError

Weighted = nn.Conv2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d


def folded(layer: Weighted, norm: Norm | None) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a layer and of the batch norm after it, as one layer in use.

    Raises:
        ConfigError: If the norm keeps no running statistics.
    """
    weight = layer.weight.detach().double()
    bias = torch.zeros(len(weight)).double() if layer.bias is None else layer.bias.detach().double()
    if norm is None:
        return weight, bias
    if norm.running_mean is None or norm.running_var is None:
        raise ConfigError("batch norm", "without running statistics", "track_running_stats=True")
    scale = torch.rsqrt(norm.running_var.double() + norm.eps)
    if norm.affine:
        scale = scale * norm.weight.detach().double()
    shifted = (bias - norm.running_mean.double()) * scale
    if norm.affine:
        shifted = shifted + norm.bias.detach().double()
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), shifted
