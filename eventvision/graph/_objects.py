"""From a grid's outputs to boxes.

Each place of the grid tells of one box: where its centre lies from the middle of the place, how
large it is, whether there is an object at all, and of which class it would be. Neighbouring places
tell of the same object; the surest one is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections, SensorSize
from eventvision.kernels.suppression import suppress

BOX_FIELDS = 5
_MOST_LOG_SIZE = 6.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class GridSettings:
    """Which boxes are told.

    Attributes:
        least_score: Boxes below it are left out; the score is the probability that there is an
            object times that of its class.
        most_overlap: Intersection over union from which on two boxes are one object.
        most_objects: Most boxes; those with the highest score stay.
        least_px: Smallest side of a box, after it was cut at the edge.
    """

    least_score: float = 0.3
    most_overlap: float = 0.5
    most_objects: int = 32
    least_px: float = 4.0

    def __post_init__(self) -> None:
        for name in ("least_score", "most_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.most_objects < 1:
            raise ValueError(f"most_objects must be at least 1, got {self.most_objects}")
        if not self.least_px > 0:
            raise ValueError(f"least_px must be positive, got {self.least_px}")


def grid_objects(
    output: Floats,
    stride_px: int,
    sensor: SensorSize,
    class_names: tuple[str, ...],
    settings: GridSettings,
) -> Detections:
    """Return the objects that a grid tells of, best first.

    Args:
        output: Shape (5 + classes, rows, columns): offset x and y of the centre and logarithms of
            width and height, in strides; logits of an object and of its classes.
        stride_px: Pixels from one place to the next.
        sensor: Boxes are cut at its edges.
        class_names: Names of the classes.
        settings: Which boxes are told.

    Raises:
        ValueError: If the output does not go with the classes.
    """
    if output.ndim != 3 or len(output) != BOX_FIELDS + len(class_names):
        wanted = f"({BOX_FIELDS + len(class_names)}, rows, columns)"
        raise ValueError(f"the output should be {wanted}, it is {output.shape}")
    logits = output[BOX_FIELDS:].reshape(len(class_names), -1)
    classes = logits.argmax(axis=0)
    score = _sigmoid(output[BOX_FIELDS - 1].ravel()) * _sigmoid(logits.max(axis=0))
    places = np.flatnonzero(score >= settings.least_score)
    places = places[np.argsort(-score[places], kind="stable")]
    boxes = _boxes(output, places, stride_px, sensor)
    large = boxes[:, 2:].min(axis=1, initial=np.inf) >= settings.least_px
    boxes, places = np.ascontiguousarray(boxes[large]), places[large]
    kept = np.empty(settings.most_objects, np.int64)
    one_class = np.zeros(len(boxes), np.int64)
    kept = kept[: suppress(boxes, one_class, settings.most_overlap, kept)]
    chosen = places[kept]
    return Detections(boxes[kept], score[chosen], classes[chosen], class_names)


def _boxes(output: Floats, places: NDArray[np.int64], stride_px: int, sensor: SensorSize) -> Floats:
    """Return x, y, w, h of the boxes of some places, cut at the sensor's edges."""
    fields = output[:4].reshape(4, -1)[:, places].astype(np.float64)
    row, column = np.divmod(places, output.shape[2])
    middle = np.stack([column, row], 1) + 0.5
    half = np.exp(np.minimum(fields[2:], _MOST_LOG_SIZE)).T / 2
    centre = middle + fields[:2].T
    edge = [sensor.width, sensor.height]
    low = np.clip((centre - half) * stride_px, 0, edge)
    high = np.clip((centre + half) * stride_px, 0, edge)
    return np.hstack([low, high - low]).astype(np.float32)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
