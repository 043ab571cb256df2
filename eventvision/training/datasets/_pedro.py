"""PEDRo: people seen by a robot with a DAVIS346 (Boretti et al., CVPRW 2023).

`numpy/train/frame0000000.npy` holds 40 ms of events as rows t, x, y, p; the boxes lie in
`xml/train/frame0000000.xml` in the form of Pascal VOC. `val` and `test` likewise. A folder of one's
own recordings in this layout does as well, also without splits or with both files side by side.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from eventvision.core import FormatError, SensorSize
from eventvision.simulation import DETECTION_CLASSES

from ._base import FolderDataset
from ._sample import LabelledBoxes, Sample

_MOST_XML_BYTES = 1 << 20
_SIDES = ("xmin", "ymin", "xmax", "ymax")


class Pedro(FolderDataset):
    """One window of events per sample, with the people in it.

    Args:
        root: Folder with `numpy` and `xml`.
        split: `train`, `val` or `test`; None for everything.

    Raises:
        SourceNotFoundError: If the folder does not look like the data set.
    """

    title = "PEDRo"
    origin = "github.com/SSIGPRO/PEDRo-Event-Based-Dataset"
    sensor = SensorSize(346, 260)
    class_names = ("person",)
    shared_classes = (DETECTION_CLASSES.index("pedestrian"),)

    def __init__(self, root: str | Path, *, split: str | None = "train") -> None:
        super().__init__(root, window_us=1)
        arrays = self.root / "numpy" if (self.root / "numpy").is_dir() else self.root
        if split is not None and not (arrays / split).is_dir():
            raise self._missing(arrays, f"{split}/")
        folder = arrays / split if split is not None else arrays
        self._items: list[tuple[Path, Path]] = []
        for path in self._found(folder, "**/*.npy"):
            inside = path.relative_to(arrays).with_suffix(".xml")
            beside = path.with_suffix(".xml")
            boxes = beside if beside.is_file() else self.root / "xml" / inside
            if not boxes.is_file():
                raise self._missing(boxes.parent, boxes.name)
            self._items.append((path, boxes))

    def __len__(self) -> int:
        return len(self._items)

    def _sample(self, number: int) -> Sample:
        path, labels = self._items[number]
        events = self._windows.whole(path, self.sensor)
        t0_us, t1_us = (int(events.t[0]), int(events.t[-1]) + 1) if len(events) else (0, 1)
        return Sample(path.stem, events, t0_us, t1_us, boxes=_boxes(labels))


def _boxes(path: Path) -> LabelledBoxes:
    """Read boxes of people; their sides lie between pixels, as the labelling tool writes them."""
    corners = [_corners(path, found) for found in _parsed(path).iter("bndbox")]
    x0, y0, x1, y1 = np.array(corners, np.float32).reshape(-1, 4).T
    boxes = np.stack([x0, y0, x1 - x0, y1 - y0], axis=1)
    nothing = np.zeros(len(boxes), np.int64)
    return LabelledBoxes(boxes, nothing, nothing)


def _parsed(path: Path) -> ET.Element:
    """Parse a small file of labels; one that declares entities is refused."""
    try:
        text = path.read_bytes()[: _MOST_XML_BYTES + 1]
        if len(text) > _MOST_XML_BYTES or b"<!ENTITY" in text:
            raise FormatError(path, "is no file of boxes", "get it again")
        return ET.fromstring(text)  # noqa: S314 - entities are refused above
    except (OSError, ET.ParseError) as error:
        raise FormatError(path, "is no XML that can be read", "get it again") from error


def _corners(path: Path, found: ET.Element) -> list[float]:
    try:
        return [float(found.findtext(side) or "") for side in _SIDES]
    except ValueError as error:
        raise FormatError(path, "has a box that lacks a side", "get it again") from error
