"""The peer's side of the `simulation` benchmark: EventCV, on one core, defaults otherwise."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"


def eventcv(frames: str, fps: float, settings: dict[str, Any]) -> int:
    """Let EventCV see the same frames, encoded as video is, and return its number of events."""
    import eventcv

    return len(eventcv.simulate(encoded(frames), fps=fps, **settings))


@cache
def encoded(path: str) -> Any:
    """Return frames through the curve of sRGB, which EventCV takes out again; read once."""
    import numpy as np

    light = np.load(path)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return curve.astype(np.float32)
