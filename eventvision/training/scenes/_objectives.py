"""What a network is to learn from a chunk of clips, and how well it does."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from eventvision.simulation import SEGMENTATION_CLASSES
from eventvision.simulation.batched import UNLABELLED
from eventvision.training import Sequences
from eventvision.training.losses import (
    detection_loss,
    distance_loss,
    laplacian_distance,
    multi_scale_ssim,
    places_of,
    scaled,
    ssim,
    surface_loss,
    temporal_distance,
)
from eventvision.training.networks import STRIDES, by_step

from ._pool import Chunk
from ._recipe import PerceptionPrices, ReconstructionPrices, SceneRecipe
from ._running import IMAGE

Answers = dict[str, Tensor]

_DENSE_STRIDE = 4
_CLASSES = len(SEGMENTATION_CLASSES)


class Objective(Protocol):
    """What a network is to learn."""

    def losses(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """Return what is to become small about the answers to a chunk, by name."""

    def scores(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """Return how good the answers to a chunk are, by name."""


def objective_of(recipe: SceneRecipe) -> Objective:
    """Return what the network of a recipe is to learn."""
    if recipe.kind == "reconstruction":
        return PictureObjective(recipe.reconstruction)
    return PerceptionObjective(recipe.perception)


class PictureObjective:
    """Pictures like those of a camera that counts light."""

    def __init__(self, prices: ReconstructionPrices) -> None:
        self._prices = prices

    def losses(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """See `Objective`. The first slice of a clip costs nothing: it alone says little."""
        pictures, truth = found[IMAGE], _true_pictures(chunk)
        skip = 1 if chunk.first else 0
        now, right = pictures[skip:].flatten(0, 1), truth[skip:].flatten(0, 1)
        flow = chunk.clips.flow_px[skip + 1 :].flatten(0, 1)
        before, right_before = pictures[skip:-1].flatten(0, 1), truth[skip:-1].flatten(0, 1)
        after, right_after = pictures[skip + 1 :].flatten(0, 1), truth[skip + 1 :].flatten(0, 1)
        moved = temporal_distance(after, before, right_after, right_before, flow)
        prices = self._prices
        return {
            "absolute": prices.absolute * (now - right).abs().mean(),
            "structure": prices.structure * (1 - multi_scale_ssim(now, right).mean()),
            "laplacian": prices.laplacian * laplacian_distance(now, right).mean(),
            "temporal": prices.temporal * moved.mean(),
        }

    def scores(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """See `Objective`."""
        a, b = scaled(found[IMAGE].flatten(0, 1)), _true_pictures(chunk).flatten(0, 1)
        grey = torch.full_like(b, 0.5)
        return {
            "ssim": ssim(a, b).mean(),
            "correlation": _correlation(a, b).mean(),
            "mse": (a - b).square().mean(),
            "ssim_of_grey": ssim(grey, b).mean(),
        }


def _true_pictures(chunk: Chunk) -> Tensor:
    light = chunk.clips.intensity.clamp(min=0).sqrt()
    return by_step(scaled(light.flatten(0, 1)), len(light))


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    x, y = a.flatten(1), b.flatten(1)
    x, y = x - x.mean(dim=1, keepdim=True), y - y.mean(dim=1, keepdim=True)
    lengths = x.square().sum(dim=1).sqrt() * y.square().sum(dim=1).sqrt()
    return (x * y).sum(dim=1) / lengths.clamp(min=1e-6)


class PerceptionObjective:
    """Objects, surfaces, distances."""

    def __init__(self, prices: PerceptionPrices) -> None:
        self._prices = prices
        self._weights = torch.tensor(prices.surfaces)

    def losses(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """See `Objective`."""
        found, clips = _in_one_row(found), chunk.clips
        height, width = clips.events.shape[-2:]
        places = places_of(height, width, STRIDES, clips.events.device)
        boxes = detection_loss(
            found["detection"],
            places,
            clips.boxes.flatten(0, 1),
            clips.box_classes.flatten(0, 1),
            (chunk.seen <= 0).flatten(0, 1),
        )
        classes, depth_m, valid = _dense_truth(clips)
        surface = surface_loss(
            found["segmentation"],
            classes,
            unlabelled=UNLABELLED,
            weights=self._weights.to(classes.device),
        )
        prices = self._prices
        return {
            **{name: prices.detection * value for name, value in boxes.items()},
            "surface": prices.segmentation * surface,
            "depth": prices.depth * distance_loss(found["depth"], depth_m, valid),
        }

    def scores(self, found: Answers, chunk: Chunk) -> dict[str, Tensor]:
        """See `Objective`."""
        found = _in_one_row(found)
        classes, depth_m, valid = _dense_truth(chunk.clips)
        ratio = _scaled_ratio(found["depth"][:, 0], depth_m, valid)
        return {
            "mean_iou": _mean_iou(found["segmentation"].argmax(dim=1), classes),
            "abs_rel": (ratio - 1).abs().mean(),
            "delta_1.25": (torch.maximum(ratio, 1 / ratio) < 1.25).float().mean(),
        }


def _in_one_row(found: Answers) -> Answers:
    return {name: value.flatten(0, 1) for name, value in found.items()}


def _dense_truth(clips: Sequences) -> tuple[Tensor, Tensor, Tensor]:
    """Return classes, distances and where these are known, at a quarter of the resolution.

    Each value is that of the pixel in the middle of the cell, so that classes stay whole.
    """
    middle = (..., slice(2, None, _DENSE_STRIDE), slice(2, None, _DENSE_STRIDE))
    return (
        clips.classes[middle].flatten(0, 1),
        clips.depth_m[middle].flatten(0, 1),
        clips.depth_valid[middle].flatten(0, 1),
    )


def _mean_iou(found: Tensor, classes: Tensor) -> Tensor:
    known = classes != UNLABELLED
    pairs = classes[known].long() * _CLASSES + found[known]
    counts = torch.bincount(pairs, minlength=_CLASSES**2).view(_CLASSES, _CLASSES).float()
    common = counts.diagonal()
    either = counts.sum(dim=0) + counts.sum(dim=1) - common
    present = counts.sum(dim=1) > 0
    return (common / either.clamp(min=1))[present].mean()


def _scaled_ratio(log_inverse: Tensor, depth_m: Tensor, valid: Tensor) -> Tensor:
    """Return found over true distance after scaling each picture by its median."""
    ratios = []
    for found, truth, known in zip(log_inverse, depth_m, valid, strict=True):
        if bool(known.any()):
            ratio = torch.exp(-found[known]) / truth[known].clamp(min=0.05)
            ratios.append(ratio / ratio.median())
    return (
        torch.cat(ratios) if ratios else functional.pad(log_inverse.new_zeros(0), (0, 1), value=1)
    )
