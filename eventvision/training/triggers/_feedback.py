"""What it costs to end a slice at each of several cells, as the downstream network sees it.

While a slice goes on, the picture of the slice before is shown and gets older; a new slice costs
work. Over a slice of n cells the mean cost of a cell is

    (sum of the errors of the old picture + price of a slice) / n  +  quality * error of the new one

and its minimum is where the slice should have ended: sooner where the scene changes fast, later
where waiting does no harm. The price is what holds the asked rate of slices.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ._downstream import Downstream, Memory, truth_of
from ._streams import CellStream


def costs_of_ends(
    downstream: Downstream,
    stream: CellStream,
    *,
    first: int,
    ends: Sequence[int],
    shown: Tensor | None,
    memory: Memory,
    price: float,
    quality: float,
) -> tuple[Tensor, Tensor, list[Memory]]:
    """Return what slices cost that begin at one cell and end at others.

    Args:
        downstream: Makes pictures of slices.
        stream: What is cut.
        first: First cell of the slice.
        ends: Ends to compare, cells after `first`, growing.
        shown: The picture of the slice before, shape (1, height, width); None at the start, where
            grey is shown.
        memory: What the network remembers of the slices before.
        price: Of a slice, in errors of a cell.
        quality: Weight of the error right after the slice.

    Returns:
        The costs, shape (ends,); the pictures, (ends, 1, height, width); the memory after each.
    """
    pictures, memories = downstream.pictures(stream, memory, [(first, end) for end in ends])
    truth = truth_of(stream, range(first, ends[-1] + 1))
    old = torch.full_like(truth[:1], 0.5) if shown is None else shown[None]
    waited = _errors(old, truth).cumsum(dim=0)
    lengths = torch.tensor([end - first for end in ends])
    fresh = _errors(pictures, truth[lengths])
    return (waited[lengths - 1] + price) / lengths + quality * fresh, pictures, memories


def candidate_ends(spike: int, first: int, last: int, width: int) -> list[int]:
    """Return ends around that of the spike, two either way and `width` cells apart, in order."""
    wanted = (spike + step * width for step in (-2, -1, 0, 1, 2))
    return sorted({min(max(end, first + 1), last) for end in wanted})


def best_ends(costs: Tensor, ends: Sequence[int]) -> int:
    """Return the end of least cost; the earliest where several cost the same."""
    return ends[int(costs.argmin())]


def _errors(found: Tensor, truth: Tensor) -> Tensor:
    return (found - truth).abs().mean(dim=(1, 2, 3))
