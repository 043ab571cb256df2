"""DDD17 with labels: driving with a DAVIS346, segmented by Alonso, Murillo (CVPRW 2019).

Read in the form in which the authors of ESS (Sun et al., ECCV 2022) pass it on: folders `dir0`,
`dir1`, ... with

    events.dat.t                 int64: times in nanoseconds
    events.dat.xyp               int16: x, y, polarity of each event
    index/index_50ms.npy         int64, a row per image: time in nanoseconds, number of the first
                                 event after it, number of the event 50 ms before
    segmentation_masks/*_N.png   labels of image N, counted from 1: the upper 200 of the 260 rows
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize

from ._base import FolderDataset, read_array, read_image
from ._sample import UNLABELLED, Sample

_SENSOR = SensorSize(346, 260)
_NS_PER_US = 1000
_SPLITS = {"train": (0, 2, 3, 5, 6), "val": (1,), "test": (4,)}


class Ddd17Segmentation(FolderDataset):
    """Samples at the instants of the labelled images; six classes.

    Args:
        root: Folder with `dir0` and so on.
        split: `train`, `val`, `test` (the folders of ESS, in order of their names); None for all.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
        FormatError: If its files do not belong together.
    """

    title = "DDD17 segmentation (dir0, dir1, ...)"
    origin = "github.com/uzh-rpg/ess (labels: github.com/Shathe/Ev-SegNet)"
    sensor = _SENSOR
    class_names = ("flat", "background", "object", "nature", "human", "vehicle")
    shared_classes = (3, -1, 7, 2, 6, 5)

    def __init__(
        self, root: str | Path, *, split: str | None = None, window_us: int = 50_000
    ) -> None:
        super().__init__(root, window_us=window_us)
        if split is not None and split not in _SPLITS:
            raise ValueError(f"split must be one of {', '.join(_SPLITS)}, got {split!r}")
        folders = [path for path in self._found(self.root, "dir*") if path.is_dir()]
        if split is not None:
            folders = [folders[k] for k in _SPLITS[split] if k < len(folders)]
        self._items: list[tuple[Path, Path, int]] = []
        for folder in folders:
            times_ns = read_array(folder / self._require(folder, "index/index_50ms.npy"))
            for path in self._found(folder, "segmentation_masks/*.png"):
                self._items.append((folder, path, self._time_us(path, times_ns)))
            self._require(folder, "events.dat.t")
            self._require(folder, "events.dat.xyp")

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        folder, path, t1_us = self._items[number]
        image = read_image(path)
        if image.shape[1] != _SENSOR.width or image.shape[0] > _SENSOR.height:
            raise FormatError(path, f"is of shape {image.shape}", "get it again")
        labels = np.full(_SENSOR.shape, UNLABELLED, np.uint8)
        labels[: image.shape[0]] = image
        t0_us = t1_us - self.window_us
        events = _events(folder, t0_us, t1_us)
        return Sample(f"{folder.name}/{path.stem}", events, t0_us, t1_us, segmentation=labels)

    def _require(self, folder: Path, name: str) -> str:
        if not (folder / name).is_file():
            raise self._missing(folder, name)
        return name

    def _time_us(self, path: Path, times_ns: NDArray[Any]) -> int:
        number = path.stem.rpartition("_")[2]
        if not number.isdecimal() or not 1 <= int(number) <= len(times_ns):
            problem = f"is named after image {number or '?'}, of {len(times_ns)} in the index"
            raise FormatError(path, problem, "get it again")
        return int(times_ns[int(number) - 1, 0]) // _NS_PER_US


def _events(folder: Path, t0_us: int, t1_us: int) -> Events:
    path = folder / "events.dat.t"
    times_ns = np.memmap(path, "<i8", "r")
    places = np.memmap(folder / "events.dat.xyp", "<i2", "r")
    if places.size != 3 * times_ns.size:
        raise FormatError(path, "has other events than events.dat.xyp", "get both again")
    first, last = np.searchsorted(times_ns, (t0_us * _NS_PER_US, t1_us * _NS_PER_US))
    x, y, p = places[3 * first : 3 * last].reshape(-1, 3).T
    data = np.empty(int(last - first), EVENT_DTYPE)
    data["t"], data["on"] = times_ns[first:last] // _NS_PER_US, p > 0
    data["x"], data["y"] = np.clip(x, 0, 345), np.clip(y, 0, 259)
    return Events(data, _SENSOR)
