"""What counts as known about a scene: a picture on a wall has no surfaces and no distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.simulation import SEGMENTATION_CLASSES, SceneTruth
from eventvision.simulation.batched import UNLABELLED

_WORLDS = ("street", "room")


def known_classes(truth: SceneTruth, scene: str, *, photo: bool) -> NDArray[np.uint8]:
    """Return classes of surfaces, shape (height, width), `UNLABELLED` where nobody knows.

    Args:
        truth: Of the scene.
        scene: Its name.
        photo: Whether it shows an image; CamVid leaves some of it unlabelled, which are "other".
    """
    classes: NDArray[np.uint8] = _known(truth.class_map).copy()
    if scene not in _WORLDS:
        classes[truth.mask == 0] = UNLABELLED
    elif photo:
        classes[classes == SEGMENTATION_CLASSES.index("other")] = UNLABELLED
    return classes


def known_depth_m(truth: SceneTruth, scene: str) -> NDArray[np.float32]:
    """Return distances in metres, shape (height, width), NaN where nobody knows."""
    depth_m: NDArray[np.float32] = _known(truth.depth_m)
    if scene not in _WORLDS:
        return np.full_like(depth_m, np.nan)
    return np.where(np.isfinite(depth_m) & (depth_m > 0), depth_m, np.float32(np.nan))


def known_flow_px_s(truth: SceneTruth) -> NDArray[np.float32]:
    """Return velocities in pixels a second, shape (2, height, width), columns then rows."""
    return _known(truth.flow_px_s)


def _known(value: NDArray[Any] | None) -> NDArray[Any]:
    if value is None:
        raise ValueError("the scene must know its truth")
    return value
