"""Frozen networks downstream: pictures and boxes as the shipped models make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError, Detections, load_card
from eventvision.representations import VoxelGrid
from eventvision.spiking import nn
from eventvision.training.evaluation import overlaps, results_of
from eventvision.training.losses import scaled
from eventvision.training.networks import normalised
from eventvision.training.scenes import build_network, load_scene_recipe, load_weights

from ._downstream import (
    Answer,
    Change,
    Downstream,
    Memory,
    Several,
    Span,
    picture_errors,
)
from ._recipe import CHANGE
from ._streams import CellStream

_BINS = 5
"""Planes of the voxel grids that the networks see."""

_SURE = 0.05
"""Boxes of lower scores are left out."""


class _Frozen:
    """A network that is not changed.

    Args:
        network: The network.
        multiple: Height and width of what it sees are multiples of this.
    """

    def __init__(self, network: torch_nn.Module, *, multiple: int) -> None:
        self._network, self._multiple = network.eval(), multiple

    def _step(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[Any, list[Memory]]:
        """Let copies of the network that remember the same take a slice each."""
        sensor = stream.events.sensor
        voxels = VoxelGrid(sensor, bins=_BINS)
        grids = [torch.from_numpy(voxels.render(stream.slice(*span)).copy()) for span in spans]
        right, below = -sensor.width % self._multiple, -sensor.height % self._multiple
        events = functional.pad(torch.stack(grids), (0, right, 0, below))
        _put(self._network, memory, len(spans))
        return self._network(normalised(events)), _taken(self._network, len(spans))


class Reconstruction(_Frozen):
    """Shows what a reconstruction network makes of the slices."""

    @torch.no_grad()
    def answers(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[list[Answer], list[Memory]]:
        """See `Downstream`."""
        sensor = stream.events.sensor
        found, memories = self._step(stream, memory, spans)
        return list(scaled(found[..., : sensor.height, : sensor.width])), memories

    def errors(self, stream: CellStream, answer: Answer, edges: range) -> Tensor:
        """See `Downstream`."""
        return picture_errors(stream, answer, edges)


class Detection(_Frozen):
    """Shows the boxes that a detection network finds in the slices.

    What is wrong with them is one less twice the overlap of boxes and objects by the number of
    both, where a box counts as much as its score; classes do not matter.
    """

    @torch.no_grad()
    def answers(
        self, stream: CellStream, memory: Memory, spans: Sequence[Span]
    ) -> tuple[list[Answer], list[Memory]]:
        """See `Downstream`."""
        found, memories = self._step(stream, memory, spans)
        boxes = [
            results_of({"detection": each[None].numpy()}, stream.events.sensor)["detection"]
            for each in found["detection"]
        ]
        return boxes, memories

    def errors(self, stream: CellStream, answer: Answer, edges: range) -> Tensor:
        """See `Downstream`."""
        return torch.tensor([box_error(answer, stream.boxes_at(edge)) for edge in edges])


def box_error(found: Detections | None, objects: NDArray[np.float32]) -> float:
    """Return 0 where every box covers an object and each has one, 1 where none does.

    Args:
        found: Boxes; none at the start.
        objects: True boxes, shape (N, 4): x, y, width, height.
    """
    if not len(objects):
        return 0.0
    if found is None:
        return 1.0
    sure = found.scores >= _SURE
    scores = found.scores[sure]
    if not scores.size:
        return 1.0
    covered = float((overlaps(objects, found.boxes[sure]) * scores).max(axis=1).sum())
    return 1 - 2 * covered / (len(objects) + float(scores.sum()))


def open_downstream(names: str) -> Downstream:
    """Return the downstream networks of a recipe.

    Args:
        names: Models by name or folder with `+` between them, or `change`.

    Raises:
        ConfigError: If one is no reconstruction and no detection.
        ModelError: If there is no such model.
    """
    parts = [_opened(name.strip()) for name in names.split("+")]
    return parts[0] if len(parts) == 1 else Several(parts)


def _opened(name: str) -> Downstream:
    if name == CHANGE:
        return Change()
    card = load_card(name)
    if card.task not in ("reconstruction", "perception"):
        raise ConfigError(
            "downstream", name, f"a reconstruction model, one of perception, or {CHANGE}"
        )
    network = build_network(load_scene_recipe(card.folder / "recipe.toml"))
    load_weights(network, card.artifact("safetensors"))
    kind = Reconstruction if card.task == "reconstruction" else Detection
    return kind(network, multiple=card.multiple)


def _put(network: torch_nn.Module, memory: Memory, copies: int) -> None:
    """Let all copies begin with the same state."""
    nn.reset(network)
    for path, neuron in nn.neurons(network):
        if path in memory:
            neuron.state = {
                name: value.expand(copies, *value.shape[1:]) for name, value in memory[path].items()
            }


def _taken(network: torch_nn.Module, copies: int) -> list[Memory]:
    """Return the state of each copy."""
    states = {path: neuron.state or {} for path, neuron in nn.neurons(network)}
    return [
        {
            path: {name: value[copy : copy + 1] for name, value in state.items()}
            for path, state in states.items()
        }
        for copy in range(copies)
    ]
