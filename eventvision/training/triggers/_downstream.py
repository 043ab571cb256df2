"""What slices are for: an answer that is shown until the next slice ends, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ._streams import CellStream

Answer = Any
"""What a network makes of a slice: a picture, boxes, or both; None where none has ended yet."""

Memory = dict[str, Any]
"""What a network remembers."""

Span = tuple[int, int]


class Downstream(Protocol):
    """A frozen network that answers come from."""

    def answers(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[list[Answer], list[Memory]]:
        """Return the answers to slices that all follow the same past.

        Args:
            stream: What is cut.
            memory: What is remembered of the slices before; empty at the start.
            spans: First cell and end of each slice.

        Returns:
            The answers, and what is remembered after each slice.
        """

    def errors(self, stream: CellStream, answer: Answer, edges: range) -> Tensor:
        """Return how wrong an answer is if it is shown at edges of cells, shape (edges,)."""


class Change:
    """Shows what was true when the slice ended: only age makes it wrong. Favours no task."""

    def answers(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[list[Answer], list[Memory]]:
        """See `Downstream`."""
        return list(_truth_of(stream, [end for _, end in spans])), [memory for _ in spans]

    def errors(self, stream: CellStream, answer: Answer, edges: range) -> Tensor:
        """See `Downstream`."""
        return picture_errors(stream, answer, edges)


class Several:
    """Several networks side by side; their errors add up.

    Args:
        parts: The networks.
    """

    def __init__(self, parts: Sequence[Downstream]) -> None:
        self._parts = list(parts)

    def answers(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[list[Answer], list[Memory]]:
        """See `Downstream`."""
        found = [
            part.answers(stream, memory.get(str(number), {}), spans)
            for number, part in enumerate(self._parts)
        ]
        answers = list(zip(*(each for each, _ in found), strict=True))
        memories = [
            {str(number): memory for number, memory in enumerate(each)}
            for each in zip(*(each for _, each in found), strict=True)
        ]
        return answers, memories

    def errors(self, stream: CellStream, answer: Answer, edges: range) -> Tensor:
        """See `Downstream`."""
        answers = [None] * len(self._parts) if answer is None else answer
        found = [
            part.errors(stream, each, edges)
            for part, each in zip(self._parts, answers, strict=True)
        ]
        return torch.stack(found).sum(dim=0)


def picture_errors(stream: CellStream, picture: Tensor | None, edges: range) -> Tensor:
    """Return mean absolute differences between a picture and the scene at edges of cells.

    Args:
        stream: Of the scene.
        picture: Shape (1, height, width), 0 to 1; grey if there is none.
        edges: Edges of cells.
    """
    truth = _truth_of(stream, edges)
    shown = torch.full_like(truth[:1], 0.5) if picture is None else picture[None]
    return (shown - truth).abs().mean(dim=(1, 2, 3))


def _truth_of(stream: CellStream, edges: Sequence[int]) -> Tensor:
    """Return what the scene looked like at edges of cells, 0 to 1, shape (n, 1, height, width)."""
    return torch.from_numpy(stream.shades[np.asarray(edges)])[:, None].float() / 255
