"""DSEC: driving, two 640x480 event cameras; here the left one with what was labelled for it.

Gehrig et al., RA-L 2021; detection: Gehrig, Scaramuzza, Nature 2024; semantic: Sun et al., ECCV
2022. Below `train` or `test` lies a folder per sequence:

    SEQUENCE/events/left/events.h5
    SEQUENCE/object_detections/left/tracks.npy         detection
    SEQUENCE/semantic/left/11classes/data/000000.png   semantic; semantic/timestamps.txt
    SEQUENCE/disparity/event/000000.png                disparity; disparity/timestamps.txt

Boxes are in the distorted view of the sensor, as the events are. Labels and disparities belong to
the rectified view: `events/left/rectify_map.h5` says where each pixel goes, and these two data sets
move the events along where that file lies there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize, SourceNotFoundError

from ._base import FolderDataset, read_array, read_image, read_table
from ._sample import UNLABELLED, LabelledBoxes, Sample

_SENSOR = SensorSize(640, 480)
_EVENTS = Path("events/left/events.h5")
_ORIGIN = "dsec.ifi.uzh.ch"
_DISPARITY_SCALE = 256.0


class _Dsec(FolderDataset):
    sensor = _SENSOR

    def _sequences(self, split: str | None, marker: str) -> list[Path]:
        """Return the sequences of a split that hold a file; all must hold events."""
        folder = self._split_folder(split)
        found = self._found(folder, f"**/{marker}")
        depth = len(Path(marker).parts)
        sequences = sorted({path.parents[depth - 1] for path in found})
        for sequence in sequences:
            if not (sequence / _EVENTS).is_file():
                raise self._missing(sequence, str(_EVENTS))
        return sequences

    def _rectified(self, sequence: Path, t0_us: int, t1_us: int) -> Events:
        events = self._windows.events(sequence / _EVENTS, t0_us, t1_us, _SENSOR)
        path = sequence / "events/left/rectify_map.h5"
        return _moved(events, _rectify_map(path)) if path.is_file() else events


class DsecDetection(_Dsec):
    """Samples at the instants that have boxes; times are those of the images, 20 a second.

    Args:
        root: Folder with `train` and `test`, or with sequences.
        split: One of these folders; None for all sequences.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "DSEC-Detection"
    origin = f"{_ORIGIN}/dsec-detection"
    class_names = (
        "pedestrian", "rider", "car", "bus", "truck", "bicycle", "motorcycle", "train",
    )  # fmt: skip
    shared_classes = (1, 2, 0, 0, 0, -1, 0, 0)

    def __init__(
        self, root: str | Path, *, split: str | None = None, window_us: int = 50_000
    ) -> None:
        super().__init__(root, window_us=window_us)
        self._items: list[tuple[Path, int]] = []
        for sequence in self._sequences(split, "object_detections/left/tracks.npy"):
            times = np.unique(_tracks(sequence)["t"].astype(np.int64))
            self._items += [(sequence, int(t_us)) for t_us in times]

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        sequence, t_us = self._items[number]
        rows = _tracks(sequence)
        rows = rows[rows["t"].astype(np.int64) == t_us]
        corners = np.stack([rows[name] for name in "xywh"], axis=1).astype(np.float32)
        boxes = LabelledBoxes(
            corners, rows["class_id"].astype(np.int64), rows["track_id"].astype(np.int64)
        )
        t0_us = t_us - self.window_us
        events = self._windows.events(sequence / _EVENTS, t0_us, t_us, _SENSOR)
        return Sample(f"{sequence.name}@{t_us}", events, t0_us, t_us, boxes=boxes)


