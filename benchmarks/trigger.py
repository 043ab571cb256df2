"""Slices of a spiking trigger beside fixed slicers, at the same mean rate.

A view is only as good as what it shows at every moment: until a slice ends, what came of the one
before is on the screen. For pictures the error is the mean absolute difference to the truth over
all moments and pixels, both scaled by their 1st and 99th percentile; for boxes it is AP50, or
mAP50 over classes. "age" is that of a network which makes no mistake: it shows the truth at the
end of the slice, so only age makes it wrong; "picture" and "boxes" are those of reconstruction-nano
and perception-nano, which err much more than age does. On real recordings pictures are compared
with the camera's own at their times.

Every slicer is set so that it makes as many slices a second as are asked for on that very stream,
so fixed slicers have their best setting on each of them, which nobody can know beforehand; the
threshold of the trigger is held. Rows of "one setting" give each slicer a single setting for all
streams of a scene, that of the asked mean rate over all of them, and the trigger follows the scene
as it does in use; each stream has a camera of other thresholds and noise. "best possible" are the
cuts that dynamic programming finds who knows the whole stream: no slicer can show fresher pictures.

Scenes and cameras have seeds that no trigger has learned from; a ratio above 1 means that the
trigger is better. The range behind a label is that of 95 % of ratios over streams drawn again with
replacement.

The first rows are what a cell of 2.5 ms costs on one thread at a million events a second: counting,
network, last neuron.

    python -m benchmarks.trigger [--json] [--repeat STREAMS] [--recordings DIR]

The environment variable EVENTVISION_TRIGGER names other triggers, by names or folders with spaces
between them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Slice
from eventvision.simulation import DETECTION_CLASSES
from eventvision.training.evaluation import BoxTally, percentile_scaled, recordings_with_images

from ._harness import Options, Row, run_benchmark, tell
from ._trigger_boxes import box_finder, look_times, tally_screen, true_boxes, truths
from ._trigger_runs import (
    FIXED,
    cell_ms,
    cut_at_rate,
    cut_best,
    cut_together,
    is_shipped,
    live_error,
    picture_maker,
    scenes_at,
    stream,
)

SCENES = {
    "mixed speed": ("mixed_speed", (1.0,)),
    "street": ("street", (1.0,)),
    "juggle": ("juggle", (1.0,)),
    "constant speed, shapes": ("shapes", (0.3, 1.0, 3.0)),
}
RATES_HZ = (15.0, 30.0, 60.0)
SIZES = ((346, 260), (640, 480), (1280, 720))
DEVICES = ("cpu", "onnx")
TRIGGERS = tuple(os.environ.get("EVENTVISION_TRIGGER", "trigger-nano trigger-tasks").split())
"""Names or folders of the triggers to test."""

_USUAL_HZ = 30.0
_DRAWS = 2_000
_NEEDED = ("reconstruction-nano", "perception-nano")
_PER_CENT = "mean error, % of the range of light"

Ratios = NDArray[np.float64]
Stream = tuple[str, int, float]
"""Scene, seed, speed."""


def measure(options: Options) -> list[Row]:
    """Return all rows."""
    missing = [name for name in (*TRIGGERS, *_NEEDED) if not is_shipped(name)]
    if missing:
        tell(f"{', '.join(missing)} is not here: nothing to measure")
        return []
    return [
        *costs(options.repeat),
        *simulated(options.repeat),
        *(real(options.recordings) if options.recordings is not None else ()),
    ]


def costs(repeat: int) -> Iterator[Row]:
    """Yield what a cell costs the first trigger; all are networks of the same shape."""
    for width, height in SIZES:
        for device in DEVICES:
            label = f"a cell at {width}x{height}, {device}"
            tell(label)
            best = min(cell_ms((width, height), device, TRIGGERS[0]) for _ in range(repeat))
            yield Row(label=label, unit="ms", ours=best, less_is_better=True)


def simulated(streams: int) -> Iterator[Row]:
    """Yield a row for each scene, rate, measure and rival."""
    for title, (scene, speeds) in SCENES.items():
        cast = [(scene, seed, speed) for seed in range(streams) for speed in speeds]
        shown = [stream(*which) for which in cast]
        for rate_hz in RATES_HZ:
            label = f"{title}, {rate_hz:g} slices/s"
            tell(label)
            alone = {
                name: [
                    cut_at_rate(name, each.events, each.cells * each.cell_us, rate_hz)
                    for each in shown
                ]
                for name in (*TRIGGERS, *FIXED)
            }
            best = [cut_best(each, rate_hz) for each in shown]
            yield from _rows(label, cast, alone, best)
            if rate_hz == _USUAL_HZ:
                together = {
                    name: cut_together(name, shown, rate_hz) for name in (*TRIGGERS, *FIXED)
                }
                yield from _rows(f"{label}, one setting", cast, together)


def _rows(
    label: str,
    cast: Sequence[Stream],
    cuts: dict[str, list[list[Slice]]],
    best: list[list[Slice]] | None = None,
) -> Iterator[Row]:
    """Yield rows of one way to cut all streams of a scene."""
    pictures, boxes = picture_maker(), box_finder()
    aged: dict[str, list[float]] = {name: [] for name in cuts}
    pictured: dict[str, list[float]] = {name: [] for name in cuts}
    old = {name: BoxTally(len(cast), DETECTION_CLASSES) for name in cuts}
    found = {name: BoxTally(len(cast), DETECTION_CLASSES) for name in cuts}
    for number, which in enumerate(cast):
        shown = stream(*which)
        times, true = look_times(shown), truths(*which)
        for name, of_streams in cuts.items():
            slices = of_streams[number]
            aged[name].append(live_error(shown, slices, scenes_at(shown, slices)))
            pictured[name].append(live_error(shown, slices, pictures(slices)))
            seen = true_boxes(*which, slices)
            tally_screen(old[name], number, slices, seen, true, times)
            tally_screen(found[name], number, slices, boxes(slices), true, times)
    if best is not None:
        aged["best possible"] = [
            live_error(stream(*which), slices, scenes_at(stream(*which), slices))
            for which, slices in zip(cast, best, strict=True)
        ]
    yield from _error_rows(f"age, {label}", aged)
    yield from _error_rows(f"picture, {label}", pictured)
    yield from _box_rows(f"age of boxes, {label}", old, "ap50 any class")
    yield from _box_rows(f"boxes, {label}", found, "ap50 any class")
    yield from _box_rows(f"boxes, {label}", found, "map50")


def real(folder: Path, rate_hz: float = _USUAL_HZ) -> Iterator[Row]:
    """Yield rows of pictures of real recordings beside those that the cameras took."""
    for recording in recordings_with_images(folder):
        tell(recording.name)
        sequence, errors = recording.sequence, dict[str, list[float]]()
        pictures, until_us = picture_maker(sequence.sensor), int(sequence.events.t[-1]) + 1
        for name in (*TRIGGERS, *FIXED):
            slices = cut_at_rate(name, sequence.events, until_us, rate_hz)
            ends, made = np.array([each.t1_us for each in slices]), pictures(slices)
            errors[name] = []
            for truth in sequence.truths:
                ended = int(np.searchsorted(ends, truth.t_us, side="right"))
                shown: Any = made[ended - 1] if ended else np.full(sequence.sensor.shape, 0.5)
                wanted = percentile_scaled(truth.shade, ~np.isnan(truth.shade))
                errors[name].append(float(np.nanmean(np.abs(shown - wanted))))
        yield from _error_rows(f"picture, {recording.name}, {rate_hz:g} slices/s", errors)


def _error_rows(label: str, errors: dict[str, list[float]]) -> Iterator[Row]:
    """Yield each trigger beside each other slicer, in percent."""
    values = {name: np.array(each) for name, each in errors.items()}
    count = len(errors[TRIGGERS[0]])
    drawn = np.random.default_rng(0).integers(0, count, (_DRAWS, count))
    for ours, theirs in _pairs(errors):
        ratios = values[theirs][drawn].mean(axis=1) / values[ours][drawn].mean(axis=1)
        yield Row(
            label=f"{label}, {ours} ({_range(ratios)})",
            unit=_PER_CENT,
            ours=100 * float(values[ours].mean()),
            peer_name=theirs,
            peer=100 * float(values[theirs].mean()),
            less_is_better=True,
        )


def _box_rows(label: str, tallies: dict[str, BoxTally], score: str) -> Iterator[Row]:
    """Yield each trigger beside each other slicer, in points of 100."""
    count = tallies[TRIGGERS[0]].sequences
    drawn = np.random.default_rng(0).integers(0, count, (_DRAWS // 10, count))
    weights = [np.bincount(row, minlength=count).astype(np.float64) for row in drawn]
    scores = {
        name: np.array([tally.score(weight)[score] for weight in (np.ones(count), *weights)])
        for name, tally in tallies.items()
    }
    for ours, theirs in _pairs(tallies):
        if scores[theirs][0] > 0:
            ratios = scores[ours][1:] / np.where(scores[theirs][1:] > 0, scores[theirs][1:], np.nan)
            yield Row(
                label=f"{label}, {ours} ({_range(ratios)})", unit=f"{score}, %",
                ours=100 * scores[ours][0], peer_name=theirs, peer=100 * scores[theirs][0],
            )  # fmt: skip


def _pairs(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each trigger with each slicer that is none."""
    others = [name for name in names if name not in TRIGGERS]
    return product(TRIGGERS, others)


def _range(ratios: Ratios) -> str:
    """Return between what 95 % of the ratios lie."""
    low, high = np.nanpercentile(ratios, (2.5, 97.5))
    return f"{low:.3f} to {high:.3f}"


if __name__ == "__main__":
    run_benchmark("trigger", __doc__ or "", measure)
