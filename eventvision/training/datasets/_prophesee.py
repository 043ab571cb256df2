"""Gen1 and 1 Megapixel: automotive detection by Prophesee, `NAME_td.dat` with `NAME_bbox.npy`.

Sironi, de Tournemire et al., 2020; Perot et al., NeurIPS 2020. Boxes are a structured array with
the time in microseconds in `t` or `ts`, `x`, `y`, `w`, `h`, `class_id` and `track_id`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize
from eventvision.simulation import DETECTION_CLASSES

from ._base import FolderDataset, read_array
from ._sample import LabelledBoxes, Sample


class PropheseeDetection(FolderDataset):
    """Samples at the instants that have boxes.

    Args:
        root: Folder with `train`, `val`, `test`, or with recordings.
        split: One of these folders; None for the recordings in `root` and everything below it.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    sensor: SensorSize

    def __init__(
        self, root: str | Path, *, split: str | None = None, window_us: int = 50_000
    ) -> None:
        super().__init__(root, window_us=window_us)
        folder = self._split_folder(split)
        self._items: list[tuple[Path, Path, int]] = []
        for boxes in self._found(folder, "**/*_bbox.npy"):
            events = boxes.with_name(boxes.name.removesuffix("_bbox.npy") + "_td.dat")
            if not events.is_file():
                raise self._missing(boxes.parent, events.name)
            times = np.unique(_times(boxes))
            self._items += [(events, boxes, int(t_us)) for t_us in times]

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        path, boxes, t_us = self._items[number]
        rows = read_array(boxes, ("x", "y", "w", "h", "class_id"))
        rows = rows[_times(boxes) == t_us]
        corners = np.stack([rows[name] for name in "xywh"], axis=1).astype(np.float32)
        tracks = rows["track_id"] if "track_id" in (rows.dtype.names or ()) else 0 * rows["x"]
        classes = rows["class_id"].astype(np.int64)
        if classes.size and not 0 <= classes.min() <= classes.max() < len(self.class_names):
            problem = f"has the class {int(classes.max())}, which {self.title} does not know"
            raise FormatError(boxes, problem, "name the data set that it belongs to")
        t0_us = t_us - self.window_us
        return Sample(
            f"{path.stem}@{t_us}",
            self._windows.events(path, t0_us, t_us, self.sensor),
            t0_us,
            t_us,
            boxes=LabelledBoxes(corners, classes, tracks.astype(np.int64)),
        )


class Gen1Detection(PropheseeDetection):
    """Gen1: ATIS, 304x240, cars and pedestrians; boxes once to four times a second."""

    title = "Gen1 (Prophesee Gen1 automotive detection)"
    origin = "prophesee.ai, Gen1 Automotive Detection Dataset"
    sensor = SensorSize(304, 240)
    class_names = ("car", "pedestrian")
    shared_classes = tuple(DETECTION_CLASSES.index(name) for name in ("vehicle", "pedestrian"))


class MegapixelDetection(PropheseeDetection):
    """1 Megapixel: 1280x720, seven classes; boxes at 60 Hz."""

    title = "1 Mpx (Prophesee 1 Megapixel automotive detection)"
    origin = "prophesee.ai, 1 Megapixel Automotive Detection Dataset"
    sensor = SensorSize(1280, 720)
    class_names = (
        "pedestrian", "two wheeler", "car", "truck", "bus", "traffic sign", "traffic light",
    )  # fmt: skip
    shared_classes = (1, 2, 0, 0, 0, -1, -1)


def _times(path: Path) -> NDArray[np.int64]:
    rows = read_array(path)
    name = next((name for name in ("t", "ts") if name in (rows.dtype.names or ())), None)
    if name is None:
        raise FormatError(path, "lacks the column t (or ts)", "get it again")
    return rows[name].astype(np.int64)
