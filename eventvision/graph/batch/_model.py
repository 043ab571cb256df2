"""A graph network to train: the same layers, map and head, as torch modules."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from eventvision.graph._fade import Fade
from eventvision.graph._head import Head, Shows
from eventvision.graph._network import POLARITIES, Aggregate, GraphLayer, GraphNetwork
from eventvision.graph._rules import GraphRules

from ._edges import TensorEdges
from ._functions import fire, largest, message_sums, messages, row_sums
from ._runs import Runs


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphShape:
    """What a network is like.

    Attributes:
        rules: Who sees whom.
        channels: Channels of each layer; multiples of 16 train fastest.
        aggregate: `sum` or `max`; spiking networks sum.
        cell_px: Side of the map's cells.
        memory_us: With which the map forgets.
        convolutions: Channels of the head's convolutions.
        strides: Of the convolutions, 1 or 2 each; all 1 if left out.
        outputs: Numbers that come out.
        shows: `vector` or `grid`.
        cells: Cells of the map, for a vector.
        relative_to: What the map is divided by, see `Head`.
        leak_us: None for ReLU; see `GraphNetwork`.
        dropout: Share of the last layer's inputs left out in training.
    """

    rules: GraphRules = field(default_factory=GraphRules)
    channels: tuple[int, ...] = (16, 16)
    aggregate: Aggregate = "sum"
    cell_px: int = 4
    memory_us: int = 200_000
    convolutions: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    outputs: int = 10
    shows: Shows = "vector"
    cells: int = 81
    relative_to: Literal["map", "cell"] = "map"
    leak_us: int | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.leak_us is not None and self.aggregate != "sum":
            raise ValueError("spiking networks sum their messages")


class GraphModel(nn.Module):
    """A graph network that learns.

    Args:
        shape: What it is like.
    """

    def __init__(self, shape: GraphShape) -> None:
        super().__init__()
        self.shape = shape
        channels = [POLARITIES, *shape.channels]
        self.layers = nn.ModuleList(
            Layer(shape, inputs, outputs, is_first=number == 0)
            for number, (inputs, outputs) in enumerate(itertools.pairwise(channels))
        )
        self.head = HeadModule(shape)
        self._fade = Fade(shape.memory_us)

    def forward(self, runs: Runs) -> Tensor:
        """Return what the head says at the readings: (readings, outputs[, rows, columns])."""
        return self.head(*self.maps(runs))  # type: ignore[no-any-return]

    def nodes(self, runs: Runs) -> Tensor:
        """Return the last layer's features of all events, (N, channels)."""
        left = None
        if self.shape.leak_us is not None:
            left = runs.left_of_previous(Fade(self.shape.leak_us))
        features = runs.polarity
        for layer in self.layers:
            features = layer(features, runs.edges, left)
        return features

    def maps(self, runs: Runs) -> tuple[Tensor, Tensor]:
        """Return the map at the readings: (readings, rows, columns, channels), and counts."""
        nodes = self.nodes(runs)
        ones = torch.cat([nodes, torch.ones_like(nodes[:, :1])], 1)
        sums = runs.gathered(ones, self._fade)
        return sums[..., :-1], sums[..., -1]

    @torch.no_grad()
    def network(self) -> GraphNetwork:
        """Return the network as plain float32 arrays, normalisation folded into the weights."""
        shape = self.shape
        return GraphNetwork(
            rules=shape.rules,
            layers=tuple(layer.folded() for layer in cast("Iterable[Layer]", self.layers)),
            cell_px=shape.cell_px,
            memory_us=shape.memory_us,
            head=self.head.folded(),
            leak_us=shape.leak_us,
        )


