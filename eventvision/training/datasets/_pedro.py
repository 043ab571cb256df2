"""PEDRo: people seen by a robot with a DAVIS346 (Boretti et al., CVPRW 2023).

`numpy/train/frame0000000.npy` holds 40 ms of events as rows t, x, y, p; the boxes lie in
`xml/train/frame0000000.xml` in the form of Pascal VOC. `val` and `test` likewise. A folder of one's
own recordings in this layout does as well, also without splits or with both files side by side; its
boxes may be of other classes than people, and its sensor of the size that they tell.
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
_CLASSES = ("person", "vehicle", "cyclist", "other")
_NAMES = {
    "person": 0, "pedestrian": 0, "vehicle": 1, "car": 1, "cyclist": 2, "other": 3,
}  # fmt: skip
"""Classes by what labels call them; any other name is that of an `other`."""


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
    class_names = _CLASSES
    shared_classes = tuple(
        DETECTION_CLASSES.index(name) for name in ("pedestrian", "vehicle", "cyclist", "other")
    )

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
        content = _parsed(labels)
        events = self._windows.whole(path, _sensor(content) or self.sensor)
        t0_us, t1_us = (int(events.t[0]), int(events.t[-1]) + 1) if len(events) else (0, 1)
        return Sample(path.stem, events, t0_us, t1_us, boxes=_boxes(labels, content))


def _boxes(path: Path, content: ET.Element) -> LabelledBoxes:
    """Read boxes; their sides lie between pixels, as the labelling tool writes them."""
    found = [each for each in content.iter("object") if each.find("bndbox") is not None]
    corners = [_corners(path, each) for each in found]
    x0, y0, x1, y1 = np.array(corners, np.float32).reshape(-1, 4).T
    boxes = np.stack([x0, y0, x1 - x0, y1 - y0], axis=1)
    names = [(each.findtext("name") or "person").strip().lower() for each in found]
    classes = np.array([_NAMES.get(name, _NAMES["other"]) for name in names], np.int64)
    return LabelledBoxes(boxes, classes, np.zeros(len(boxes), np.int64))


def _sensor(content: ET.Element) -> SensorSize | None:
    """Return the size that labels tell of; None if they do not."""
    try:
        width, height = (
            int(content.findtext(f"size/{side}") or "") for side in ("width", "height")
        )
        return SensorSize(width, height)
    except ValueError:
        return None


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
        return [float(found.findtext(f"bndbox/{side}") or "") for side in _SIDES]
    except ValueError as error:
        raise FormatError(path, "has a box that lacks a side", "get it again") from error
