"""Draws the character of every pixel of a batch of cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from eventvision.simulation import PixelModel

DEAD_THRESHOLD = 1e9
_LEAST_THRESHOLD_SHARE = 0.1
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Characters:
    """What differs from pixel to pixel; float32, shape (clips, height, width).

    Attributes:
        on: Thresholds of log intensity for ON events, `DEAD_THRESHOLD` in dead pixels.
        off: Those for OFF events, also positive.
        leak_per_us: Drift of the potential.
        start: Potential at the start.
    """

    on: Tensor
    off: Tensor
    leak_per_us: Tensor
    start: Tensor


def column(models: Sequence[PixelModel], name: str, device: torch.device) -> Tensor:
    """Return one setting of all models, float32, shape (clips, 1, 1)."""
    values = [float(getattr(model, name)) for model in models]
    return torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)


def draw_characters(
    models: Sequence[PixelModel], shape: tuple[int, int], generator: torch.Generator
) -> Characters:
    """Draw pixels as `EventCamera` does, on the device of the generator."""
    device = generator.device
    size = (len(models), *shape)

    def of(name: str) -> Tensor:
        return column(models, name, device)

    def normal() -> Tensor:
        return torch.randn(size, generator=generator, device=device)

    def chance() -> Tensor:
        return torch.rand(size, generator=generator, device=device)

    on = of("on_threshold") * (1 + of("mismatch") * normal()).clamp_(min=_LEAST_THRESHOLD_SHARE)
    off = of("off_threshold") * (1 + of("mismatch") * normal()).clamp_(min=_LEAST_THRESHOLD_SHARE)
    leak_hz = (of("leak_hz") * (1 + of("leak_mismatch") * normal())).clamp_(min=0)
    pick, share = chance(), of("hot_pixel_share")
    hot = pick < share
    hot_hz = of("hot_pixel_hz") * (0.1 + 1.8 * pick / share.clamp(min=_TINY))
    hot_off = hot & (chance() >= of("hot_pixel_on_share"))
    leak = torch.where(hot, hot_hz, leak_hz) * torch.where(hot_off, -off, on) * 1e-6
    start = of("start_spread") * (chance() * (on + off) - off)
    dead = chance() < of("dead_pixel_share")
    leak.masked_fill_(dead, 0)
    on.masked_fill_(dead, DEAD_THRESHOLD)
    off.masked_fill_(dead, DEAD_THRESHOLD)
    return Characters(on, off, leak, start)
