"""From the outputs of an anchor-free detector to boxes (YOLOX, Ge et al., 2021).

Each place of three grids over the picture, 8, 16 and 32 pixels apart, tells of one box: where its
centre lies from the middle of the place, how large it is, whether there is an object at all, and of
which class it would be. Neighbouring places tell of the same object; the surest one is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.suppression import suppress

STRIDES = (8, 16, 32)
"""Pixels from one place to the next, for each grid, in the order of the outputs."""

_BOX_FIELDS = 5
_MOST_LOG_SIZE = 6.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectSettings:
    """Which boxes are told.

    Attributes:
        least_score: Boxes below it are left out; the score is the probability that there is an
            object times that of its class.
        most_overlap: Intersection over union from which on two boxes of a class are one object.
        most_objects: Most boxes for a slice; those with the highest score stay.
        most_candidates: Most boxes that are compared with each other, the same way.
        least_px: Smallest side of a box, in pixels of the sensor, after it was cut at the edge.
    """

    least_score: float = 0.25
    most_overlap: float = 0.5
    most_objects: int = 64
    most_candidates: int = 512
    least_px: float = 2.0

    def __post_init__(self) -> None:
        for name in ("least_score", "most_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        for name in ("most_objects", "most_candidates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.least_px >= 0:
            raise ValueError(f"least_px must not be negative, got {self.least_px}")


@dataclass(frozen=True, slots=True)
class Objects:
    """Boxes, best first.

    Attributes:
        boxes: float32, shape (N, 4): x, y, w, h.
        scores: float32, shape (N,).
        classes: int64, shape (N,).
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]


def places_in(picture: SensorSize) -> int:
    """Return how many places the grids over a picture have."""
    return sum((picture.height // stride) * (picture.width // stride) for stride in STRIDES)


def find_objects(
    output: Floats,
    picture: SensorSize,
    settings: ObjectSettings,
    *,
    scale: float = 1.0,
    within: SensorSize | None = None,
) -> Objects:
    """Return the objects that a detector found.

    Args:
        output: Shape (places, 5 + classes): for each place, row by row, the finest grid first,
            offset x and y of the centre and logarithms of width and height, in strides; logits of
            an object and of its classes.
        picture: Size of the network's input.
        settings: Which boxes are told.
        scale: Pixels of the sensor that are one of the picture.
        within: Boxes are cut at the edges of this sensor; None cuts at those of the picture.

    Raises:
        ValueError: If the output has another number of places than the picture.
    """
    if output.ndim != 2 or len(output) != places_in(picture) or output.shape[1] <= _BOX_FIELDS:
        wanted = f"({places_in(picture)}, 5 + classes)"
        raise ValueError(f"a detector's output for {picture} is {wanted}, got {output.shape}")
    scores, classes = _scores(output)
    rows = np.flatnonzero(scores >= settings.least_score)
    rows = rows[np.argsort(-scores[rows], kind="stable")][: settings.most_candidates]
    corners = _corners(output[rows], _places(picture)[rows]) * np.float32(scale)
    edge = within or picture
    corners = np.clip(corners, 0, np.array([edge.width, edge.height] * 2, np.float32))
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    large = boxes[:, 2:].min(axis=1, initial=np.inf) >= max(settings.least_px, 1e-3)
    boxes, rows = np.ascontiguousarray(boxes[large]), rows[large]
    kept = np.empty(settings.most_objects, np.int64)
    kept = kept[: suppress(boxes, classes[rows], settings.most_overlap, kept)]
    return Objects(boxes[kept], scores[rows[kept]], classes[rows[kept]])


def _scores(output: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return score and class of the likeliest class of each place."""
    classes = output[:, _BOX_FIELDS:].argmax(axis=1)
    best = np.take_along_axis(output[:, _BOX_FIELDS:], classes[:, None], axis=1)[:, 0]
    return _sigmoid(output[:, _BOX_FIELDS - 1]) * _sigmoid(best), classes


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)


def _corners(output: Floats, places: Floats) -> Floats:
    """Return left, top, right, bottom, shape (N, 4)."""
    stride = places[:, 2:]
    centre = places[:, :2] + output[:, :2] * stride
    half = np.exp(np.minimum(output[:, 2:4], _MOST_LOG_SIZE)) * stride / 2
    return np.hstack([centre - half, centre + half])


@lru_cache(maxsize=8)
def _places(picture: SensorSize) -> Floats:
    """Return x, y of the middle of each place and its stride, shape (places, 3)."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[: picture.height // stride, : picture.width // stride]
        middle = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride
        grids.append(np.hstack([middle, np.full((len(middle), 1), stride)]))
    places = np.concatenate(grids).astype(np.float32)
    places.flags.writeable = False
    return places