class Layer(nn.Module):
    """One layer, with batch normalisation before the ReLU or the potentials."""

    def __init__(self, shape: GraphShape, inputs: int, outputs: int, *, is_first: bool) -> None:
        super().__init__()
        rules = shape.rules
        offsets = len(rules.offsets())
        self._is_first, self._is_max = is_first, shape.aggregate == "max"
        self._is_spiking, self._aggregate = shape.leak_us is not None, shape.aggregate
        spread = (inputs * min(rules.neighbours, offsets)) ** -0.5
        self.weight = nn.Parameter(torch.randn(offsets, inputs, outputs) * spread)
        # Spiking layers behind the first send nothing where nothing fired.
        self._has_place = is_first or not self._is_spiking
        self.place = nn.Parameter(torch.zeros(offsets, rules.ages, outputs))
        self.place.requires_grad_(self._has_place)
        self.root = nn.Parameter(torch.randn(inputs, outputs) * inputs**-0.5)
        self.norm = nn.BatchNorm1d(outputs)
        if self._is_spiking:
            nn.init.constant_(self.norm.weight, 0.7)
            nn.init.constant_(self.norm.bias, 0.3)

    def forward(self, features: Tensor, edges: TensorEdges, left: Tensor | None) -> Tensor:
        """Return the features that come out, (N, outputs)."""
        z = self.norm(features @ self.root + self._aggregated(features, edges))
        if left is not None:
            return fire(z, edges, left)
        return torch.relu(z)

    def _aggregated(self, features: Tensor, edges: TensorEdges) -> Tensor:
        table = self.place.flatten(0, 1)
        if self._is_first:
            table = (self.place[:, :, None] + self.weight[:, None]).flatten(0, 2)
            if self._is_max:
                return largest(table[edges.kinds.long()], edges)
            return row_sums(table, edges)
        if self._is_max:
            return largest(messages(features, self.weight, table, edges), edges)
        return message_sums(features, self.weight, table, edges)

    def folded(self) -> GraphLayer:
        """Return the layer with its normalisation in the weights."""
        norm = self.norm
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError("the normalisation keeps no averages")
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        if self._is_max and bool((scale < 0).any()):
            raise ValueError("a negative scale cannot be folded into a maximum: train again")
        return GraphLayer(
            weight=_array(self.weight * scale),
            place=_array(self.place * scale),
            root=_array(self.root * scale),
            bias=_array(norm.bias - norm.running_mean * scale),
            aggregate=self._aggregate,
        )


class HeadModule(nn.Module):
    """The head; see `Head`."""

    def __init__(self, shape: GraphShape) -> None:
        super().__init__()
        self._shape = shape
        channels = [shape.channels[-1] + 1, *shape.convolutions]
        strides = shape.strides or (1,) * len(shape.convolutions)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=1, stride=stride)
            for (inputs, outputs), stride in zip(itertools.pairwise(channels), strides, strict=True)
        )
        width = channels[-1] * (shape.cells if shape.shows == "vector" else 1)
        self.last = nn.Linear(width, shape.outputs)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, sums: Tensor, counts: Tensor) -> Tensor:
        """Return (readings, outputs) or (readings, outputs, rows, columns)."""
        return self.told(self.scaled(sums, counts))

    def told(self, x: Tensor) -> Tensor:
        """Return the same, told by what `scaled` gave."""
        for convolution in self.convolutions:
            x = torch.relu(convolution(x))
        if self._shape.shows == "vector":
            return self.last(self.dropout(x.flatten(1)))  # type: ignore[no-any-return]
        return self.last(self.dropout(x.movedim(1, -1))).movedim(-1, 1)  # type: ignore[no-any-return]

    def scaled(self, sums: Tensor, counts: Tensor) -> Tensor:
        """Return the map as the convolutions see it, (readings, channels + 1, rows, columns)."""
        if self._shape.relative_to == "map":
            mean = counts.mean((1, 2), keepdim=True)[..., None]
            return (torch.cat([sums, counts[..., None]], 3) / (mean + 1)).movedim(3, 1)
        sums = sums / (counts[..., None] + 1)
        return torch.cat([sums, torch.log1p(counts)[..., None]], 3).movedim(3, 1)

    def folded(self) -> Head:
        """Return the head as plain arrays."""
        convolutions: Sequence[nn.Conv2d] = list(self.convolutions)  # type: ignore[arg-type]
        return Head(
            convolutions=tuple((_array(c.weight), _bias(c)) for c in convolutions),
            weight=_array(self.last.weight),
            bias=_bias(self.last),
            shows=self._shape.shows,
            relative_to=self._shape.relative_to,
            inputs=self._shape.channels[-1] + 1,
            strides=self._shape.strides,
        )


def _array(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return tensor.detach().cpu().float().contiguous().numpy().copy()


def _bias(module: nn.Conv2d | nn.Linear) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros(0, np.float32) if module.bias is None else _array(module.bias)
