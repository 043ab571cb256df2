"""Simulated clips of things that move, event by event, with boxes every few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.simulation import EventCamera, named_scene, pixel_model, watch
from eventvision.training.evaluation import TrueObjects

SENSOR = SensorSize(346, 260)
TRUTH_EVERY_US = 20_000
LEAST_PX, LEAST_EVENTS, LOOK_BACK_US = 8, 20, 50_000
WARM_UP_US = 60_000
"""Nothing is asked before: a map has to fill."""
_STILL, _NEAR = "still", "near"
_THRESHOLDS = (0.2, 0.3, 0.45)


@dataclass(frozen=True, slots=True)
class Clip:
    """Events and what is true meanwhile.

    Attributes:
        events: The events.
        t_us: Times of the truths, (T,).
        objects: What is to be found at each: an object is needed if both sides of its box are
            8 pixels or more and 20 events were in it within the last 50 ms.
    """

    events: Events
    t_us: NDArray[np.int64]
    objects: tuple[TrueObjects, ...]

    def parts(self) -> Iterator[tuple[Events, int]]:
        """Yield the events up to each truth, and its time."""
        before = 0
        for t_us in self.t_us.tolist():
            yield self.events.between(before, t_us), t_us
            before = t_us


def make_clip(scene: str, seed: int, *, seconds: float = 1.0, sensor: SensorSize = SENSOR) -> Clip:
    """Simulate a clip; the same arguments give the same clip.

    Args:
        scene: As `eventvision.simulation.SCENES` names it; with `:still` behind it, the camera
            stays where it is; with `:near`, it sees the middle twice as large.
        seed: Decides the scene and the camera.
        seconds: How long it is.
        sensor: Size of the pixel array.

    Raises:
        ValueError: If something else stands behind the scene.
    """
    name, *ways = scene.split(":")
    if set(ways) - {_STILL, _NEAR}:
        raise ValueError(f"a scene may be {_STILL} and {_NEAR}, it is {scene!r}")
    threshold = _THRESHOLDS[seed % len(_THRESHOLDS)]
    camera = replace(
        pixel_model("davis346"), on_threshold=threshold, off_threshold=round(1.1 * threshold, 3)
    )
    zoom = 2.0 if _NEAR in ways else 1.0
    world = named_scene(name, sensor=sensor, seed=seed, still=_STILL in ways, zoom=zoom)
    until_us = round(seconds * 1e6)
    glances = watch(world, EventCamera(sensor, camera, seed=seed), t1_us=until_us)
    events = Events.join([Events.empty(sensor), *(glance.events for glance in glances)])
    t_us = np.arange(TRUTH_EVERY_US, until_us + 1, TRUTH_EVERY_US)
    truths = [world.truth(int(t)) for t in t_us]
    objects = tuple(_objects(truth.boxes, truth.classes, events, truth.t_us) for truth in truths)
    return Clip(events, t_us, objects)


def _objects(
    boxes: NDArray[np.float32], classes: NDArray[np.int64], events: Events, t_us: int
) -> TrueObjects:
    recent = events.between(t_us - LOOK_BACK_US, t_us)
    x, y = recent.x.astype(np.int64), recent.y.astype(np.int64)
    needed = np.zeros(len(boxes), bool)
    for i, (left, top, width, height) in enumerate(boxes):
        inside = (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
        needed[i] = min(width, height) >= LEAST_PX and inside.sum() >= LEAST_EVENTS
    return TrueObjects(boxes, classes, needed)


def kept_clips(
    folder: Path, cast: Sequence[tuple[str, int]], *, seconds: float = 1.0
) -> list[Clip]:
    """Return clips (scene, seed), made where they are not in the folder yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _kept(folder / f"{scene.replace(':', '-')}-{seed}.npz", scene, seed, seconds)
        for scene, seed in cast
    ]


def _kept(path: Path, scene: str, seed: int, seconds: float) -> Clip:
    if not path.exists():
        clip = make_clip(scene, seed, seconds=seconds)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            events=clip.events.data,
            t_us=clip.t_us,
            sizes=np.array([len(o.boxes) for o in clip.objects]),
            boxes=np.concatenate([o.boxes for o in clip.objects]),
            classes=np.concatenate([o.classes for o in clip.objects]),
            needed=np.concatenate([o.needed for o in clip.objects]),
        )
        part.replace(path)
    with np.load(path, allow_pickle=False) as file:
        ends = np.cumsum(file["sizes"])[:-1]
        columns = (np.split(file[name], ends) for name in ("boxes", "classes", "needed"))
        objects = tuple(TrueObjects(*each) for each in zip(*columns, strict=True))
        return Clip(Events(file["events"], SENSOR), file["t_us"], objects)
