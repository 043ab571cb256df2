"""Scores on real recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eventvision.core import Detections, Image, Result
from eventvision.simulation import DETECTION_CLASSES

from ._bootstrap import Estimate, MeanTally, estimates
from ._box_scores import BoxTally
from ._methods import Method
from ._picture_scores import picture_scores
from ._real import RealRecording, active_pixels
from ._sequence import Truth

Scores = dict[str, Estimate]

Watcher = Callable[[RealRecording, Truth, Mapping[str, Mapping[str, Result]]], None]
"""Called at each truth with results by method."""


@dataclass(frozen=True, slots=True)
class PictureScores:
    """How like its images pictures of a recording are.

    Attributes:
        whole: Over all pixels.
        active: Over pixels where something happened.
    """

    whole: Scores
    active: Scores


def score_images(
    recording: RealRecording,
    methods: Sequence[Method],
    *,
    slicer: str | None = None,
    watch: Watcher | None = None,
) -> dict[str, PictureScores]:
    """Compare pictures with the images of a recording, by method.

    Args:
        recording: The recording.
        methods: What to compare; those that make no pictures are left out.
        slicer: As `evaluate` takes it; None for slices of about 20 ms that end at the images.
        watch: Is shown what was found.

    Raises:
        ConfigError: If the slicer is not known.
    """
    tallies: dict[str, tuple[MeanTally, MeanTally]] = {}

    def count(truth: Truth, found: Mapping[str, Mapping[str, Result]]) -> None:
        active = active_pixels(recording.sequence, truth.t_us)
        for name, results in found.items():
            image = results.get("reconstruction")
            if isinstance(image, Image):
                whole, part = tallies.setdefault(name, (MeanTally(1), MeanTally(1)))
                whole.add(0, picture_scores(image.pixels, truth.shade))
                if (active & ~np.isnan(truth.shade)).any():
                    part.add(0, picture_scores(image.pixels, truth.shade, active))
        if watch is not None:
            watch(recording, truth, found)

    _run(recording, methods, slicer, count)
    return {
        name: PictureScores(estimates(whole, rounds=0), estimates(part, rounds=0))
        for name, (whole, part) in tallies.items()
    }


def score_people(
    windows: Iterable[RealRecording],
    methods: Sequence[Method],
    *,
    slicer: str | None = None,
    watch: Watcher | None = None,
) -> dict[str, Scores]:
    """Look for the people in windows of events, by method.

    Args:
        windows: Windows with boxes.
        methods: What to compare; those that find no objects are left out.
        slicer: As `evaluate` takes it; None for slices of 10 ms.
        watch: Is shown what was found.

    Raises:
        ConfigError: If the slicer is not known.
    """
    every = list(windows)
    tallies: dict[str, BoxTally] = {}
    for number, window in enumerate(every):

        def count(
            truth: Truth,
            found: Mapping[str, Mapping[str, Result]],
            number: int = number,
            window: RealRecording = window,
        ) -> None:
            for name, results in found.items():
                boxes = results.get("detection")
                if isinstance(boxes, Detections):
                    known = DETECTION_CLASSES if boxes.class_names == DETECTION_CLASSES else ()
                    tally = tallies.setdefault(name, BoxTally(len(every), known))
                    tally.add(number, boxes, truth.objects)
            if watch is not None:
                watch(window, truth, found)

        _run(window, methods, slicer, count)
    return {name: estimates(tally, rounds=0) for name, tally in tallies.items()}


def _run(
    recording: RealRecording,
    methods: Sequence[Method],
    slicer: str | None,
    count: Callable[[Truth, Mapping[str, Mapping[str, Result]]], None],
) -> None:
    for method in methods:
        method.start(recording.sequence.sensor)
    for slice_, truth in recording.sequence.slices(slicer):
        found = {method.name: method.step(slice_) for method in methods}
        if truth is not None:
            count(truth, found)
