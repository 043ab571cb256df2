"""The second part of a detector's training: the layers stay as they are, the head goes on.

Running the layers forwards and backwards over every event is what makes training slow; running
them forwards only is a matter of a microsecond. So each clip and its mirror image go through the
finished layers once, the maps at all truths are kept, and the head sees them over and over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eventvision.core import Events
from eventvision.graph import GraphNetwork, GraphStream
from eventvision.graph.batch import GraphModel
from eventvision.training.evaluation import TrueObjects

from ._clips import WARM_UP_US, Clip
from ._course import Course
from ._grid_loss import grid_loss, mirrored
from ._recipe import GraphRecipe

CHECKPOINT = "head.pt"
_READINGS = 16


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the head sees at a truth, float16 (channels, rows, columns), and what is true."""

    seen: Tensor
    objects: TrueObjects


def train_head(
    model: GraphModel,
    recipe: GraphRecipe,
    clips: Sequence[Clip],
    folder: Path,
    say: Callable[[str], object],
) -> None:
    """Let the head of a detector learn on.

    Args:
        model: Its layers have learned.
        recipe: How long.
        clips: To learn from.
        folder: For the checkpoint.
        say: Told how it goes after each epoch.
    """
    readings = list(_readings(model, clips))
    steps = -(-len(readings) // _READINGS)
    course = Course(model.head, recipe, steps, folder / CHECKPOINT, epochs=recipe.head_epochs)
    model.head.train()
    while course.epoch < recipe.head_epochs:
        order = np.random.default_rng([recipe.seed, 1, course.epoch]).permutation(len(readings))
        total = 0.0
        for first in range(0, len(order), _READINGS):
            batch = [readings[int(i)] for i in order[first : first + _READINGS]]
            seen = torch.stack([each.seen for each in batch]).float()
            loss = grid_loss(model.head.told(seen), recipe, [each.objects for each in batch])
            course.step(loss)
            total += loss.item()
        course.end_epoch()
        say(f"{recipe.name}, head {course.epoch}/{recipe.head_epochs}: loss {total / steps:.3f}")


@torch.no_grad()
def _readings(model: GraphModel, clips: Sequence[Clip]) -> Iterator[_Reading]:
    network = model.eval().network()
    for clip in clips:
        yield from _of_clip(model, network, clip)
        data, objects = mirrored(clip.events.data, clip.objects)
        turned = Clip(Events(data, clip.events.sensor), clip.t_us, tuple(objects))
        yield from _of_clip(model, network, turned)


def _of_clip(model: GraphModel, network: GraphNetwork, clip: Clip) -> Iterator[_Reading]:
    stream = GraphStream(network, clip.events.sensor)
    for (part, t_us), objects in zip(clip.parts(), clip.objects, strict=True):
        stream.push(part)
        if t_us > WARM_UP_US:
            sums, counts = (torch.from_numpy(each)[None] for each in stream.map.at(t_us))
            yield _Reading(model.head.scaled(sums, counts)[0].half(), objects)
