"""Rounding and clipping of whole units, with gradients that pass straight through.

Everything here works on units: floating-point tensors that hold whole numbers. Below 2**24 float32
holds them exactly, so that training sees the very numbers of integer inference.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Straight(torch.autograd.Function):
    """One value going forward, the gradient of another going back."""

    @staticmethod
    def forward(_ctx: Any, _x: Tensor, shown: Tensor) -> Tensor:
        """Return the second value."""
        return shown.clone()

    @staticmethod
    def backward(_ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Hand the gradient to the first."""
        return grads[0], None


def floor(x: Tensor) -> Tensor:
    """Round down; the gradient is that of x."""
    rounded: Tensor = _Straight.apply(x, torch.floor(x.detach()))  # type: ignore[no-untyped-call]
    return rounded


def round_half_up(x: Tensor) -> Tensor:
    """Round to the nearest whole number, halves up; the gradient is that of x."""
    rounded: Tensor = _Straight.apply(x, torch.floor(x.detach() + 0.5))  # type: ignore[no-untyped-call]
    return rounded


def saturate(x: Tensor, low: float, high: float) -> Tensor:
    """Clip; the gradient is 0 outside."""
    return x.clamp(low, high)


class Fire(torch.autograd.Function):
    """Whole thresholds in a potential, 0..levels; the gradient is 1 / threshold inside.

    With rounding that is I-LIF's; without it the window lies half a threshold higher, around the
    place of each step.
    """

    @staticmethod
    def forward(
        ctx: Any, v: Tensor, threshold: Tensor, offset: Tensor, levels: int, centre: float
    ) -> Tensor:
        """Return spikes of integer-valued potentials, exactly."""
        ctx.save_for_backward(v, threshold)
        ctx.levels, ctx.centre = levels, centre
        spikes = torch.floor_divide(v.double() + offset, threshold.double())
        return spikes.clamp(0, levels).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Pass the gradient where the potential is within the levels."""
        v, threshold = ctx.saved_tensors
        place = v / threshold - ctx.centre
        inside = (place >= 0) & (place <= ctx.levels)
        return grads[0] * inside / threshold, None, None, None, None


def fire(v: Tensor, threshold: Tensor, offset: Tensor, levels: int, *, rounding: bool) -> Tensor:
    """Return spikes 0..levels of potentials in units.

    Args:
        v: Potential, shape (N, C, H, W).
        threshold: Whole units, shape (C, 1, 1).
        offset: Added before dividing, shape (C, 1, 1).
        levels: Most spikes.
        rounding: Whether half a threshold is enough for the next spike.
    """
    spikes: Tensor = Fire.apply(v, threshold, offset, levels, 0.0 if rounding else 0.5)  # type: ignore[no-untyped-call]
    return spikes
