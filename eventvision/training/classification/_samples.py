"""Labelled recordings: many short ones in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, FormatError, SensorSize, SourceNotFoundError
from eventvision.io import open_source

_NO_EVENTS = np.empty(0, EVENT_DTYPE)
_ARRAYS = {"t", "x", "y", "on", "offsets", "label", "sensor"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledRecordings:
    """Short recordings, each of one class.

    Attributes:
        events: All events end to end, shape (N,), `EVENT_DTYPE`; each recording starts at time 0.
        offsets: Recording i is `events[offsets[i]:offsets[i + 1]]`; shape (recordings + 1,).
        labels: Class of each recording, shape (recordings,), int64.
        sensor: Size of the pixel array.
    """

    events: NDArray[np.void]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    sensor: SensorSize

    def __len__(self) -> int:
        return self.labels.size

    def select(self, which: NDArray[np.int64]) -> LabelledRecordings:
        """Return some of them, in the order given, with repetitions if there are any."""
        starts, sizes = self.offsets[which], np.diff(self.offsets)[which]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        rows = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
        return LabelledRecordings(
            events=self.events[rows],
            offsets=offsets,
            labels=self.labels[which],
            sensor=self.sensor,
        )


def load_recordings(path: str | Path, *, sensor: SensorSize | None = None) -> LabelledRecordings:
    """Read labelled recordings.

    Args:
        path: An .npz with t, x, y, on, offsets, label and sensor: `offsets` says where each
            recording begins and ends among the events, `label` is its class from 0. Or a folder
            with one folder for each class, which hold recordings in any format; classes are
            numbered in the order of their names.
        sensor: Size of the pixel array, where recordings in a folder do not say.

    Raises:
        SourceNotFoundError: If there is nothing at that path.
        FormatError: If it is no such collection.
    """
    if Path(path).is_dir():
        return _from_folder(Path(path), sensor)
    if not Path(path).is_file():
        raise SourceNotFoundError(path, "no such file", "check the path")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(
            path, f"is no collection of recordings ({error})", "export it again"
        ) from error
    missing = sorted(_ARRAYS - set(arrays))
    if missing:
        raise FormatError(path, f"has no {', '.join(missing)}", "see docs/classification.md")
    events = np.empty(arrays["t"].size, EVENT_DTYPE)
    for name in ("t", "x", "y", "on"):
        if arrays[name].shape != events.shape:
            raise FormatError(path, f"{name} is not as long as t", "export it again")
        events[name] = arrays[name]
    offsets, labels = arrays["offsets"].astype(np.int64), arrays["label"].astype(np.int64)
    width, height = (int(size) for size in arrays["sensor"])
    _check(path, events, offsets, labels, SensorSize(width, height))
    return LabelledRecordings(
        events=events, offsets=offsets, labels=labels, sensor=SensorSize(width, height)
    )


def _from_folder(folder: Path, sensor: SensorSize | None) -> LabelledRecordings:
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    files = [(label, file) for label, c in enumerate(classes) for file in sorted(c.iterdir())]
    if not files:
        raise FormatError(folder, "has no folders with recordings", "make one for each class")
    parts, sensors = [], []
    for _, file in files:
        with open_source(str(file), sensor=sensor) as source:
            events = np.concatenate([packet.events.data for packet in source] or [_NO_EVENTS])
            sensors.append(source.info.sensor)
        events["t"] -= events["t"][:1].sum()
        parts.append(events)
    size = sensor or SensorSize(max(s.width for s in sensors), max(s.height for s in sensors))
    return LabelledRecordings(
        events=np.concatenate(parts),
        offsets=np.concatenate([[0], np.cumsum([part.size for part in parts])]),
        labels=np.array([label for label, _ in files], np.int64),
        sensor=size,
    )


def _check(
    path: str | Path,
    events: NDArray[np.void],
    offsets: NDArray[np.int64],
    labels: NDArray[np.int64],
    sensor: SensorSize,
) -> None:
    divided = offsets.size == labels.size + 1 and offsets[0] == 0 and offsets[-1] == events.size
    if not divided or (np.diff(offsets) < 0).any():
        raise FormatError(path, "its offsets do not divide its events", "export it again")
    if labels.size == 0 or (labels < 0).any():
        raise FormatError(path, "its labels are not classes from 0", "export it again")
    outside = (events["x"] >= sensor.width) | (events["y"] >= sensor.height)
    if outside.any():
        raise FormatError(path, f"has events outside {sensor}", "correct `sensor`")
