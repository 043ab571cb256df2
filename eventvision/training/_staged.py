"""Training data from the named scenes, seen by the camera of the exact simulator.

The batched generator is fast because its clips are made of sheets and boxes; the named scenes are
the worlds that recordings are simulated from. A network that is to do well in both learns from
both. Every batch is a pure function of the seed and its number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize, Slice
from eventvision.representations import parse_representation
from eventvision.simulation import EventCamera, Paced, Scene, named_scene, pixel_model, watch
from eventvision.simulation.batched import PictureLibrary

from ._generator import SequenceSettings
from ._scene_truth import known_classes, known_depth_m, known_flow_px_s
from ._sequences import NO_OBJECT, Sequences

_CAMERAS = ("davis346", "dvxplorer", "evk4")
_THRESHOLDS = (0.1, 0.65)
_SPEEDS = (0.5, 3.0)
_SLICE_US = (10_000.0, 60_000.0)
_LATEST_START_US = 5_000_000
_NOISE_EVENTS = 4
"""So few events within the box of an object do not tell of it."""
_LARGER = 1.5
"""Half of the clips are parts of pictures so much larger, so that objects come in more sizes."""
_SEEDS = (1_000_000, 2**31)
"""Sets to evaluate on and examples have seeds far below."""

_SHARES: dict[tuple[str, str], float] = {
    ("street", "labelled"): 0.32,
    ("street", ""): 0.16,
    ("room", ""): 0.14,
    ("shapes", "any"): 0.08,
    ("shapes", ""): 0.05,
    ("juggle", "any"): 0.07,
    ("juggle", ""): 0.02,
    ("mixed_speed", "any"): 0.06,
    ("flicker", "any"): 0.03,
    ("texture", "any"): 0.05,
    ("texture", ""): 0.02,
}
"""How often a scene is shown, with labelled images, with any, or with what it draws itself."""


class StagedGenerator:
    """Batches of clips of named scenes.

    Args:
        settings: What batches are like; of the mix only images and their part count, without which
            scenes draw their own.

    Raises:
        ConfigError: If the representation is not one of `eventvision.representations`.
        SourceNotFoundError: If a folder of images does not exist or is empty.
    """

    def __init__(self, settings: SequenceSettings) -> None:
        self.settings = settings
        parse_representation(settings.representation, SensorSize(settings.width, settings.height))
        library = PictureLibrary(settings.mix.images, settings.mix.part)
        self._images = {"labelled": library.streets, "any": library.pictures, "": []}
        self._casts = [cast for cast in _SHARES if not cast[1] or self._images[cast[1]]]
        shares = np.array([_SHARES[cast] for cast in self._casts])
        self._shares = shares / shares.sum()

    def batch(self, number: int) -> Sequences:
        """Return the batch of a number, always the same."""
        random = np.random.default_rng([self.settings.seed, number])
        clips = [self._clip(part) for part in random.spawn(self.settings.batch)]
        return Sequences(
            *(
                torch.stack([torch.from_numpy(clip[name]) for clip in clips], dim=1)
                for name in Sequences.__slots__
            )
        )

    def _clip(self, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        settings = self.settings
        kind, source = self._casts[random.choice(len(self._casts), p=self._shares)]
        paths = self._images[source]
        image = paths[random.integers(len(paths))] if paths else None
        window = _window(random, settings.height, settings.width)
        with folder_with(image) as folder:
            scene = named_scene(
                kind,
                sensor=window.sensor,
                seed=int(random.integers(*_SEEDS)),
                images=folder,
            )
        paced = Paced(
            scene,
            speed=_log_uniform(random, _SPEEDS),
            start_us=int(random.integers(_LATEST_START_US)),
        )
        events, edges_us = _recorded(paced, random, settings.slices)
        return _Told(kind, image is not None, paced, window, settings).clip(events, edges_us)


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of a sensor that a clip shows."""

    sensor: SensorSize
    rows: slice
    columns: slice


def _window(random: np.random.Generator, height: int, width: int) -> _Window:
    scale = _LARGER if random.random() < 0.5 else 1.0
    sensor = SensorSize(round(width * scale), round(height * scale))
    top = int(random.integers(sensor.height - height + 1))
    left = int(random.integers(sensor.width - width + 1))
    return _Window(sensor, slice(top, top + height), slice(left, left + width))


