"""From coarse maps of a network to maps of the sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._frame import Frame

Floats = NDArray[np.float32]

_NEAREST_M, _FARTHEST_M = 0.05, 1000.0


def class_map(logits: Floats, frame: Frame) -> NDArray[np.uint8]:
    """Return the likeliest class of each pixel of the sensor, uint8, shape (height, width).

    Args:
        logits: Shape (classes, h, w): the network's input at a fraction of its resolution.
        frame: What the network sees.
    """
    classes = logits.argmax(axis=0).astype(np.uint8)
    across = frame.filled.width // logits.shape[2] * frame.binning
    down = frame.filled.height // logits.shape[1] * frame.binning
    height, width = frame.sensor.shape
    rows = classes[np.arange(height) // down]
    return np.ascontiguousarray(rows[:, np.arange(width) // across])


def distance_map(output: Floats, frame: Frame) -> tuple[Floats, Floats]:
    """Return metres and confidence of each pixel of the sensor, each of shape (height, width).

    Between the network's places, one over the distance is interpolated: it is even on planes.

    Args:
        output: Shape (2, h, w): the logarithm of one over the distance in metres, and the logarithm
            of the error of it that is to be expected.
        frame: What the network sees.
    """
    bounds = -np.log([_FARTHEST_M, _NEAREST_M])
    inverse = np.exp(np.clip(output[0], *bounds).astype(np.float32))
    confidence = np.exp(-np.exp(np.clip(output[1], -20, 20))).astype(np.float32)
    return np.reciprocal(enlarged(inverse, frame)), enlarged(confidence, frame)


def enlarged(picture: Floats, frame: Frame) -> Floats:
    """Bring a map of the network's input, at any resolution, to the sensor; interpolates."""
    import cv2

    seen = frame.seen
    filled = frame.filled.width, frame.filled.height
    if picture.shape != frame.filled.shape:
        picture = np.asarray(cv2.resize(picture, filled, interpolation=cv2.INTER_LINEAR))
    picture = np.ascontiguousarray(picture[: seen.height, : seen.width])
    if frame.binning == 1:
        return picture
    whole = seen.width * frame.binning, seen.height * frame.binning
    picture = np.asarray(cv2.resize(picture, whole, interpolation=cv2.INTER_LINEAR))
    return np.ascontiguousarray(picture[: frame.sensor.height, : frame.sensor.width])
