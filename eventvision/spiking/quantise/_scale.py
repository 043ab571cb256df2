"""Powers of two for weights and currents."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ._weighted import RANGES

_TRIED = 4
_SMALLEST = 2.0**-60


def weight_exponents(weight: Tensor, bits: int) -> Tensor:
    """Return the power of two for each out channel that quantises its weights best.

    The step at which the largest weight still fits is tried, and smaller ones, which clip it but
    are finer for the others; the least squared error wins.

    Args:
        weight: Real weights, shape (out channels, …).
        bits: 8, 4 or 2.

    Returns:
        Whole numbers, shape (out channels,).
    """
    low, high = RANGES[bits]
    flat = weight.detach().double().flatten(1)
    largest = flat.abs().amax(1).clamp_min(_SMALLEST)
    first = torch.ceil(torch.log2(largest / high))
    candidates = torch.stack([first - less for less in range(_TRIED)])
    steps = torch.exp2(candidates)[..., None]
    errors = ((flat / steps).round().clamp(low, high) * steps - flat).square().sum(-1)
    return candidates.gather(0, errors.argmin(0)[None])[0]


def exponent_to_hold(largest: float, units: float) -> int:
    """Return the smallest exponent at which so many units reach a value; 1 if it was silent."""
    return math.ceil(math.log2((largest or 1.0) / units))
