"""From a network's outputs to results, at the sensor's own size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Detections, Image, Result, Segmentation
from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._box_scores import overlaps
from ._predictor import Outputs

STRIDES = (8, 16, 32)
MULTIPLE = STRIDES[-1]
_LEAST_SCORE, _MOST_OVERLAP = 0.01, 0.6
_MOST_CANDIDATES, _MOST_BOXES = 400, 100

Array = NDArray[np.float32]


def padded(events: Array) -> Array:
    """Pad a voxel grid (planes, height, width) to multiples of 32, with a first axis of one."""
    height, width = events.shape[1:]
    rim = ((0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE))
    return np.pad(events, rim)[None]


def results_of(outputs: Outputs, shape: tuple[int, int]) -> dict[str, Result]:
    """Turn what a network says into results by task.

    Args:
        outputs: As the models `reconstruction-nano` and `perception-nano` name them.
        shape: Height and width of the sensor.
    """
    decoders: dict[str, tuple[str, Callable[[Array, tuple[int, int]], Result]]] = {
        "image": ("reconstruction", _image),
        "detection": ("detection", _detections),
        "segmentation": ("segmentation", _segmentation),
        "depth": ("depth", _depth),
    }
    return {
        task: decode(outputs[name][0], shape)
        for name, (task, decode) in decoders.items()
        if name in outputs
    }


def _image(found: Array, shape: tuple[int, int]) -> Image:
    return Image(np.ascontiguousarray(found[0, : shape[0], : shape[1]]))


def _segmentation(found: Array, shape: tuple[int, int]) -> Segmentation:
    mask = _enlarged(found, shape).argmax(axis=2).astype(np.uint8)
    return Segmentation(mask, SEGMENTATION_CLASSES)


def _depth(found: Array, shape: tuple[int, int]) -> Depth:
    inverse, error = np.moveaxis(_enlarged(found, shape), 2, 0)
    far = np.exp(-np.clip(inverse, -12, 12)).astype(np.float32)
    sure = 1 / (1 + np.exp(np.clip(error, -12, 12)))
    return Depth(far, sure.astype(np.float32), metric=True)


def _enlarged(maps: Array, shape: tuple[int, int]) -> Array:
    """Return maps (C, h, w) at the sensor's size, shape (height, width, C), bilinear."""
    import cv2

    rows, columns = (-(-side // MULTIPLE) * MULTIPLE for side in shape)
    planes = np.ascontiguousarray(np.moveaxis(maps, 0, 2))
    large: Any = cv2.resize(planes, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large[: shape[0], : shape[1]], np.float32)


def _detections(found: Array, shape: tuple[int, int]) -> Detections:
    rows, columns = (-(-side // MULTIPLE) * MULTIPLE for side in shape)
    sure = _logistic(found[:, 5:]) * _logistic(found[:, 4:5])
    classes, scores = sure.argmax(axis=1), sure.max(axis=1)
    order = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
    order = order[scores[order] >= _LEAST_SCORE]
    boxes = _clipped(_boxes(found, rows, columns)[order], shape)
    scores, classes = scores[order], classes[order]
    kept = np.array(_apart(boxes, classes), np.int64)
    return Detections(boxes[kept], scores[kept], classes[kept], DETECTION_CLASSES)


def _boxes(found: Array, rows: int, columns: int) -> Array:
    """Return x, y, w, h in pixels of what each place says."""
    places = []
    for stride in STRIDES:
        y, x = np.mgrid[: rows // stride, : columns // stride].reshape(2, -1)
        places.append(np.column_stack([x + 0.5, y + 0.5, np.ones(x.size)]) * stride)
    x, y, stride_px = np.concatenate(places).astype(np.float32).T
    width, height = (np.exp(np.minimum(found[:, k], 6)) * stride_px for k in (2, 3))
    left = found[:, 0] * stride_px + x - width / 2
    top = found[:, 1] * stride_px + y - height / 2
    return np.column_stack([left, top, width, height])


def _clipped(boxes: Array, shape: tuple[int, int]) -> Array:
    """Return the parts of boxes that lie on the sensor."""
    limit = np.array([shape[1], shape[0]], np.float32)
    low = np.clip(boxes[:, :2], 0, limit)
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.hstack([low, high - low]).astype(np.float32)


def _apart(boxes: Array, classes: NDArray[np.int64]) -> list[int]:
    """Return which boxes stay: none overlaps a surer one of its class by too much."""
    overlap = overlaps(boxes, boxes)
    clash = (overlap > _MOST_OVERLAP) & (classes[:, None] == classes)
    kept: list[int] = []
    for number in range(len(boxes)):
        if len(kept) < _MOST_BOXES and not clash[number, kept].any():
            kept.append(number)
    return kept


def _logistic(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float32)
