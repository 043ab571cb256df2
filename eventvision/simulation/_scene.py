"""The seam between scenes and cameras: light at any time, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """What is true of a scene at one instant. Objects are those with a visible pixel, by id.

    Attributes:
        t_us: The instant.
        intensity: float32, shape (height, width): linear intensity, 0 black to 1 white.
        mask: int32, shape (height, width): id of the object seen at a pixel, 0 for background.
        ids: int64, shape (N,): ascending; an object keeps its id for good.
        classes: int64, shape (N,): index into the scene's `class_names`.
        boxes: float32, shape (N, 4): x, y, w, h in pixels, the tightest around the mask.
        class_map: uint8, shape (height, width): index into `SEGMENTATION_CLASSES` of what is seen.
        depth_m: float32, shape (height, width): distance along the optical axis in metres, infinite
            for the sky.
        flow_px_s: float32, shape (2, height, width): velocity in the image of what is seen, columns
            then rows, in pixels a second.
        pose: float64, shape (4, 4): camera to world; x to the right, y down, z ahead, in metres.
        intrinsics: fx, fy, cx, cy in pixels: column = fx x / z + cx, row = fy y / z + cy.

    The last five are None where a scene does not know them.
    """

    t_us: int
    intensity: NDArray[np.float32]
    mask: NDArray[np.int32]
    ids: NDArray[np.int64]
    classes: NDArray[np.int64]
    boxes: NDArray[np.float32]
    class_map: NDArray[np.uint8] | None = None
    depth_m: NDArray[np.float32] | None = None
    flow_px_s: NDArray[np.float32] | None = None
    pose: NDArray[np.float64] | None = None
    intrinsics: tuple[float, float, float, float] | None = None


class Scene(Protocol):
    """Something to look at; a pure function of time, so it can be asked in any order."""

    @property
    def sensor(self) -> SensorSize:
        """Size of the images."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that its objects belong to."""

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity, shape (height, width), 0 to 1; valid until the next call."""

    def truth(self, t_us: int) -> SceneTruth:
        """Return the truth at that time, in arrays of the caller's own."""

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return a bound on how far any point of the image moves between two close times.

        Light that changes counts too: a change by a tenth is as good as a pixel.
        """


def boxes_of(mask: NDArray[np.int32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the tightest boxes around the pixels of each id, which must be in the mask.

    Returns:
        float32, shape (N, 4): x, y, w, h in pixels.
    """
    boxes = np.empty((ids.size, 4), np.float32)
    for box, label in zip(boxes, ids, strict=True):
        seen = mask == label
        columns, rows = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
        box[:] = columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1
    return boxes
