"""Real recordings with something to compare with: images of the same pixels, and boxes of people.

A folder of recordings as `manifest.json` lists them. What is missing in it is left out. Sensors
with still cameras see little of a scene: so pictures are also scored where events happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, FormatError, Frame, SourceNotFoundError
from eventvision.io import open_source
from eventvision.simulation import DETECTION_CLASSES
from eventvision.training.datasets import Pedro, Sample

from ._box_scores import TrueObjects
from ._sequence import Truth, ValidationSequence

MANIFEST = "manifest.json"
ACTIVE_US, ACTIVE_PX = 100_000, 3
_SLICE_US, _PERSON_SLICE_US = 20_000, 10_000
_WARM_US = 30_000
_MOST_IMAGES = 40
_LEAST_KNOWN = 0.1
_FREE = ("MIT", "BSD", "Apache")

_WITH_IMAGES = (
    "txt/slider_depth/events_chunk.txt",
    "aedat4/robot_bench_davis346.aedat4",
    "aedat4/road_davis346.aedat4",
    "mat/car_atis_with_grey_levels.mat",
)
_PEOPLE = "person_boxes"


@dataclass(frozen=True, slots=True)
class RealRecording:
    """A recording with truths.

    Attributes:
        name: Name in tables.
        sequence: Events and what is known; unknown parts are NaN, unlabelled or empty.
        licence: As the manifest states it.
    """

    name: str
    sequence: ValidationSequence
    licence: str

    @property
    def may_be_shown(self) -> bool:
        """Whether pictures of it may be published with the project: MIT, BSD or Apache alone."""
        return self.licence.removesuffix("-2.0") in _FREE


def recordings_with_images(folder: Path) -> Iterator[RealRecording]:
    """Yield recordings that come with images of the same pixels.

    Raises:
        SourceNotFoundError: If the folder has no manifest.
        SourceError: If a recording is damaged.
    """
    licences = _licences(folder)
    for name in _WITH_IMAGES:
        path = folder / name
        if path.is_file():
            events, frames = _read(path)
            if not frames:
                frames = list(_listed_images(path.parent))
            title = path.parent.name if path.suffix == ".txt" else path.stem
            sequence = _sequence(title, events, frames, gaps=path.suffix == ".mat")
            yield RealRecording(title, sequence, licences.get(name, ""))


def windows_with_people(folder: Path) -> Iterator[RealRecording]:
    """Yield windows of 40 ms with boxes of the people in them.

    Raises:
        SourceNotFoundError: If the folder has no manifest.
        SourceError: If a window is damaged.
    """
    licences = _licences(folder)
    if not (folder / _PEOPLE).is_dir():
        return
    for sample in Pedro(folder / _PEOPLE, split=None):
        licence = licences.get(f"{_PEOPLE}/{sample.name}.npy", "")
        yield RealRecording(sample.name, _window(sample), licence)


def active_pixels(sequence: ValidationSequence, t_us: int) -> NDArray[np.bool_]:
    """Return pixels within 3 pixels of an event of the last 100 ms, shape (height, width)."""
    import cv2

    recent = sequence.events.between(t_us - ACTIVE_US, t_us)
    touched = np.zeros(sequence.sensor.shape, np.uint8)
    touched[recent.y, recent.x] = 1
    side = 2 * ACTIVE_PX + 1
    return np.asarray(cv2.dilate(touched, np.ones((side, side), np.uint8)) > 0)


def _licences(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.is_file():
        raise SourceNotFoundError(path, "is missing", "name a folder of recordings that has one")
    try:
        entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {str(entry.get("file")): str(entry.get("licence", "")) for entry in entries}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise FormatError(path, f"is damaged ({error})", "copy it again") from error


def _read(path: Path) -> tuple[Events, list[Frame]]:
    with open_source(path) as source:
        packets = list(source)
    frames = [frame for packet in packets for frame in packet.frames]
    return Events.join([packet.events for packet in packets]), frames


def _listed_images(folder: Path) -> Iterator[Frame]:
    """Yield images that `images.txt` lists, a time in seconds and a file a line."""
    import cv2

    path = folder / "images.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        seconds, _, name = line.partition(" ")
        pixels = cv2.imread(str(folder / name.strip()), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise FormatError(
                folder / name.strip(), "is no image that can be read", "copy it again"
            )
        yield Frame(round(float(seconds) * 1e6), 0, np.asarray(pixels, np.uint8))


def _sequence(
    name: str, events: Events, frames: Iterable[Frame], *, gaps: bool
) -> ValidationSequence:
    """Return a recording whose clock begins with its first event.

    Args:
        name: Its name.
        events: Its events.
        frames: Its images.
        gaps: Whether black means that a pixel was never measured.
    """
    start_us, end_us = int(events.t[0]), int(events.t[-1]) + 1
    known = [
        frame
        for frame in frames
        if start_us + _WARM_US <= frame.t_us <= end_us
        and float((frame.pixels > 0).mean()) >= _LEAST_KNOWN
    ]
    every = -(-len(known) // _MOST_IMAGES) or 1
    chosen = known[::every]
    data = events.data.copy()
    data["t"] -= start_us
    truths = tuple(_picture_truth(frame, frame.t_us - start_us, gaps=gaps) for frame in chosen)
    edges_us = _edges([truth.t_us for truth in truths], _SLICE_US)
    return ValidationSequence(name, Events(data, events.sensor), edges_us, truths)


def _edges(times_us: list[int], slice_us: int) -> NDArray[np.int64]:
    """Return ends of slices: each time is one, and none is longer than asked for."""
    parts = [np.zeros(1, np.int64)]
    before_us = 0
    for t_us in times_us:
        count = max(1, -(-(t_us - before_us) // slice_us))
        parts.append(np.linspace(before_us, t_us, count + 1).astype(np.int64)[1:])
        before_us = t_us
    return np.concatenate(parts)


def _picture_truth(frame: Frame, t_us: int, *, gaps: bool) -> Truth:
    shade = (frame.pixels / 255).astype(np.float32)
    if gaps:
        shade[frame.pixels == 0] = np.nan
    return _truth(t_us, shade, TrueObjects(*_NOTHING))


_NOTHING = (np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty(0, np.bool_))


def _window(sample: Sample) -> ValidationSequence:
    data = sample.events.data.copy()
    data["t"] -= sample.t0_us
    events = Events(data, sample.events.sensor)
    t_us = sample.t1_us - sample.t0_us
    boxes = _NOTHING[0] if sample.boxes is None else sample.boxes.boxes
    person = np.full(len(boxes), DETECTION_CLASSES.index("pedestrian"), np.int64)
    objects = TrueObjects(boxes, person, np.ones(len(boxes), np.bool_))
    blank: NDArray[np.float32] = np.full(events.sensor.shape, np.nan, np.float32)
    truth = _truth(t_us, blank, objects)
    return ValidationSequence(sample.name, events, _edges([t_us], _PERSON_SLICE_US), (truth,))


def _truth(t_us: int, shade: NDArray[np.float32], objects: TrueObjects) -> Truth:
    nowhere = np.full(shade.shape, np.nan, np.float32)
    unlabelled = np.full(shade.shape, 255, np.uint8)
    return Truth(t_us, shade, unlabelled, nowhere, np.stack([nowhere, nowhere]), objects)
