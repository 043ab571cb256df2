"""From a network's outputs to results, as the pipeline makes them; but unsure boxes are kept.

Average precision wants all boxes with their scores, also those that nobody would be shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Detections, Image, Result, Segmentation, SensorSize
from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES
from eventvision.tasks import (
    STRIDES,
    Frame,
    ObjectSettings,
    class_map,
    distance_map,
    find_objects,
)

from ._predictor import Outputs

MULTIPLE = STRIDES[-1]
ALL_BOXES = ObjectSettings(least_score=0.01, most_objects=100)

Array = NDArray[np.float32]


def padded(events: Array) -> Array:
    """Pad a voxel grid (planes, height, width) to multiples of 32, with a first axis of one."""
    height, width = events.shape[1:]
    rim = ((0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE))
    return np.pad(events, rim)[None]


def results_of(outputs: Outputs, sensor: SensorSize) -> dict[str, Result]:
    """Turn what a network says into results by task.

    Args:
        outputs: As the models `reconstruction-nano` and `perception-nano` name them.
        sensor: Size of the sensor.
    """
    filled = SensorSize(
        *(-(-side // MULTIPLE) * MULTIPLE for side in (sensor.width, sensor.height))
    )
    frame = Frame(sensor, 1, filled)
    found: dict[str, Result] = {}
    if "image" in outputs:
        image = outputs["image"][0, 0, : sensor.height, : sensor.width]
        found["reconstruction"] = Image(np.ascontiguousarray(image))
    if "detection" in outputs:
        objects = find_objects(outputs["detection"][0], filled, ALL_BOXES, within=sensor)
        found["detection"] = Detections(
            objects.boxes, objects.scores, objects.classes, DETECTION_CLASSES
        )
    if "segmentation" in outputs:
        mask = class_map(outputs["segmentation"][0], frame)
        found["segmentation"] = Segmentation(mask, SEGMENTATION_CLASSES)
    if "depth" in outputs:
        found["depth"] = Depth(*distance_map(outputs["depth"][0], frame), metric=True)
    return found