class DsecSemantic(_Dsec):
    """Samples at the instants of the labelled images; 11 classes, in the rectified view.

    The labels end 40 rows above the sensor's bottom; what is below is `UNLABELLED`.

    Args:
        root: Folder with `train` and `test`, or with sequences.
        split: One of these folders; None for all sequences.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "DSEC-Semantic"
    origin = f"{_ORIGIN}/dsec-semantic"
    class_names = (
        "background", "building", "fence", "person", "pole", "road", "sidewalk", "vegetation",
        "car", "wall", "traffic sign",
    )  # fmt: skip
    shared_classes = (-1, 1, 8, 6, 7, 3, 4, 2, 5, 8, 7)

    _IMAGES = "semantic/left/11classes/data"

    def __init__(
        self, root: str | Path, *, split: str | None = None, window_us: int = 50_000
    ) -> None:
        super().__init__(root, window_us=window_us)
        self._items: list[tuple[Path, Path, int]] = []
        for sequence in self._sequences(split, f"{self._IMAGES}/*.png"):
            images = self._found(sequence / self._IMAGES, "*.png")
            times = _timestamps(self, sequence, sequence / "semantic", len(images))
            self._items += [
                (sequence, image, t_us) for image, t_us in zip(images, times, strict=True)
            ]

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        sequence, path, t_us = self._items[number]
        labels = np.full(_SENSOR.shape, UNLABELLED, np.uint8)
        image = _fitting(path, read_image(path))
        labels[: image.shape[0]] = image
        t0_us = t_us - self.window_us
        events = self._rectified(sequence, t0_us, t_us)
        return Sample(f"{sequence.name}/{path.stem}", events, t0_us, t_us, segmentation=labels)


class DsecDisparity(_Dsec):
    """Samples at the instants of the disparity images, in the rectified view of the left camera.

    Args:
        root: Folder with `train`, or with sequences.
        split: Folder of that name; None for all sequences.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "DSEC (disparity)"
    origin = _ORIGIN

    def __init__(
        self, root: str | Path, *, split: str | None = None, window_us: int = 50_000
    ) -> None:
        super().__init__(root, window_us=window_us)
        self._items: list[tuple[Path, Path, int]] = []
        for sequence in self._sequences(split, "disparity/event/*.png"):
            images = self._found(sequence / "disparity/event", "*.png")
            times = _timestamps(self, sequence, sequence / "disparity", len(images))
            self._items += [
                (sequence, image, t_us) for image, t_us in zip(images, times, strict=True)
            ]

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        sequence, path, t_us = self._items[number]
        stored = _fitting(path, read_image(path, raw=True)).astype(np.float32)
        disparity = np.full(_SENSOR.shape, np.nan, np.float32)
        disparity[: stored.shape[0]] = np.where(stored > 0, stored / _DISPARITY_SCALE, np.nan)
        t0_us = t_us - self.window_us
        events = self._rectified(sequence, t0_us, t_us)
        return Sample(f"{sequence.name}/{path.stem}", events, t0_us, t_us, disparity_px=disparity)


def _tracks(sequence: Path) -> NDArray[Any]:
    path = sequence / "object_detections/left/tracks.npy"
    return read_array(path, ("t", "x", "y", "w", "h", "class_id", "track_id"))


def _fitting(path: Path, image: NDArray[Any]) -> NDArray[Any]:
    """Return an image of the sensor's width, at most as high."""
    if image.ndim != 2 or image.shape[1] != _SENSOR.width or image.shape[0] > _SENSOR.height:
        shape = "x".join(str(length) for length in image.shape[1::-1])
        raise FormatError(path, f"is of {shape} pixels, not {_SENSOR}", "get it again")
    return image


def _timestamps(dataset: _Dsec, sequence: Path, folder: Path, count: int) -> list[int]:
    places = (
        folder / "timestamps.txt",
        folder / "left" / "timestamps.txt",
        sequence / f"{sequence.name}_semantic_timestamps.txt",
    )
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise dataset._missing(folder, "timestamps.txt")  # noqa: SLF001
    times = read_table(path, 1)[:, 0].astype(np.int64).tolist()
    if len(times) != count:
        raise FormatError(path, f"has {len(times)} times for {count} images", "get it again")
    return list(times)


def _rectify_map(path: Path) -> NDArray[np.float32]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            table = np.asarray(file["rectify_map"], np.float32)
    except (OSError, KeyError) as error:
        raise SourceNotFoundError(path, "holds no rectify_map", "get it again") from error
    if table.shape != (*_SENSOR.shape, 2):
        raise FormatError(path, f"has a map of shape {table.shape}", "get it again")
    return table


def _moved(events: Events, table: NDArray[np.float32]) -> Events:
    """Move events to where their pixels are in the rectified view; some leave it."""
    places = np.rint(table[events.y, events.x]).astype(np.int64)
    size = events.sensor
    inside = ((places >= 0) & (places < (size.width, size.height))).all(axis=1)
    data = np.empty(int(inside.sum()), EVENT_DTYPE)
    data["t"], data["on"] = events.t[inside], events.on[inside]
    data["x"], data["y"] = places[inside].T
    return Events(data, size)
