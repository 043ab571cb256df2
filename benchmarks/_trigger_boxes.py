"""What slices are worth to a detector: the boxes that are on the screen beside the true ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from eventvision.core import Detections, Slice, load_card
from eventvision.devices import open_session
from eventvision.representations import VoxelGrid
from eventvision.simulation import DETECTION_CLASSES, Paced, named_scene
from eventvision.training.evaluation import BoxTally, TrueObjects, results_of
from eventvision.training.triggers import CellStream

from ._trigger_runs import HELD_OUT, SENSOR, look_cells, stream

LEAST_PX, LEAST_EVENTS, LOOK_BACK_US = 8, 20, 50_000
"""An object is to be found if both sides have so many pixels, and so many events so lately."""


@cache
def truths(scene: str, seed: int, speed: float) -> tuple[TrueObjects, ...]:
    """Return the objects of a stream at every moment that is looked at."""
    shown = Paced(named_scene(scene, sensor=SENSOR, seed=HELD_OUT + seed), speed=speed)
    objects = []
    cut = stream(scene, seed, speed)
    for t_us in look_times(cut):
        truth, recent = shown.truth(t_us), cut.events.between(t_us - LOOK_BACK_US, t_us)
        x, y = recent.x.astype(np.int64), recent.y.astype(np.int64)
        needed = [
            min(width, height) >= LEAST_PX
            and int(((x >= left) & (x < left + width) & (y >= top) & (y < top + height)).sum())
            >= LEAST_EVENTS
            for left, top, width, height in truth.boxes.tolist()
        ]
        objects.append(TrueObjects(truth.boxes, truth.classes, np.array(needed, np.bool_)))
    return tuple(objects)


def look_times(shown: CellStream) -> list[int]:
    """Return the moments at which the screen is looked at, anywhere between edges of cells."""
    phases = np.random.default_rng(0).integers(0, shown.cell_us, shown.cells)
    return [cell * shown.cell_us + int(phases[cell]) for cell in look_cells(shown)]


def true_boxes(scene: str, seed: int, speed: float, slices: Sequence[Slice]) -> list[Detections]:
    """Return the boxes at the end of each slice: a detector that makes no mistake."""
    shown = Paced(named_scene(scene, sensor=SENSOR, seed=HELD_OUT + seed), speed=speed)
    until_us = stream(scene, seed, speed).cells * stream(scene, seed, speed).cell_us
    found = []
    for slice_ in slices:
        truth = shown.truth(min(slice_.t1_us, until_us))
        scores = np.ones(len(truth.boxes), np.float32)
        found.append(Detections(truth.boxes, scores, truth.classes, DETECTION_CLASSES))
    return found


def box_finder() -> Callable[[Sequence[Slice]], list[Detections]]:
    """Return what finds boxes in slices with the shipped detection network.

    Raises:
        ModelError: If there is none.
    """
    card = load_card("perception-nano")
    right, below = -SENSOR.width % card.multiple, -SENSOR.height % card.multiple
    sizes = {"height": SENSOR.height + below, "width": SENSOR.width + right}
    session = open_session(card, "auto", sizes=sizes)
    voxels = VoxelGrid(SENSOR, bins=5)

    def find(slices: Sequence[Slice]) -> list[Detections]:
        session.reset()
        found: list[Detections] = []
        for slice_ in slices:
            events = np.pad(voxels.render(slice_), ((0, 0), (0, below), (0, right)))
            outputs: Any = session.step({"events": events[None]})
            boxes = results_of(outputs, SENSOR)["detection"]
            found += [boxes] if isinstance(boxes, Detections) else []
        return found

    return find


def tally_screen(
    tally: BoxTally, number: int, slices: Sequence[Slice], found: Sequence[Detections],
    true: Sequence[TrueObjects], times_us: Sequence[int],
) -> None:  # fmt: skip
    """Count what is on the screen at each moment: the boxes of the last slice that has ended."""
    ends = np.array([slice_.t1_us for slice_ in slices])
    nothing = Detections(
        np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64),
        DETECTION_CLASSES,
    )  # fmt: skip
    for t_us, objects in zip(times_us, true, strict=True):
        ended = int(np.searchsorted(ends, t_us, side="right"))
        tally.add(number, found[ended - 1] if ended else nothing, objects)
