"""How far a picture is from the truth: structure, detail, and steadiness over time.

No pretrained features are used. Pictures from events have no absolute brightness, so both sides
are scaled by their own percentiles first.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WINDOW_PX, _SIGMA_PX = 11, 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2
_MS_WEIGHTS = (0.3, 0.35, 0.35)
_FLAT = 0.05


def scaled(pictures: Tensor, *, low: float = 0.01, high: float = 0.99) -> Tensor:
    """Map the percentiles of each picture to 0 and 1, and clip.

    Args:
        pictures: Shape (N, ...); a picture that is nearly flat is stretched by 20 at most.
        low: Share of the pixels that become black.
        high: One minus the share of the pixels that become white.
    """
    flat = pictures.detach().flatten(1).float()
    ends = torch.quantile(flat, torch.tensor([low, high], device=flat.device), dim=1)
    black, white = ends.reshape(2, -1, *[1] * (pictures.ndim - 1))
    stretched: Tensor = (pictures - black) / (white - black).clamp(min=_FLAT)
    return stretched.clamp(0, 1)


def ssim(found: Tensor, truth: Tensor) -> Tensor:
    """Return the structural similarity of each pair, shape (N,) (Wang et al., 2004).

    Args:
        found: Shape (N, 1, height, width), 0 to 1, at least 11 pixels either way.
        truth: Likewise.
    """
    luminance, contrast = _similarity(found, truth)
    return (luminance * contrast).mean(dim=(1, 2, 3))


def multi_scale_ssim(found: Tensor, truth: Tensor) -> Tensor:
    """Return a similarity over three scales of each pair, shape (N,): contrast at the finer ones.

    Needs pictures of 44 pixels or more either way. The mean with weights, in place of the product
    of Wang et al. (2003), so that it also has a slope where pictures are opposite.
    """
    total = torch.zeros(len(found), device=found.device)
    for scale, weight in enumerate(_MS_WEIGHTS):
        luminance, contrast = _similarity(found, truth)
        last = scale == len(_MS_WEIGHTS) - 1
        total = total + weight * (luminance * contrast if last else contrast).mean(dim=(1, 2, 3))
        found, truth = functional.avg_pool2d(found, 2), functional.avg_pool2d(truth, 2)
    return total


def laplacian_distance(found: Tensor, truth: Tensor, *, levels: int = 3) -> Tensor:
    """Return the mean absolute difference of detail at each scale, per pair, shape (N,)."""
    total = torch.zeros(len(found), device=found.device)
    difference = found - truth
    for _ in range(levels):
        half = functional.avg_pool2d(difference, 2)
        back = functional.interpolate(half, difference.shape[-2:], mode="bilinear")
        total = total + (difference - back).abs().mean(dim=(1, 2, 3))
        difference = half
    return total / levels


def temporal_distance(
    found: Tensor, before: Tensor, truth: Tensor, truth_before: Tensor, flow_px: Tensor
) -> Tensor:
    """Return how much a picture differs from the one before, moved along, per pair, shape (N,).

    Pixels count where the truth is steady under the same motion (Lai et al., ECCV 2018), so that
    what is uncovered does not.

    Args:
        found: Shape (N, 1, height, width).
        before: The picture of the slice before.
        truth: The truth at the end of the slice.
        truth_before: The truth at its beginning.
        flow_px: Shape (N, 2, height, width): how far what is seen at a pixel has moved in it.
    """
    steady = torch.exp(-50 * (truth - moved(truth_before, flow_px)).square())
    return (steady * (found - moved(before, flow_px)).abs()).mean(dim=(1, 2, 3))


def moved(pictures: Tensor, flow_px: Tensor) -> Tensor:
    """Fetch each pixel from where it was before it moved by a flow; the border is repeated."""
    height, width = pictures.shape[-2:]
    rows = torch.arange(height, device=pictures.device, dtype=flow_px.dtype)[:, None]
    columns = torch.arange(width, device=pictures.device, dtype=flow_px.dtype)
    x = (columns - flow_px[:, 0]) * (2 / width) + (1 / width - 1)
    y = (rows - flow_px[:, 1]) * (2 / height) + (1 / height - 1)
    return functional.grid_sample(
        pictures, torch.stack([x, y], dim=-1), padding_mode="border", align_corners=False
    )


def _similarity(found: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return the luminance term and the contrast-structure term at each pixel."""
    stacked = torch.cat([found, truth, found * found, truth * truth, found * truth], dim=1)
    mean_a, mean_b, square_a, square_b, product = torch.split(_blurred(stacked), 1, dim=1)
    both = mean_a * mean_b
    squares = mean_a.square() + mean_b.square()
    luminance = (2 * both + _LUMINANCE) / (squares + _LUMINANCE)
    spread = square_a + square_b - squares
    return luminance, (2 * (product - both) + _CONTRAST) / (spread.clamp(min=0) + _CONTRAST)


def _blurred(pictures: Tensor) -> Tensor:
    """Return weighted means around each pixel where the window fits."""
    offsets = torch.arange(_WINDOW_PX, device=pictures.device, dtype=pictures.dtype)
    weights = torch.exp(-((offsets - _WINDOW_PX // 2) ** 2) / (2 * _SIGMA_PX**2))
    weights = (weights / weights.sum()).expand(pictures.shape[1], 1, 1, -1)
    channels = pictures.shape[1]
    rows = functional.conv2d(pictures, weights, groups=channels)
    return functional.conv2d(rows, weights.transpose(2, 3), groups=channels)
