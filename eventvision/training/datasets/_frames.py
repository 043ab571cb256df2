"""Recordings of a DAVIS with its own images: ECD (Mueggler et al., 2017), HQF (Stoffregen, 2020).

Three forms are about:

    text    a folder with `events.txt` and `images.txt` (time in seconds, path of the image)
    rosbag  `NAME.bag` with topics of events and images
    HDF5    `NAME.h5` with `/events/{xs,ys,ts,ps}` and `/images/image000000000`, each of which has
            the attribute `timestamp` (seconds), as the training code of HQF's authors writes them
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError

from ._bag_images import bag_image, bag_images
from ._base import FolderDataset, read_image
from ._sample import Sample

_US = 1e6


class FrameRecordings(FolderDataset):
    """Samples at the instants of the images: the events since the image before, and the image.

    Args:
        root: Folder with recordings in any of the three forms, or one recording as text.
        longest_us: Longest time of events that a sample has.

    Raises:
        SourceNotFoundError: If there is no such recording.
        FormatError: If one is not in its form.
    """

    def __init__(self, root: str | Path, *, longest_us: int = 200_000) -> None:
        super().__init__(root, window_us=longest_us)
        self._items: list[tuple[Path, int, int, str]] = []
        for events, listed in self._recordings():
            previous_us: int | None = None
            for t_us, image in sorted(listed):
                if previous_us is not None and t_us > previous_us:
                    t0_us = max(previous_us, t_us - longest_us)
                    self._items.append((events, t0_us, t_us, image))
                previous_us = t_us
        if not self._items:
            what = "events.txt with images.txt, a .bag or an .h5"
            raise self._missing(self.root, what)

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        path, t0_us, t1_us, image = self._items[number]
        name = f"{path.parent.name}/{path.stem}@{t1_us}"
        events = self._windows.events(path, t0_us, t1_us)
        return Sample(name, events, t0_us, t1_us, frame=_grey(_READERS[path.suffix](path, image)))

    def _recordings(self) -> Iterator[tuple[Path, list[tuple[int, str]]]]:
        """Yield the file of events of each recording with its images: time and name."""
        for listing in sorted(self.root.glob("**/images.txt")):
            events = next(
                (p for p in sorted(listing.parent.glob("events*.txt")) if p.is_file()), None
            )
            if events is None:
                raise self._missing(listing.parent, "events.txt")
            yield events, _listed(listing)
        for bag in sorted(self.root.glob("**/*.bag")):
            yield bag, bag_images(bag)
        for pattern in ("**/*.h5", "**/*.hdf5"):
            for path in sorted(self.root.glob(pattern)):
                yield path, _stored_images(path)


class EventCameraDataset(FrameRecordings):
    """ECD: short recordings of a DAVIS240 in hand, 240x180."""

    title = "ECD (Event Camera Dataset)"
    origin = "rpg.ifi.uzh.ch/davis_data.html"


class HighQualityFrames(FrameRecordings):
    """HQF: recordings of two DAVIS240 with well exposed images, 240x180."""

    title = "HQF (High Quality Frames)"
    origin = "timostoff.github.io/20ecnn"


def _listed(listing: Path) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        seconds, _, image = line.strip().partition(" ")
        try:
            found.append((round(float(seconds) * _US), str(listing.parent / image.strip())))
        except ValueError as error:
            raise FormatError(listing, f"line {number} has no time", "get it again") from error
    return found


def _stored_images(path: Path) -> list[tuple[int, str]]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            images = file["images"]
            return [(round(float(images[n].attrs["timestamp"]) * _US), n) for n in images]
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(path, "holds no /images with their times", "get it again") from error


def _stored_image(path: Path, name: str) -> NDArray[Any]:
    import h5py

    with h5py.File(path, "r") as file:
        return np.asarray(file["images"][name])


_READERS: dict[str, Callable[[Path, str], NDArray[Any]]] = {
    ".txt": lambda _, image: read_image(Path(image)),
    ".bag": bag_image,
    ".h5": _stored_image,
    ".hdf5": _stored_image,
}


def _grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return one plane of an image."""
    plane = image if image.ndim == 2 else image.reshape(*image.shape[:2], -1).mean(axis=2)
    return np.asarray(np.clip(plane, 0, 255), np.uint8)
