"""Spikes that can be differentiated: a step function whose derivative is that of a smooth one."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SurrogateName = Literal["sigmoid", "arctan", "rectangle", "piecewise"]


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, name: str, slope: float) -> Tensor:
        ctx.save_for_backward(u)
        ctx.name, ctx.slope = name, slope
        return (u >= 0).to(u.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (u,) = ctx.saved_tensors
        return gradient * derivative(u, ctx.name, ctx.slope), None, None


def derivative(u: Tensor, name: str, slope: float) -> Tensor:
    """Return the surrogate's derivative at `u`."""
    if name == "sigmoid":
        s = torch.sigmoid(slope * u)
        return slope * s * (1 - s)
    if name == "arctan":
        return slope / 2 / (1 + (math.pi / 2 * slope * u) ** 2)
    if name == "rectangle":
        return (u.abs() <= 0.5 / slope).to(u.dtype) * slope
    return (1 - slope * u.abs()).clamp(min=0) * slope


def spike(u: Tensor, name: str, slope: float) -> Tensor:
    """Return 1 where `u` is at least 0, else 0."""
    spikes: Tensor = _Spike.apply(u, name, slope)  # type: ignore[no-untyped-call]
    return spikes


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, u: Tensor) -> Tensor:
        return torch.floor(u + 0.5)

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


def straight_round(u: Tensor) -> Tensor:
    """Round to the nearest integer, halves up; the derivative is 1."""
    rounded: Tensor = _Round.apply(u)  # type: ignore[no-untyped-call]
    return rounded
