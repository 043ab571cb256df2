"""Our side of the `simulation` benchmark."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.simulation import EventCamera, PixelModel, pixel_model


def simulate(frames: str, fps: float, preset: str | None, settings: dict[str, float]) -> int:
    """Let a camera see linear frames, one thread, and return its number of events."""
    images = loaded(frames)
    sensor = SensorSize(images.shape[2], images.shape[1])
    # EventCV's logarithm has no offset; its frames are kept out of where it is linear.
    model = pixel_model(preset) if preset else PixelModel(dark=1e-6, **settings)  # type: ignore[arg-type]
    camera = EventCamera(sensor, model, seed=1)
    step_us = 1e6 / fps
    return sum(len(camera.expose(round(n * step_us), image)) for n, image in enumerate(images))


@cache
def loaded(path: str) -> NDArray[np.float32]:
    """Return frames, shape (N, height, width), read once."""
    images: NDArray[np.float32] = np.load(path)
    return images
