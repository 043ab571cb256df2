"""Training of a classifier whose answer can be read after any event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.core import Events, SensorSize
from eventvision.graph import GraphNetwork, GraphStream
from eventvision.graph.batch import GraphModel, GraphShape, Runs
from eventvision.training.classification import LabelledRecordings, Score

from ._course import CHECKPOINT, Course
from ._recipe import GraphRecipe

_EARLY = (0.15, 0.9)
_EARLY_WEIGHT = 0.3

Say = Callable[[str], object]


def classifier_shape(recipe: GraphRecipe, sensor: SensorSize) -> GraphShape:
    """Return the network of a recipe for recordings of that size."""
    rows, columns = (-(-side // recipe.cell_px) for side in sensor.shape)
    return GraphShape(
        rules=recipe.rules,
        channels=recipe.channels,
        cell_px=recipe.cell_px,
        memory_us=recipe.memory_us,
        convolutions=recipe.convolutions,
        strides=recipe.strides,
        outputs=len(recipe.classes),
        shows="vector",
        cells=rows * columns,
        relative_to="map",
        leak_us=recipe.leak_us,
        dropout=recipe.dropout,
    )


def train_classifier(
    recipe: GraphRecipe, recordings: LabelledRecordings, folder: Path | None, say: Say
) -> GraphModel:
    """Train a classifier.

    It is asked twice a recording: at its end, and at a moment drawn anew each time, so that it
    learns to tell early.

    Args:
        recipe: What and how.
        recordings: To learn from.
        folder: For the checkpoint; None for none.
        say: Told how it goes after each epoch.
    """
    torch.manual_seed(recipe.seed)
    model = GraphModel(classifier_shape(recipe, recordings.sensor))
    steps = -(-len(recordings) // recipe.batch)
    checkpoint = None if folder is None else folder / CHECKPOINT
    course = Course(model, recipe, steps, checkpoint)
    while course.epoch < recipe.epochs:
        random = np.random.default_rng([recipe.seed, course.epoch])
        changed = recipe.augmentation.apply(recordings, random)
        order, total = random.permutation(len(recordings)), 0.0
        for start in range(0, len(order), recipe.batch):
            loss = _loss(model, recipe, changed, order[start : start + recipe.batch], random)
            course.step(loss)
            total += loss.item()
        course.end_epoch()
        say(f"{recipe.name} {course.epoch}/{recipe.epochs}: loss {total / steps:.3f}")
    return model.eval()


def _loss(
    model: GraphModel,
    recipe: GraphRecipe,
    recordings: LabelledRecordings,
    which: NDArray[np.int64],
    random: np.random.Generator,
) -> Tensor:
    events = [events_of(recordings, int(i)).data for i in which]
    times = []
    for each in events:
        early = each["t"][int(len(each) * random.uniform(*_EARLY))] if len(each) else 0
        last = each["t"][-1] if len(each) else 0
        times.append([int(early), max(int(last), int(early) + 1)])
    runs = Runs.of(recipe.rules, events, times, recordings.sensor, recipe.cell_px)
    labels = torch.from_numpy(recordings.labels[which]).repeat_interleave(2)
    losses = torch.nn.functional.cross_entropy(
        model(runs), labels, label_smoothing=recipe.label_smoothing, reduction="none"
    )
    early, late = losses.view(-1, 2).mean(0)
    loss: Tensor = _EARLY_WEIGHT * early + (1 - _EARLY_WEIGHT) * late
    return loss


def events_of(recordings: LabelledRecordings, number: int) -> Events:
    """Return the events of a recording."""
    first, last = recordings.offsets[number : number + 2]
    return Events(recordings.events[first:last], recordings.sensor)


def score_by_events(
    network: GraphNetwork, recordings: LabelledRecordings, shares: Sequence[float] = (1.0,)
) -> list[Score]:
    """Score the answers after a share of each recording's events, event by event."""
    right = np.zeros(len(shares), np.int64)
    stream = GraphStream(network, recordings.sensor)
    for number, label in enumerate(recordings.labels):
        stream.reset()
        events, done = events_of(recordings, number), 0
        for place, share in enumerate(shares):
            until = max(1, round(share * len(events)))
            stream.push(Events(events.data[done:until], events.sensor))
            done = until
            right[place] += stream.read(int(events.t[until - 1])).argmax() == label
    return [Score(int(count), len(recordings)) for count in right]