def _recorded(
    scene: Scene, random: np.random.Generator, slices: int
) -> tuple[Events, NDArray[np.int64]]:
    """Return the events of a clip, and where its slices begin and end."""
    threshold = _log_uniform(random, _THRESHOLDS)
    model = replace(
        pixel_model(_CAMERAS[random.integers(len(_CAMERAS))]),
        on_threshold=threshold,
        off_threshold=threshold * random.uniform(0.9, 1.1),
    )
    camera = EventCamera(scene.sensor, model, seed=int(random.integers(2**31)))
    duration_us = round(slices * _log_uniform(random, _SLICE_US))
    events = Events.join([glance.events for glance in watch(scene, camera, t1_us=duration_us)])
    events = events.between(0, duration_us)
    edges_us = np.linspace(0, duration_us, slices + 1).astype(np.int64)
    if random.random() < 0.5 and len(events) > slices:
        edges_us[1:-1] = events.t[np.arange(1, slices) * len(events) // slices]
    return events, edges_us


def _log_uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(random.uniform(*np.log(bounds))))


class _Told:
    """Tells slice by slice what is true of a scene, seen through a window."""

    def __init__(
        self, kind: str, photo: bool, scene: Scene, window: _Window, settings: SequenceSettings
    ) -> None:
        self._kind, self._photo, self._scene = kind, photo, scene
        self._window, self._settings = window, settings
        self._places: dict[int, int] = {}
        self._planes = parse_representation(settings.representation, window.sensor)

    def clip(self, events: Events, edges_us: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the arrays of `Sequences` for one clip, without their second axis."""
        slices = [
            self._slice(events.between(int(start), int(end)), int(start), int(end))
            for start, end in pairwise(edges_us)
        ]
        return {name: np.stack([one[name] for one in slices]) for name in slices[0]}

    def _slice(self, events: Events, start_us: int, end_us: int) -> dict[str, NDArray[Any]]:
        part = (..., self._window.rows, self._window.columns)
        truth = self._scene.truth(end_us)
        length_s = (end_us - start_us) * 1e-6
        activity = np.zeros(self._window.sensor.shape, np.float32)
        np.add.at(activity, (events.y, events.x), 1)
        depth_m = known_depth_m(truth, self._kind)[part]
        kinds = dict(zip(truth.ids.tolist(), truth.classes.tolist(), strict=True))
        slice_ = Slice(0, events, start_us, end_us, "time")
        return {
            "events": self._planes.render(slice_)[part].copy(),
            "slice_us": np.asarray(end_us - start_us, np.float32),
            "activity": activity[part],
            "intensity": np.clip(truth.intensity[part], 0, 1)[None],
            "classes": known_classes(truth, self._kind, photo=self._photo)[part],
            "instances": np.minimum(truth.mask[part], 255).astype(np.uint8),
            "depth_m": np.nan_to_num(depth_m, nan=0.0),
            "depth_valid": np.isfinite(depth_m),
            "flow_px": known_flow_px_s(truth)[part] * np.float32(length_s),
            **self._boxes(truth.mask[part], activity[part], kinds),
        }

    def _boxes(
        self, mask: NDArray[np.int32], activity: NDArray[np.float32], kinds: dict[int, int]
    ) -> dict[str, NDArray[Any]]:
        """Return what `Sequences` tells of objects; each keeps its place in the list."""
        most = self._settings.most_objects
        found: dict[str, NDArray[Any]] = {
            "boxes": np.zeros((most, 4), np.float32),
            "box_classes": np.full(most, NO_OBJECT, np.int64),
            "box_ids": np.full(most, NO_OBJECT, np.int64),
            "box_pixels": np.zeros(most, np.float32),
            "box_events": np.zeros(most, np.float32),
        }
        for label, kind in kinds.items():
            rows, columns = np.nonzero(mask == label)
            if rows.size < self._settings.least_pixels:
                continue
            place = self._places.setdefault(label, len(self._places))
            if place >= most:
                continue
            x, y = columns.min(), rows.min()
            found["boxes"][place] = x, y, columns.max() - x + 1, rows.max() - y + 1
            found["box_classes"][place], found["box_ids"][place] = kind, place + 1
            found["box_pixels"][place] = rows.size
            made = activity[rows, columns].sum()
            found["box_events"][place] = made if made >= _NOISE_EVENTS else 0
        return found


@contextmanager
def folder_with(image: Path | None) -> Iterator[Path | None]:
    """Provide a folder with one image, and its labels if there are any."""
    if image is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in (image, image.with_name(f"{image.stem}_labels.png")):
            if path.is_file():
                (Path(folder) / path.name).symlink_to(path.resolve())
        yield Path(folder)
