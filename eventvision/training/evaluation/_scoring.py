"""Lets methods loose on a frozen set and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Detections, Image, Result, Segmentation
from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._bootstrap import ROUNDS, Estimate, MeanTally, Tally, estimates
from ._box_scores import BoxTally
from ._depth_scores import countable, depth_scores
from ._methods import Method
from ._picture_scores import picture_scores
from ._sequence import Truth, ValidationSequence
from ._surface_scores import SurfaceTally

START_US = 250_000
"""What is true before this time counts as seen just after a start, and is listed apart."""

SEEN = "reconstruction, pixels that have seen events"
"""Name of the scores of pictures over these pixels alone; of the others, nothing can be known."""

_NEAR_PX, _LEAST_EVENTS = 3, 4
_LEAST_SEEN = 0.02

Estimates = dict[str, dict[str, Estimate]]
"""Scores with intervals, by task and name."""

Watcher = Callable[[int, ValidationSequence, Truth, Mapping[str, Mapping[str, Result]]], None]
"""Called at each instant of truth with the number of the sequence and results by method."""


class SequenceSource(Protocol):
    """A `ValidationSet`, or a list of sequences."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[ValidationSequence]: ...


@dataclass(frozen=True, slots=True)
class MethodScores:
    """What a method scored.

    Attributes:
        name: Its name.
        settled: From a quarter of a second after the start on.
        start: Before that.
        groups: Values by group of sequences, then task and name; see `group_names`.
    """

    name: str
    settled: Estimates
    start: Estimates
    groups: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)


def evaluate(
    sequences: SequenceSource,
    methods: Sequence[Method],
    *,
    slicer: str | None = None,
    rounds: int = ROUNDS,
    watch: Watcher | None = None,
) -> list[MethodScores]:
    """Score methods on sequences.

    Args:
        sequences: What to score on.
        methods: What to compare.
        slicer: Cuts the events its own way, as `parse_slicer` reads it; None takes the slices of
            the sequences, whose lengths vary.
        rounds: How often sequences are drawn for the confidence intervals; 0 for none.
        watch: Is shown what was found.

    Raises:
        ConfigError: If the slicer is not known.
        FormatError: If the set is damaged.
    """
    scorers = [_Scorer(method.name, len(sequences)) for method in methods]
    names = []
    for number, sequence in enumerate(sequences):
        names.append(sequence.name)
        for method in methods:
            method.start(sequence.sensor)
        touched = np.zeros(sequence.sensor.shape, np.int64)
        for slice_, truth in sequence.slices(slicer):
            found = [method.step(slice_) for method in methods]
            np.add.at(touched, (slice_.events.y, slice_.events.x), 1)
            if truth is None:
                continue
            seen = _nearby(touched)
            for scorer, results in zip(scorers, found, strict=True):
                scorer.add(number, results, truth, seen)
            if watch is not None:
                watch(number, sequence, truth, dict(zip(
                    (method.name for method in methods), found, strict=True)))  # fmt: skip
    return [scorer.scores(names, rounds) for scorer in scorers]


def group_names(name: str) -> tuple[str, ...]:
    """Return the groups that a sequence belongs to: its scene, thresholds and speed.

    >>> group_names("07-street-photo-0.3-2x")
    ('scene street-photo', 'threshold 0.3', 'speed 2x')
    """
    _, _, rest = name.partition("-")
    scene, _, rest = rest.rpartition("-")
    scene, _, threshold = scene.rpartition("-")
    return f"scene {scene}", f"threshold {threshold}", f"speed {rest}"


def _nearby(touched: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return pixels within 3 pixels of those that noise alone does not explain."""
    import cv2

    side = 2 * _NEAR_PX + 1
    busy = (touched >= _LEAST_EVENTS).astype(np.uint8)
    return np.asarray(cv2.dilate(busy, np.ones((side, side), np.uint8)) > 0)


class _Tallies:
    """Counts of one method, by task.

    Args:
        sequences: Number of sequences.
    """

    def __init__(self, sequences: int) -> None:
        self._sequences = sequences
        self._means: dict[str, MeanTally] = {}
        self._surfaces: dict[str, SurfaceTally] = {}
        self._boxes: dict[str, BoxTally] = {}

    def add(
        self, task: str, sequence: int, result: Result, truth: Truth, seen: NDArray[np.bool_]
    ) -> None:
        """Count a result; kinds of results that have no truth are passed over."""
        match result:
            case Image(pixels=pixels):
                self._mean(task).add(sequence, picture_scores(pixels, truth.shade))
                if seen.mean() >= _LEAST_SEEN:
                    self._mean(SEEN).add(sequence, picture_scores(pixels, truth.shade, seen))
            case Depth(depth=depth) if countable(truth.depth_m).any():
                self._mean(task).add(sequence, depth_scores(depth, truth.depth_m))
            case Segmentation(mask=mask):
                if task not in self._surfaces:
                    self._surfaces[task] = SurfaceTally(self._sequences, SEGMENTATION_CLASSES)
                self._surfaces[task].add(sequence, mask, truth.classes)
            case Detections(class_names=names):
                known = DETECTION_CLASSES if names == DETECTION_CLASSES else ()
                if task not in self._boxes:
                    self._boxes[task] = BoxTally(self._sequences, known)
                self._boxes[task].add(sequence, result, truth.objects)

    def _mean(self, task: str) -> MeanTally:
        return self._means.setdefault(task, MeanTally(self._sequences))

    def all(self) -> dict[str, Tally]:
        """Return all counts by task."""
        return {**self._means, **self._surfaces, **self._boxes}


class _Scorer:
    """Counts for one method, just after starts and later."""

    def __init__(self, name: str, sequences: int) -> None:
        self._name, self._sequences = name, sequences
        self._settled, self._start = _Tallies(sequences), _Tallies(sequences)

    def add(
        self,
        sequence: int,
        results: Mapping[str, Result],
        truth: Truth,
        seen: NDArray[np.bool_],
    ) -> None:
        tallies = self._start if truth.t_us < START_US else self._settled
        for task, result in results.items():
            tallies.add(task, sequence, result, truth, seen)

    def scores(self, names: list[str], rounds: int) -> MethodScores:
        members: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            for group in group_names(name):
                members.setdefault(group, []).append(number)
        settled, groups = self._settled.all(), {}
        for group, numbers in sorted(members.items()):
            weights = np.zeros(self._sequences)
            weights[numbers] = 1
            groups[group] = {task: tally.score(weights) for task, tally in settled.items()}
        return MethodScores(
            self._name,
            {task: estimates(tally, rounds=rounds) for task, tally in settled.items()},
            {task: estimates(tally, rounds=0) for task, tally in self._start.all().items()},
            groups,
        )
