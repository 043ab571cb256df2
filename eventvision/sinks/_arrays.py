"""Results as arrays: a folder with one compressed .npz per slice.

Each archive carries a comment by which a later run knows it for one of ours: it may be removed
when the folder is written again, anything else may not. Arrays are stored exactly; deflate runs
at its fastest level, because higher ones gain nothing on floating-point images.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Depth,
    Detections,
    Image,
    OutputError,
    PartFile,
    Segmentation,
    SliceResult,
    Tracks,
    output_errors,
)

from ._results import last_of

_MARK = b"eventvision.arrays/1"
_NAME = re.compile(r"\d{6,}\.npz")

Arrays = dict[str, NDArray[np.generic]]


class ArraysSink:
    """Writes `000000.npz`, `000001.npz`, … into a folder, named by slice number.

    The keys are documented in `docs/results.md`. A folder holds one run: the first slice that
    is written removes the files of an earlier one.

    Args:
        folder: Created if missing; other files in it are left alone.

    Raises:
        OutputError: If the folder cannot be written, or a file of a name that is needed there
            was not written by this sink.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        if self._folder.exists() and not self._folder.is_dir():
            raise OutputError(folder, "is a file, not a folder", "name a folder")
        with output_errors(folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._earlier_run = self._find_earlier_run()
        PartFile(self._path(0)).discard()

    def write(self, result: SliceResult) -> None:
        """Write the file of one slice.

        Raises:
            OutputError: If it cannot be stored; no incomplete file is left.
        """
        self._remove_earlier_run()
        part = PartFile(self._path(result.slice.index))
        try:
            with output_errors(self._folder):
                _save(part.path, as_arrays(result))
        except OutputError:
            part.discard()
            raise
        part.keep()

    def close(self) -> None:
        """Do nothing: every file was complete when it was written."""

    def discard(self) -> None:
        """Do nothing: what was written stays."""

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:06}.npz"

    def _find_earlier_run(self) -> list[Path]:
        earlier = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        for path in earlier:
            if not _is_ours(path):
                raise OutputError(path, "was not written by this sink", "name another folder")
        return earlier

    def _remove_earlier_run(self) -> None:
        with output_errors(self._folder):
            while self._earlier_run:
                self._earlier_run.pop().unlink(missing_ok=True)


def as_arrays(result: SliceResult) -> Arrays:
    """Return the arrays of a slice by name; the names are in `docs/results.md`."""
    slice_ = result.slice
    arrays: Arrays = {
        "slice": np.array(slice_.index, np.int64),
        "t0_us": np.array(slice_.t0_us, np.int64),
        "t1_us": np.array(slice_.t1_us, np.int64),
    }
    if result.representation is not None:
        arrays["representation"] = result.representation
    if (image := last_of(result, Image)) is not None:
        arrays["image"] = image.pixels
    if (segmentation := last_of(result, Segmentation)) is not None:
        arrays["mask"] = segmentation.mask
        arrays["mask_class_names"] = np.array(segmentation.class_names)
    if (depth := last_of(result, Depth)) is not None:
        arrays["depth"] = depth.depth
        arrays["depth_confidence"] = depth.confidence
        arrays["depth_is_metric"] = np.array(depth.metric, np.bool_)
    return arrays | _objects(last_of(result, Detections), last_of(result, Tracks))


def _objects(detections: Detections | None, tracks: Tracks | None) -> Arrays:
    """Name the columns: `boxes` are those of the tracks, where there are tracks."""
    arrays: Arrays = {}
    if detections is not None:
        prefix = "" if tracks is None else "detection_"
        arrays |= {
            f"{prefix}boxes": detections.boxes,
            f"{prefix}scores": detections.scores,
            f"{prefix}classes": detections.classes,
            "class_names": np.array(detections.class_names),
        }
    if tracks is not None:
        arrays |= {
            "boxes": tracks.boxes,
            "scores": tracks.scores,
            "classes": tracks.classes,
            "ids": tracks.ids,
            "velocities": tracks.velocities,
            "ages_us": tracks.ages_us,
            "class_names": np.array(tracks.class_names),
        }
    return arrays


def _save(path: Path, arrays: Arrays) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.comment = _MARK
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def _is_ours(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size < len(_MARK):
        return False
    with path.open("rb") as file:
        file.seek(-len(_MARK), 2)
        return file.read() == _MARK
