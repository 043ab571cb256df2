"""How wrong a grid of boxes is, and the same truth in a mirror."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.training.evaluation import TrueObjects
from eventvision.training.losses import Places, detection_loss

from ._clips import SENSOR
from ._recipe import GraphRecipe


def grid_loss(outputs: Tensor, recipe: GraphRecipe, objects: Sequence[TrueObjects]) -> Tensor:
    """Return the loss of some readings.

    Args:
        outputs: Shape (readings, 5 + classes, rows, columns).
        recipe: Says how large the places of the grid are.
        objects: What is to be found at each reading.
    """
    stride = float(recipe.cell_px * math.prod(recipe.strides))
    places = _places(outputs.shape[2], outputs.shape[3], stride)
    boxes, classes, ignored = _padded(objects)
    parts = detection_loss(outputs.flatten(2).transpose(1, 2), places, boxes, classes, ignored)
    return torch.stack(list(parts.values())).sum()


def mirrored(
    events: NDArray[np.void], objects: Sequence[TrueObjects]
) -> tuple[NDArray[np.void], list[TrueObjects]]:
    """Return events and objects with left and right exchanged."""
    turned = events.copy()
    turned["x"] = SENSOR.width - 1 - events["x"]
    return turned, [_turned(each) for each in objects]


def _turned(objects: TrueObjects) -> TrueObjects:
    boxes = objects.boxes.copy()
    boxes[:, 0] = SENSOR.width - boxes[:, 0] - boxes[:, 2]
    return TrueObjects(boxes, objects.classes, objects.needed)


def _places(rows: int, columns: int, stride: float) -> Places:
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return Places(
        (x.flatten() + 0.5) * stride,
        (y.flatten() + 0.5) * stride,
        torch.full((rows * columns,), stride),
    )


def _padded(objects: Sequence[TrueObjects]) -> tuple[Tensor, Tensor, Tensor]:
    most = max(1, *(len(each.boxes) for each in objects))
    boxes = torch.zeros(len(objects), most, 4)
    classes = torch.full((len(objects), most), -1, dtype=torch.int64)
    ignored = torch.zeros(len(objects), most, dtype=torch.bool)
    for n, each in enumerate(objects):
        count = len(each.boxes)
        boxes[n, :count] = torch.from_numpy(each.boxes)
        classes[n, :count] = torch.from_numpy(each.classes)
        ignored[n, :count] = torch.from_numpy(~each.needed)
    return boxes, classes, ignored
