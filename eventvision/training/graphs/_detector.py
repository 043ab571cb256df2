"""Training and scoring of a detector whose boxes can be read after any event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.core import Detections, Slice
from eventvision.graph import GraphNetwork, GraphStream, GridSettings, grid_objects
from eventvision.graph.batch import GraphModel, GraphShape, Runs
from eventvision.simulation import DETECTION_CLASSES
from eventvision.tasks import Detection
from eventvision.training.evaluation import BoxTally, TrueObjects

from ._clips import SENSOR, WARM_UP_US, Clip, kept_clips
from ._course import CHECKPOINT, Course
from ._grid_loss import grid_loss, mirrored
from ._head_training import train_head
from ._recipe import GraphRecipe

_BOX_FIELDS = 5
_READINGS = 3
_MOST_EVENTS = 60_000
_FIRST_SEED, _FIRST_HELD_OUT_SEED = 100, 900
_ANY_SCORE = GridSettings(least_score=0.02, most_objects=64)

Say = Callable[[str], object]


def detector_shape(recipe: GraphRecipe) -> GraphShape:
    """Return the network of a recipe."""
    return GraphShape(
        rules=recipe.rules,
        channels=recipe.channels,
        cell_px=recipe.cell_px,
        memory_us=recipe.memory_us,
        convolutions=recipe.convolutions,
        strides=recipe.strides,
        outputs=_BOX_FIELDS + len(recipe.classes),
        shows="grid",
        relative_to="cell",
        leak_us=recipe.leak_us,
        dropout=recipe.dropout,
    )


def train_detector(
    recipe: GraphRecipe, clips_folder: Path, folder: Path, say: Say
) -> tuple[GraphModel, list[Clip]]:
    """Train a detector on simulated clips.

    Args:
        recipe: What and how.
        clips_folder: Where clips are kept.
        folder: For the checkpoint.
        say: Told how it goes after each epoch.

    Returns:
        The model, and the clips that it learned from.
    """
    if recipe.classes != DETECTION_CLASSES:
        raise ValueError(f"the simulator's classes are {', '.join(DETECTION_CLASSES)}")
    clips = kept_clips(clips_folder, cast_of(recipe.clips, _FIRST_SEED))
    torch.manual_seed(recipe.seed)
    model = GraphModel(detector_shape(recipe))
    with torch.no_grad():
        model.head.last.bias[4] = -4.0
    windows = sum(len(_starts(clip, recipe.window_us)) for clip in clips)
    steps = -(-windows // recipe.batch)
    course = Course(model, recipe, steps, folder / CHECKPOINT)
    while course.epoch < recipe.epochs:
        random = np.random.default_rng([recipe.seed, course.epoch])
        total = 0.0
        for batch in _batches(clips, recipe, random):
            loss = _loss(model, recipe, batch)
            course.step(loss)
            total += loss.item()
        course.end_epoch()
        say(f"{recipe.name} {course.epoch}/{recipe.epochs}: loss {total / steps:.3f}")
    if recipe.head_epochs:
        clips += kept_clips(clips_folder, cast_of(recipe.head_clips, _FIRST_SEED))
        train_head(model, recipe, clips, folder, say)
    return model.eval(), clips


def cast_of(numbers: dict[str, int], first_seed: int) -> list[tuple[str, int]]:
    """Return scene and seed of each clip."""
    return [(s, first_seed + i) for s, count in sorted(numbers.items()) for i in range(count)]


@dataclass(frozen=True, slots=True)
class _Window:
    events: NDArray[np.void]
    times: list[int]
    objects: list[TrueObjects]


def _starts(clip: Clip, window_us: int) -> NDArray[np.int64]:
    return np.arange(0, int(clip.t_us[-1]) - window_us + 1, window_us)


def _batches(
    clips: Sequence[Clip], recipe: GraphRecipe, random: np.random.Generator
) -> Iterator[list[_Window]]:
    places = [(clip, int(t)) for clip in clips for t in _starts(clip, recipe.window_us)]
    order = random.permutation(len(places))
    for first in range(0, len(order), recipe.batch):
        chosen = [places[int(i)] for i in order[first : first + recipe.batch]]
        yield [_window(clip, start_us, recipe.window_us, random) for clip, start_us in chosen]


def _window(clip: Clip, start_us: int, window_us: int, random: np.random.Generator) -> _Window:
    """Return a stretch of a clip with its last truths, mirrored left to right half of the time."""
    ends = np.flatnonzero(clip.t_us <= start_us + window_us)[-_READINGS:]
    until_us = int(clip.t_us[ends[-1]])
    data = clip.events.between(start_us, until_us + 1).data[-_MOST_EVENTS:]
    objects = [clip.objects[i] for i in ends]
    if random.random() < 0.5:
        data, objects = mirrored(data, objects)
    return _Window(data, [int(clip.t_us[i]) for i in ends], objects)


def _loss(model: GraphModel, recipe: GraphRecipe, batch: list[_Window]) -> Tensor:
    runs = Runs.of(
        recipe.rules, [w.events for w in batch], [w.times for w in batch], SENSOR, recipe.cell_px
    )
    return grid_loss(model(runs), recipe, [each for window in batch for each in window.objects])


def score_detector(network: GraphNetwork, recipe: GraphRecipe, clips_folder: Path) -> Iterator[str]:
    """Yield lines of AP50 on held-out clips, beside clusters read at the same moments."""
    clips = kept_clips(clips_folder, cast_of(recipe.held_out, _FIRST_HELD_OUT_SEED))
    finders: dict[str, Callable[[Clip], Iterator[Detections]]] = {
        "graph": lambda clip: _graph_boxes(network, recipe, clip),
        "clusters": _cluster_boxes,
    }
    for name, find in finders.items():
        tally = BoxTally(len(clips), recipe.classes if name == "graph" else ())
        for number, clip in enumerate(clips):
            for t_us, found, truth in zip(clip.t_us, find(clip), clip.objects, strict=True):
                if t_us > WARM_UP_US:
                    tally.add(number, found, truth)
        scores = tally.score(np.ones(len(clips)))
        yield f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items())


def _graph_boxes(network: GraphNetwork, recipe: GraphRecipe, clip: Clip) -> Iterator[Detections]:
    stream = GraphStream(network, clip.events.sensor)
    stride = network.cell_px * network.head.stride
    for part, t_us in clip.parts():
        stream.push(part)
        output = stream.read(t_us)
        yield grid_objects(output, stride, clip.events.sensor, recipe.classes, _ANY_SCORE)


def _cluster_boxes(clip: Clip) -> Iterator[Detections]:
    """Read the clusters, which look at slices, at the same moments: 20 ms each."""
    task, before = Detection(clip.events.sensor), 0
    for number, (part, t_us) in enumerate(clip.parts()):
        yield task.step(Slice(number, part, before, t_us, "time"), {})
        before = t_us
