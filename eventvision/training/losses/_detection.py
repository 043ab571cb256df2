"""Which place answers for which object, and how wrong it is (YOLOX, Ge et al., 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_CENTRE = 2.5
"""How far from an object's centre a place may lie to answer for it, in strides."""
_CANDIDATES = 10
"""How many places' overlaps decide how many of them answer for an object."""
_BOX_WEIGHT = 3.0
_FAR = 1e5


@dataclass(frozen=True, slots=True)
class Places:
    """The places of all detection grids, in order.

    Attributes:
        x: float32, shape (places,): centre in pixels.
        y: Likewise.
        stride: float32, shape (places,).
    """

    x: Tensor
    y: Tensor
    stride: Tensor


def places_of(
    height: int, width: int, strides: Sequence[int], device: torch.device | str = "cpu"
) -> Places:
    """Return the places of the grids over an image, row by row, the finest grid first."""
    columns, rows, sizes = [], [], []
    for stride in strides:
        y, x = torch.meshgrid(
            torch.arange(height // stride, device=device),
            torch.arange(width // stride, device=device),
            indexing="ij",
        )
        columns.append((x.flatten() + 0.5) * stride)
        rows.append((y.flatten() + 0.5) * stride)
        sizes.append(torch.full((x.numel(),), float(stride), device=device))
    return Places(torch.cat(columns), torch.cat(rows), torch.cat(sizes))


def boxes_at(outputs: Tensor, places: Places) -> Tensor:
    """Turn a network's outputs into boxes.

    Args:
        outputs: Shape (..., places, 4 or more): offset of the centre from the place, logarithms of
            width and height, in strides.
        places: The places.

    Returns:
        Shape (..., places, 4): x, y, w, h in pixels, (x, y) the top-left corner.
    """
    stride = places.stride
    width = outputs[..., 2].clamp(max=6).exp() * stride
    height = outputs[..., 3].clamp(max=6).exp() * stride
    x = outputs[..., 0] * stride + places.x - width / 2
    y = outputs[..., 1] * stride + places.y - height / 2
    return torch.stack([x, y, width, height], dim=-1)


def detection_loss(
    outputs: Tensor, places: Places, boxes: Tensor, classes: Tensor, ignored: Tensor | None = None
) -> dict[str, Tensor]:
    """Return the parts of the loss of a batch; add them up.

    Each object is answered for by the places with the least cost, as many as its overlaps add up
    to; all other places should say that there is nothing, except those inside ignored objects.

    Args:
        outputs: Shape (N, places, 5 + classes): box as in `boxes_at`, then logits of objectness
            and of the classes.
        places: The places.
        boxes: Shape (N, objects, 4): x, y, w, h in pixels.
        classes: int64, shape (N, objects); -1 where there is no object.
        ignored: bool, shape (N, objects): objects that need not be found, since nothing has been
            seen of them.

    Returns:
        `box` (1 - IoU squared, weighted), `objectness` and `class` (cross-entropies), each summed
        over the batch and divided by the number of answering places.
    """
    found = boxes_at(outputs, places)
    totals = [outputs.new_zeros(()) for _ in range(3)]
    answering = 0
    for n in range(len(outputs)):
        there = classes[n] >= 0
        wanted = there if ignored is None else there & ~ignored[n]
        owner, overlap = assign(outputs[n], found[n], places, boxes[n][wanted], classes[n][wanted])
        positive = owner >= 0
        weight = torch.ones_like(outputs[n, :, 4])
        if ignored is not None and bool((there & ignored[n]).any()):
            weight[_inside(places, boxes[n][there & ignored[n]]).any(dim=1) & ~positive] = 0
        totals[1] = totals[1] + functional.binary_cross_entropy_with_logits(
            outputs[n, :, 4], positive.to(outputs.dtype), weight, reduction="sum"
        )
        if bool(positive.any()):
            answering += int(positive.sum())
            mine = boxes[n][wanted][owner[positive]]
            totals[0] = totals[0] + (1 - paired_iou(found[n][positive], mine).square()).sum()
            target = functional.one_hot(classes[n][wanted][owner[positive]], outputs.shape[2] - 5)
            soft = target * overlap[positive, None]
            totals[2] = totals[2] + functional.binary_cross_entropy_with_logits(
                outputs[n, positive, 5:], soft, reduction="sum"
            )
    count = max(answering, 1)
    names, weights = ("box", "objectness", "class"), (_BOX_WEIGHT, 1.0, 1.0)
    return {
        name: weight * total / count
        for name, weight, total in zip(names, weights, totals, strict=True)
    }


@torch.no_grad()
def assign(
    outputs: Tensor, found: Tensor, places: Places, boxes: Tensor, classes: Tensor
) -> tuple[Tensor, Tensor]:
    """Decide which places answer for which objects (SimOTA).

    Args:
        outputs: Shape (places, 5 + classes).
        found: The boxes there, shape (places, 4).
        places: The places.
        boxes: Objects, shape (objects, 4).
        classes: int64, shape (objects,).

    Returns:
        int64, shape (places,): the object that a place answers for, -1 for none; and the overlap
        (IoU) of its box with it, float32.
    """
    owner = torch.full((len(outputs),), -1, dtype=torch.int64, device=outputs.device)
    overlap = torch.zeros(len(outputs), device=outputs.device)
    if not len(boxes):
        return owner, overlap
    near, inside = _near(places, boxes), _inside(places, boxes)
    usable = (near | inside).any(dim=1).nonzero().flatten()
    if not len(usable):
        return owner, overlap
    iou = pairwise_iou(found[usable], boxes)
    score = outputs[usable, 5:].sigmoid() * outputs[usable, 4:5].sigmoid()
    wanted = functional.one_hot(classes, outputs.shape[1] - 5).float()
    likeness = functional.binary_cross_entropy(
        score.sqrt()[:, None].expand(-1, len(boxes), -1).clamp(0, 1),
        wanted[None].expand(len(usable), -1, -1),
        reduction="none",
    ).sum(dim=2)
    both = near[usable] & inside[usable]
    cost = likeness + 3 * -torch.log(iou + 1e-8) + _FAR * ~both
    most = min(_CANDIDATES, len(usable))
    counts = iou.topk(most, dim=0).values.sum(dim=0).int().clamp(min=1)
    chosen = torch.zeros_like(cost, dtype=torch.bool)
    for k in range(len(boxes)):
        best = cost[:, k].topk(min(int(counts[k]), len(usable)), largest=False).indices
        chosen[best, k] = True
    cheapest = torch.where(chosen, cost, torch.inf).min(dim=1)
    answers = chosen.any(dim=1)
    owner[usable[answers]] = cheapest.indices[answers]
    overlap[usable[answers]] = iou[answers, cheapest.indices[answers]]
    return owner, overlap


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the overlap of each box (x, y, w, h) of a with each of b, shape (len(a), len(b))."""
    return paired_iou(a[:, None], b[None])


def paired_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes (..., 4) that belong together."""
    low = torch.maximum(a[..., :2], b[..., :2])
    high = torch.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = (high - low).clamp(min=0).prod(dim=-1)
    union = a[..., 2:].prod(dim=-1) + b[..., 2:].prod(dim=-1) - common
    return common / union.clamp(min=1e-6)


def _inside(places: Places, boxes: Tensor) -> Tensor:
    """Tell which places lie inside which boxes, shape (places, boxes)."""
    x, y = places.x[:, None], places.y[:, None]
    return (
        (x >= boxes[:, 0])
        & (x < boxes[:, 0] + boxes[:, 2])
        & (y >= boxes[:, 1])
        & (y < boxes[:, 1] + boxes[:, 3])
    )


def _near(places: Places, boxes: Tensor) -> Tensor:
    """Tell which places lie near the centres of which boxes, shape (places, boxes)."""
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    reach = _CENTRE * places.stride[:, None]
    across = (places.x[:, None] - centre[:, 0]).abs() < reach
    return across & ((places.y[:, None] - centre[:, 1]).abs() < reach)
