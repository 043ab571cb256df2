"""What it costs to end a slice at each of several cells, as the downstream network sees it.

While a slice goes on, the answer to the slice before is shown and gets older; a new slice costs
work. Over a slice of n cells the mean cost of a cell is

    (sum of the errors of the old answer + price of a slice) / n  +  quality * error of the new one

and its minimum is where the slice should have ended: sooner where the scene changes fast, later
where waiting does no harm. The price is what holds the asked rate of slices.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ._downstream import Answer, Downstream, Memory
from ._places import Cut, Place, followed
from ._recipe import TriggerRecipe
from ._streams import CellStream


class Near:
    """Lets a network downstream compare ends around that of the spike.

    Args:
        downstream: The network.
        recipe: Says what a slice may last, what it costs and how often it is asked for.
    """

    def __init__(self, downstream: Downstream, recipe: TriggerRecipe) -> None:
        self._downstream, self._recipe = downstream, recipe

    def cut(self, place: Place, cells: int, width: int) -> Cut:
        """See `Teacher`."""
        recipe, course = self._recipe, place.course
        end, last = place.first + cells, place.first + recipe.most_cells
        ends = candidate_ends(end, place.first, last, width)
        costs, answers, memories = costs_of_ends(
            self._downstream, course.stream, first=place.first, ends=ends, shown=place.shown,
            memory=place.memory, price=course.price, quality=recipe.quality,
        )  # fmt: skip
        best = best_ends(costs, ends) - place.first
        course.price = followed(course.price, best, recipe.asked_cells)
        taken = ends.index(end)
        place.first, place.shown, place.memory = end, answers[taken], memories[taken]
        return Cut(best - 1, float(costs[taken]))


def costs_of_ends(
    downstream: Downstream,
    stream: CellStream,
    *,
    first: int,
    ends: Sequence[int],
    shown: Answer,
    memory: Memory,
    price: float,
    quality: float,
) -> tuple[Tensor, list[Answer], list[Memory]]:
    """Return what slices cost that begin at one cell and end at others.

    Args:
        downstream: Answers to slices.
        stream: What is cut.
        first: First cell of the slice.
        ends: Ends to compare, cells after `first`, growing.
        shown: The answer to the slice before; None at the start.
        memory: What the network remembers of the slices before.
        price: Of a slice, in errors of a cell.
        quality: Weight of the error right after the slice.

    Returns:
        The costs, shape (ends,); the answers; the memory after each.
    """
    answers, memories = downstream.answers(stream, memory, [(first, end) for end in ends])
    waited = downstream.errors(stream, shown, range(first, ends[-1])).cumsum(dim=0)
    lengths = torch.tensor([end - first for end in ends])
    fresh = torch.cat(
        [
            downstream.errors(stream, answer, range(end, end + 1))
            for answer, end in zip(answers, ends, strict=True)
        ]
    )
    return (waited[lengths - 1] + price) / lengths + quality * fresh, answers, memories


def candidate_ends(spike: int, first: int, last: int, width: int) -> list[int]:
    """Return ends around that of the spike, two either way and `width` cells apart, in order."""
    wanted = (spike + step * width for step in (-2, -1, 0, 1, 2))
    return sorted({min(max(end, first + 1), last) for end in wanted})


def best_ends(costs: Tensor, ends: Sequence[int]) -> int:
    """Return the end of least cost; the earliest where several cost the same."""
    return ends[int(costs.argmin())]
