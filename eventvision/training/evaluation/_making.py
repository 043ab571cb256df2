"""Makes the frozen sets: the same command makes the same files' contents again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.simulation import (
    SEGMENTATION_CLASSES,
    EventCamera,
    Paced,
    Scene,
    SceneTruth,
    named_scene,
    watch,
)
from eventvision.training._scene_truth import known_classes, known_depth_m, known_flow_px_s
from eventvision.training._staged import folder_with

from ._box_scores import TrueObjects
from ._depth_scores import countable
from ._scenarios import SENSOR, Scenario
from ._sequence import Truth, ValidationSequence

LEAST_PIXELS, LEAST_EVENTS = 64, 20
_START_US = (40_000, 80_000, 150_000)
_EVERY_US = 150_000
_LONGEST_SLICE_US = 100_000
_PRIOR_CELL_PX, _PRIOR_LOOKS = 4, 4


def make_sequence(scenario: Scenario, sensor: SensorSize = SENSOR) -> ValidationSequence:
    """Simulate one sequence.

    Raises:
        FormatError: If its image cannot be read.
    """
    scene = _scene(scenario, sensor)
    camera = EventCamera(sensor, scenario.camera, seed=scenario.seed)
    parts = [glance.events for glance in watch(scene, camera, t1_us=scenario.duration_us)]
    events = Events.join(parts).between(0, scenario.duration_us)
    edges_us = slice_edges(events, scenario)
    truths = _truths(scenario, scene, events, truth_times(edges_us))
    return ValidationSequence(scenario.name, events, edges_us, tuple(truths))


def class_counts(scenarios: Iterator[Scenario], sensor: SensorSize = SENSOR) -> NDArray[np.int64]:
    """Count the classes seen in some scenes, in cells of 4x4 pixels.

    Returns:
        Shape (classes, height / 4, width / 4).
    """
    rows, columns = (side // _PRIOR_CELL_PX for side in sensor.shape)
    counts = np.zeros((len(SEGMENTATION_CLASSES), rows, columns), np.int64)
    for scenario in scenarios:
        scene = _scene(scenario, sensor)
        for look in range(_PRIOR_LOOKS):
            seen = _classes(scenario, scene.truth(look * scenario.duration_us // _PRIOR_LOOKS))
            for number in range(len(counts)):
                inside = seen[: rows * _PRIOR_CELL_PX, : columns * _PRIOR_CELL_PX] == number
                cells = inside.reshape(rows, _PRIOR_CELL_PX, columns, _PRIOR_CELL_PX)
                counts[number] += cells.sum(axis=(1, 3))
    return counts


def _scene(scenario: Scenario, sensor: SensorSize) -> Scene:
    with folder_with(scenario.image) as images:
        scene = named_scene(scenario.scene, sensor=sensor, seed=scenario.seed, images=images)
    return Paced(scene, speed=scenario.speed, start_us=scenario.start_us)


def slice_edges(events: Events, scenario: Scenario) -> NDArray[np.int64]:
    """Return where slices end: evenly in time, or in events; none is longer than 100 ms."""
    count = max(1, round(scenario.duration_us / scenario.slice_us))
    edges = np.linspace(0, scenario.duration_us, count + 1).astype(np.int64)
    if scenario.by_count and len(events) > count:
        edges[1:-1] = events.t[np.arange(1, count) * len(events) // count]
    found = [0]
    for edge in np.unique(edges[1:]).tolist():
        while edge - found[-1] > _LONGEST_SLICE_US:
            found.append(found[-1] + _LONGEST_SLICE_US)
        if edge > found[-1]:
            found.append(edge)
    return np.array(found, np.int64)


def truth_times(edges_us: NDArray[np.int64]) -> list[int]:
    """Return ends of slices: three soon after the start, then about every 150 ms."""
    last_us = int(edges_us[-1])
    wanted = [*_START_US, *range(2 * _EVERY_US, last_us + 1, _EVERY_US)]
    ends = edges_us[1:]
    places = np.minimum(np.searchsorted(ends, wanted), ends.size - 1)
    return sorted({int(t) for t in ends[places]})


def _truths(
    scenario: Scenario, scene: Scene, events: Events, times_us: list[int]
) -> Iterator[Truth]:
    """Yield what is true at some times; objects that made too few events are not needed."""
    seen_events: dict[int, int] = {}
    before_us = 0
    for t_us in times_us:
        truth = scene.truth(t_us)
        new = events.between(before_us, t_us)
        touched = np.bincount(truth.mask[new.y, new.x], minlength=int(truth.ids.max(initial=0)) + 1)
        for label in truth.ids.tolist():
            seen_events[label] = seen_events.get(label, 0) + int(touched[label])
        yield Truth(
            t_us,
            np.sqrt(np.clip(truth.intensity, 0, 1)),
            _classes(scenario, truth),
            _depth(scenario, truth),
            known_flow_px_s(truth),
            _objects(truth, seen_events),
        )
        before_us = t_us


def _objects(truth: SceneTruth, seen_events: dict[int, int]) -> TrueObjects:
    pixels = np.bincount(truth.mask.ravel(), minlength=int(truth.ids.max(initial=0)) + 1)
    needed = [
        pixels[label] >= LEAST_PIXELS and seen_events[label] >= LEAST_EVENTS
        for label in truth.ids.tolist()
    ]
    return TrueObjects(truth.boxes, truth.classes, np.array(needed, np.bool_))


def _classes(scenario: Scenario, truth: SceneTruth) -> NDArray[np.uint8]:
    return known_classes(truth, scenario.scene, photo=scenario.image is not None)


def _depth(scenario: Scenario, truth: SceneTruth) -> NDArray[np.float32]:
    """Return distances, NaN where they do not count."""
    depth_m = known_depth_m(truth, scenario.scene)
    return np.where(countable(depth_m), depth_m, np.float32(np.nan))
