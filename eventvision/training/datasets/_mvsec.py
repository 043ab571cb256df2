"""MVSEC: flying, driving and riding with two DAVIS346; here the left one with depth from a lidar.

Zhu et al., RA-L 2018. A sequence is a pair of HDF5 files, `NAME_data.hdf5` with the events as rows
x, y, t (seconds), p in `/davis/left/events`, and `NAME_gt.hdf5` with `/davis/left/depth_image_raw`
(metres, NaN where unknown) at `/davis/left/depth_image_raw_ts`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize

from ._base import FolderDataset
from ._sample import Sample

_SENSOR = SensorSize(346, 260)
_US = 1e6


class MvsecDepth(FolderDataset):
    """Samples at the instants of the depth images, 20 a second; distorted view, as the events are.

    Args:
        root: Folder with the files, or with folders that hold them.
        window_us: How much time of events a sample has.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
        FormatError: If a file is not one of the data set.
    """

    title = "MVSEC (HDF5 files)"
    origin = "daniilidis-group.github.io/mvsec"
    sensor = _SENSOR

    def __init__(self, root: str | Path, *, window_us: int = 50_000) -> None:
        super().__init__(root, window_us=window_us)
        self._files: dict[Path, Any] = {}
        self._items: list[tuple[Path, Path, int, float]] = []
        for truth in self._found(self.root, "**/*_gt.hdf5"):
            data = truth.with_name(truth.name.removesuffix("_gt.hdf5") + "_data.hdf5")
            if not data.is_file():
                raise self._missing(truth.parent, data.name)
            times = self._member(truth, "depth_image_raw_ts")[:]
            self._items += [(data, truth, index, float(t)) for index, t in enumerate(times)]

    def __getstate__(self) -> dict[str, Any]:
        """Leave open files behind: another process opens its own."""
        return self.__dict__ | {"_files": {}}

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        data, truth, index, t_s = self._items[number]
        depth = np.asarray(self._member(truth, "depth_image_raw")[index], np.float32)
        if depth.shape != _SENSOR.shape:
            raise FormatError(truth, f"has depth of shape {depth.shape}", "get it again")
        t1_us = round(t_s * _US)
        t0_us = t1_us - self.window_us
        return Sample(
            f"{data.name.removesuffix('_data.hdf5')}/{index}",
            self._events(data, t0_us, t1_us),
            t0_us,
            t1_us,
            depth_m=np.where(depth > 0, depth, np.nan).astype(np.float32),
        )

    def _events(self, path: Path, t0_us: int, t1_us: int) -> Events:
        rows = self._member(path, "events")
        first, last = (_first_not_before(rows, t_us / _US) for t_us in (t0_us, t1_us))
        x, y, t, p = np.asarray(rows[first:last], np.float64).reshape(-1, 4).T
        data = np.empty(x.size, EVENT_DTYPE)
        data["t"], data["on"] = np.rint(t * _US), p > 0
        data["x"], data["y"] = np.clip(x, 0, 345), np.clip(y, 0, 259)
        return Events(data, _SENSOR).between(t0_us, t1_us)

    def _member(self, path: Path, name: str) -> Any:
        import h5py

        try:
            if path not in self._files:
                self._files[path] = h5py.File(path, "r")
            return self._files[path][f"davis/left/{name}"]
        except (OSError, KeyError) as error:
            raise FormatError(path, f"lacks /davis/left/{name}", f"see {self.origin}") from error


def _first_not_before(rows: Any, t_s: float) -> int:
    """Return the first row at or after a time, reading few of them."""
    low, high = 0, rows.shape[0]
    while low < high:
        middle = (low + high) // 2
        if rows[middle, 2] < t_s:
            low = middle + 1
        else:
            high = middle
    return low
