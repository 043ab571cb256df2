"""Edges as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eventvision.core import Events
from eventvision.graph._edges import Edges
from eventvision.graph._rules import GraphRules


@dataclass(frozen=True, slots=True)
class TensorEdges:
    """Edges on a device; fields are those of `Edges`.

    Attributes:
        arrays: The same as arrays in main memory.
        sources: (N, most), int32.
        kinds: (N, most), int16.
        counts: (N,), uint8.
        there: 1 where there is a neighbour, else 0: (N, most, 1), float32.
        offsets: Offset by kind, without polarity, int64.
    """

    arrays: Edges
    sources: Tensor
    kinds: Tensor
    counts: Tensor
    there: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, rules: GraphRules, events: Events, device: torch.device | str) -> TensorEdges:
        """Find the neighbours of all events, which nothing came before."""
        arrays = Edges.of(rules, events)
        counts = torch.from_numpy(arrays.counts)
        return cls(
            arrays=arrays,
            sources=torch.from_numpy(arrays.sources).to(device),
            kinds=torch.from_numpy(arrays.kinds).to(device),
            counts=counts.to(device),
            there=(torch.arange(rules.neighbours) < counts[:, None]).float()[..., None].to(device),
            offsets=torch.arange(len(rules.offsets())).repeat_interleave(rules.ages).to(device),
        )
