"""How far maps of classes and of distances are from the truth."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCALES = 4


def surface_loss(
    logits: Tensor, classes: Tensor, *, unlabelled: int, weights: Tensor | None = None
) -> Tensor:
    """Return cross-entropy plus one minus the mean overlap (Dice, Milletari et al., 2016).

    Args:
        logits: Shape (N, classes, h, w).
        classes: Integers, shape (N, h, w).
        unlabelled: Value of pixels that do not count.
        weights: How much each class counts in the cross-entropy.
    """
    labelled = classes != unlabelled
    if not bool(labelled.any()):
        return logits.sum() * 0
    target = torch.where(labelled, classes, 0).long()
    entropy = functional.cross_entropy(logits, target, weights, reduction="none")
    share = functional.softmax(logits, dim=1) * labelled[:, None]
    truth = functional.one_hot(target, logits.shape[1]).movedim(3, 1) * labelled[:, None]
    common = (share * truth).sum(dim=(0, 2, 3))
    both = share.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = truth.sum(dim=(0, 2, 3)) > 0
    dice = (2 * common[present] / both[present].clamp(min=1)).mean()
    return entropy[labelled].mean() + 1 - dice


def distance_loss(found: Tensor, depth_m: Tensor, valid: Tensor) -> Tensor:
    """Return how far log-inverse distances are from the truth, and how badly they know it.

    Three parts: the scale-invariant error of logarithms (Eigen et al., 2014), so that an overall
    factor costs little; differences of its slopes at four scales (Li, Snavely, 2018); and the
    likelihood of the error under the network's own estimate of it, a Laplacian's (Kendall, Gal,
    2017), whose mean also learns the overall factor.

    Args:
        found: Shape (N, 2, h, w): log(1 / metres), and the logarithm of the expected error of it.
        depth_m: Shape (N, h, w), in metres.
        valid: bool, shape (N, h, w): where the distance is known.
    """
    if not bool(valid.any()):
        return found.sum() * 0
    truth = -torch.log(depth_m.clamp(min=0.05))
    error = torch.where(valid, found[:, 0] - truth, 0.0)
    per_clip = valid.flatten(1).sum(dim=1)
    known = per_clip > 0
    count = per_clip.clamp(min=1).float()
    mean = error.flatten(1).sum(dim=1) / count
    squares = error.square().flatten(1).sum(dim=1) / count
    invariant = (squares - 0.85 * mean.square() + 1e-6).clamp(min=1e-6).sqrt()[known].mean()
    scale = found[:, 1].clamp(-5, 3)
    likelihood = error.detach().abs() * torch.exp(-scale) + scale
    return invariant + 0.5 * _slopes(error, valid) + 0.1 * likelihood[valid].mean()


def _slopes(error: Tensor, valid: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbouring errors, at several scales."""
    total = error.new_zeros(())
    for scale in range(_SCALES):
        step = 2**scale
        e, v = error[:, ::step, ::step], valid[:, ::step, ::step]
        for axis in (1, 2):
            if e.shape[axis] > 1:
                both = v.narrow(axis, 1, v.shape[axis] - 1) & v.narrow(axis, 0, v.shape[axis] - 1)
                slope = e.diff(dim=axis).abs() * both
                total = total + slope.sum() / both.sum().clamp(min=1)
    return total / _SCALES
