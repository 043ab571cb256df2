"""Small pictures of parts of a batch, to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import OutputError
from eventvision.simulation import DETECTION_CLASSES
from eventvision.simulation.batched import UNLABELLED

Picture = NDArray[np.uint8]
FloatArray = NDArray[np.floating[Any]]

_GAP_PX = 2
_CLASS_COLOURS = np.array(
    [[230, 190, 130], [130, 130, 130], [70, 160, 70], [110, 70, 110], [190, 130, 190],
     [230, 90, 40], [60, 60, 230], [0, 210, 210], [220, 220, 220]], np.uint8,
)  # fmt: skip
_BOX_COLOURS = ((255, 120, 40), (60, 60, 255), (0, 220, 220), (60, 220, 60))
_CLASS_LOOKS = np.zeros((256, 3), np.uint8)
_CLASS_LOOKS[: len(_CLASS_COLOURS)] = _CLASS_COLOURS
_CLASS_LOOKS[UNLABELLED] = 0


def framed(tile: Picture) -> Picture:
    """Add a white line to the right and below."""
    return np.pad(tile, ((0, _GAP_PX), (0, _GAP_PX), (0, 0)), constant_values=255)


def grey_tile(picture: FloatArray) -> Picture:
    """Draw values (h, w) from 0, black, to 1, white."""
    grey = (255 * np.clip(picture, 0, 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def light_tile(light: FloatArray) -> Picture:
    """Draw linear intensity (h, w), scaled by percentiles."""
    low, high = np.percentile(light, (1, 99))
    return grey_tile(np.clip((light - low) / max(high - low, 1e-6), 0, 1) ** 0.5)


def draw_boxes(picture: Picture, boxes: FloatArray, kinds: NDArray[np.integer]) -> None:
    """Draw boxes x, y, w, h (N, 4) in the colours of their classes (N,); -1 for no box."""
    import cv2

    for box, kind in zip(boxes, kinds.tolist(), strict=True):
        if 0 <= kind < len(DETECTION_CLASSES):
            x, y, w, h = (int(v) for v in box)
            cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), _BOX_COLOURS[kind], 1)


def events_tile(planes: FloatArray) -> Picture:
    """Draw the sum over planes (planes, h, w): ON red and OFF blue on white."""
    total = planes.sum(0)
    depth = np.clip(np.abs(total) / 2, 0, 1)
    picture = np.full((*total.shape, 3), 255.0)
    picture[..., 1] *= 1 - depth
    picture[..., 0] *= 1 - depth * (total > 0)
    picture[..., 2] *= 1 - depth * (total < 0)
    return picture.astype(np.uint8)


def classes_tile(classes: NDArray[np.integer]) -> Picture:
    """Draw classes of surfaces (h, w); black where unlabelled."""
    looks: Picture = _CLASS_LOOKS[classes]
    return looks


def instances_tile(instances: NDArray[np.integer]) -> Picture:
    """Draw ids of objects (h, w) in colours."""
    ids = instances.astype(int)
    hue = np.stack([ids * 47 % 180, 0 * ids + 200, 255 * (ids > 0)], axis=-1).astype(np.uint8)
    return _from_hsv(hue)


def depth_tile(depth_m: FloatArray, valid: NDArray[np.bool_] | None = None) -> Picture:
    """Draw what is near bright, what is far dark (h, w); black where nobody knows."""
    bright = (40 + 215 * np.sqrt(np.clip(1 / np.maximum(depth_m, 0.5), 0, 1))) / 255
    return grey_tile(bright if valid is None else np.where(valid, bright, 0))


def flow_tile(flow_px: FloatArray) -> Picture:
    """Draw directions (2, h, w) as hues, speeds as brightness."""
    dx, dy = flow_px
    hue = (np.arctan2(dy, dx) / np.pi + 1) * 89.5
    value = np.clip(50 * np.hypot(dx, dy), 0, 255)
    return _from_hsv(np.stack([hue, 0 * hue + 220, value], axis=-1).astype(np.uint8))


def write_picture(path: Path, picture: Picture) -> None:
    """Write a PNG.

    Raises:
        OutputError: If it cannot be written.
    """
    import cv2

    ok, data = cv2.imencode(".png", picture)
    try:
        path.write_bytes(data.tobytes() if ok else b"")
    except OSError as error:
        raise OutputError(path, str(error.strerror), "choose another place") from error


def _from_hsv(picture: NDArray[Any]) -> Picture:
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_HSV2BGR), np.uint8)
