"""The one type of sample that all data sets give, and what a data set is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Slice

UNLABELLED = 255
"""In a segmentation: nobody knows, or it is none of the classes."""


@dataclass(frozen=True, slots=True)
class LabelledBoxes:
    """Objects at one instant; N of them.

    Attributes:
        boxes: float32, shape (N, 4): x, y, w, h in pixels of the sensor; may reach beyond it.
        classes: int64, shape (N,): index into the data set's `class_names`.
        ids: int64, shape (N,): an object keeps its id in a recording; 0 where nobody tracked it.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True, slots=True)
class Sample:
    """Events up to an instant, and what is true then.

    Attributes:
        name: Recording, and the instant or number in it.
        events: Events of `[t0_us, t1_us)`.
        t0_us: Start.
        t1_us: The instant.
        label: Class of the whole, an index into the data set's `class_names`.
        boxes: Objects.
        segmentation: uint8, shape (height, width): index into `class_names`, or `UNLABELLED`.
        depth_m: float32, shape (height, width): distance along the optical axis, NaN if unknown.
        disparity_px: float32, same shape: in the rectified left view, NaN if unknown.
        frame: uint8, shape (height, width): image of the same sensor.

    What a data set does not tell is None.
    """

    name: str
    events: Events
    t0_us: int
    t1_us: int
    label: int | None = None
    boxes: LabelledBoxes | None = None
    segmentation: NDArray[np.uint8] | None = None
    depth_m: NDArray[np.float32] | None = None
    disparity_px: NDArray[np.float32] | None = None
    frame: NDArray[np.uint8] | None = None

    def slices(self, count: int) -> list[Slice]:
        """Return the events in `count` slices of equal time, as representations take them."""
        edges = np.linspace(self.t0_us, self.t1_us, count + 1).astype(np.int64).tolist()
        return [
            Slice(index, self.events.between(edges[index], edges[index + 1]), edges[index],
                  edges[index + 1], "time")
            for index in range(count)
        ]  # fmt: skip

    def in_shared_classes(self, shared: tuple[int, ...]) -> Sample:
        """Return the sample with classes that all data sets share.

        Args:
            shared: The data set's `shared_classes`: for each of its classes the index into
                `DETECTION_CLASSES` or `SEGMENTATION_CLASSES`, or -1 for none. Boxes of such
                classes are left out; such pixels become `UNLABELLED`.
        """
        changed = self
        if self.boxes is not None:
            classes = np.array([*shared, -1], np.int64)[self.boxes.classes]
            kept = classes >= 0
            boxes = LabelledBoxes(self.boxes.boxes[kept], classes[kept], self.boxes.ids[kept])
            changed = replace(changed, boxes=boxes)
        if self.segmentation is not None:
            table = np.full(256, UNLABELLED, np.uint8)
            for ours, theirs in zip(shared, range(len(shared)), strict=True):
                table[theirs] = UNLABELLED if ours < 0 else ours
            changed = replace(changed, segmentation=table[self.segmentation])
        return changed


class EventDataset(Protocol):
    """Samples by number, read when asked for; a torch `DataLoader` takes it as it is."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in labels, boxes or segmentations, as the data set has them."""

    @property
    def shared_classes(self) -> tuple[int, ...]:
        """What they are among `DETECTION_CLASSES` or `SEGMENTATION_CLASSES`, -1 for none."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Sample: ...

    def __iter__(self) -> Iterator[Sample]: ...
