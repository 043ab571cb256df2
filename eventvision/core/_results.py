"""What tasks say about a slice. Boxes are (x, y, w, h) in pixels, (x, y) the top-left corner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class LineCount:
    """How many objects have crossed a line since the stream began.

    Attributes:
        name: As the user named it, or `line1`, `line2`, …
        start: x and y of the end where the line begins, in pixels.
        end: Of the other end.
        forward: Objects that came from the left-hand side of one who looks from start to end.
        backward: Objects that came from the right-hand side.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    forward: int
    backward: int


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """How many objects are in a zone, and how long.

    Attributes:
        name: As the user named it, or `zone1`, `zone2`, …
        corners: x and y of each corner, in pixels.
        inside: Objects that are in it now.
        entered: Objects that have come into it since the stream began.
        dwell_us: Mean time that those stayed that have left it; 0 before the first.
        longest_us: How long the one has been inside that came first of those inside now.
    """

    name: str
    corners: tuple[tuple[float, float], ...]
    inside: int
    entered: int
    dwell_us: int
    longest_us: int


@dataclass(frozen=True, slots=True)
class Passage:
    """An object crossed a line, or the edge of a zone.

    Attributes:
        gate: Name of the line or zone.
        way: `forward` or `backward` over a line, `in` or `out` of a zone.
        id: Number of its track.
        class_name: What it is.
        at_us: When, between two slices.
        x_px: Where.
        y_px: Where.
        vx_px_s: Its velocity there, to the right.
        vy_px_s: Likewise, downwards.
        speed_m_s: Its speed on the ground; None where the ground is not known.
        dwell_us: For `out`, how long it was in the zone; else None.
    """

    gate: str
    way: Literal["forward", "backward", "in", "out"]
    id: int
    class_name: str
    at_us: int
    x_px: float
    y_px: float
    vx_px_s: float
    vy_px_s: float
    speed_m_s: float | None = None
    dwell_us: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What has crossed lines and edges of zones: totals, and the passages of this slice."""

    lines: tuple[LineCount, ...]
    zones: tuple[ZoneCount, ...]
    passages: tuple[Passage, ...] = ()


Result = Detections | Tracks | Image | Segmentation | Depth | Alarm | Counts


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
