"""Threshold crossings of a batch of pixels: as tensor code, and on a CPU by a kernel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What decides when pixels fire.

    Attributes:
        on: float32, shape (clips, height, width): thresholds for ON events.
        off: Same shape: those for OFF events, also positive.
        refractory_us: float32, shape (clips, 1, 1): how long a pixel is held in reset.
        reset_noise: Same shape: deviation of the potential after a reset.
    """

    on: Tensor
    off: Tensor
    refractory_us: Tensor
    reset_noise: Tensor


def cross(
    change: Tensor, potential: Tensor, rest_us: Tensor, law: Thresholds, span_us: Tensor,
    bell: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Move potentials by a change that is linear in time, and count the events.

    Args:
        change: float32, shape (clips, height, width).
        potential: Same shape; changed in place.
        rest_us: Same shape: how long each pixel is still held in reset; changed in place.
        law: When pixels fire.
        span_us: float32, shape (clips, 1, 1): duration of the sub-step.
        bell: float32, shape (clips, height, width): normal deviates.

    Returns:
        Numbers of events, negative for OFF, and their mean times within the sub-step, 0 to 1, which
        mean something where there are events.
    """
    if change.device.type == "cpu":
        return _cross_by_kernel(change, potential, rest_us, law, span_us, bell)
    return cross_tensors(change, potential, rest_us, law, span_us, bell)


def cross_tensors(
    change: Tensor, potential: Tensor, rest_us: Tensor, law: Thresholds, span_us: Tensor,
    bell: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Do what `cross` says on any device.

    Everything is measured along the direction of the change. Each event costs the threshold and
    the change that passes while the pixel rests.
    """
    sign = torch.sign(change)
    size = change.abs().clamp_(min=_TINY)
    threshold = torch.where(sign > 0, law.on, law.off)
    need = threshold - potential * sign
    waited = (rest_us / span_us).clamp_(max=1)
    reach = size * (1 - waited)
    lost = size * (law.refractory_us / span_us)
    period = threshold + lost
    over = reach - need
    number = torch.floor(over / period).add_(1).clamp_(min=0)
    fires = number > 0
    earlier = (number - 1) * period
    left = over - earlier
    when = ((0.5 * earlier + need) / size + waited).clamp_(0, 1)
    after = sign * (left - lost).clamp(min=0) + law.reset_noise * bell
    resting = (lost - left).clamp_(min=0) / size * span_us
    potential.copy_(torch.where(fires, after, potential + sign * reach))
    rest_us.copy_(torch.where(fires, resting, (rest_us - span_us).clamp_(min=0)))
    return number * sign, when


def _cross_by_kernel(
    change: Tensor, potential: Tensor, rest_us: Tensor, law: Thresholds, span_us: Tensor,
    bell: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    from eventvision.kernels import crossings

    counts, when = torch.empty_like(change), torch.zeros_like(change)
    maps = (change, potential, rest_us, law.on, law.off)
    scalars = (law.refractory_us, span_us, law.reset_noise)
    crossings.cross(
        *(tensor.flatten(1).numpy() for tensor in maps),
        *(tensor.flatten().numpy() for tensor in scalars),
        *(tensor.flatten(1).numpy() for tensor in (bell, counts, when)),
    )
    return counts, when
