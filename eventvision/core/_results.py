"""What tasks say about a slice. Boxes are (x, y, w, h) in pixels, (x, y) the top-left corner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._slices import Slice


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects seen in one slice.

    Attributes:
        boxes: float32, shape (N, 4): x, y, w, h in pixels.
        scores: float32, shape (N,), 0 to 1.
        classes: int64, shape (N,): index into `class_names`.
        class_names: Names of all classes that the detector knows.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    class_names: tuple[str, ...] = ("object",)

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Objects followed over time; one row per live track.

    Attributes:
        ids: int64, shape (N,): stable, never used twice in a stream.
        boxes: float32, shape (N, 4): x, y, w, h in pixels, filtered.
        velocities: float32, shape (N, 2): of the centre, in pixels per second.
        ages_us: int64, shape (N,): time since the track began.
        scores: float32, shape (N,), of the latest matched detection.
        classes: int64, shape (N,): index into `class_names`.
        class_names: As in the detections that are followed.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    velocities: NDArray[np.float32]
    ages_us: NDArray[np.int64]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    class_names: tuple[str, ...] = ("object",)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Image:
    """A reconstructed intensity image: `pixels` is float32, shape (height, width), 0 to 1."""

    pixels: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A class per pixel: `mask` is uint8, shape (height, width), an index into `class_names`."""

    mask: NDArray[np.uint8]
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """Distance per pixel.

    Attributes:
        depth: float32, shape (height, width); metres if `metric`, else up to a common factor.
        confidence: float32, shape (height, width), 0 to 1.
        metric: Whether the scale is known.
    """

    depth: NDArray[np.float32]
    confidence: NDArray[np.float32]
    metric: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whether something is where nothing should be.

    Attributes:
        objects: What is there, best first; nothing, no alarm.
        began: Whether there was nothing at the end of the slice before.
    """

    objects: Detections
    began: bool


Result = Detections | Tracks | Image | Segmentation | Depth | Alarm


@dataclass(frozen=True, slots=True)
class SliceResult:
    """All that the pipeline found out about one slice.

    Attributes:
        slice: The slice itself.
        results: By task name, in the order in which the tasks ran.
        representation: The rendered array, where one was asked for. Valid until the sink returns.
    """

    slice: Slice
    results: Mapping[str, Result] = field(default_factory=dict)
    representation: NDArray[np.generic] | None = None
