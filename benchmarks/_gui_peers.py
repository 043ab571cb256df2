"""The peers' side of the `gui` benchmark: the plainest viewer that each one's manual suggests."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

EVENT_DTYPE = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")], align=True)


def pyqtgraph(path: str, width: int, height: int, frames: int) -> float:
    """Count events into an array and hand it to an ImageItem; return pictures a second."""
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg

    application = pg.mkQApp()
    view = pg.GraphicsLayoutWidget()
    item = pg.ImageItem(axisOrder="row-major")
    view.addViewBox(lockAspect=True, invertY=True).addItem(item)
    view.resize(width, height)
    view.show()
    events = np.load(path)
    edges = np.searchsorted(events["t"], np.arange(frames + 1) * 10_000)
    began = time.perf_counter()
    for frame in range(frames):
        part = events[edges[frame] : edges[frame + 1]]
        item.setImage(_picture(part, width, height), levels=(0, 255))
        view.grab() if os.environ.get("QT_QPA_PLATFORM") == "offscreen" else view.repaint()
        application.processEvents()
    return frames / (time.perf_counter() - began)


def cv2(path: str, width: int, height: int, frames: int) -> float:
    """Count events into an array and show it with `cv2.imshow`; return pictures a second."""
    import cv2

    try:
        cv2.namedWindow("events")
    except cv2.error as problem:  # as the headless wheel has none, and no screen gives none
        raise ImportError("no windows in this cv2") from problem
    events = np.load(path)
    edges = np.searchsorted(events["t"], np.arange(frames + 1) * 10_000)
    began = time.perf_counter()
    for frame in range(frames):
        part = events[edges[frame] : edges[frame + 1]]
        cv2.imshow("events", _picture(part, width, height))
        cv2.waitKey(1)
    return frames / (time.perf_counter() - began)


def _picture(part: Any, width: int, height: int) -> Any:
    picture = np.full((height, width), 128, np.uint8)
    picture[part["y"], part["x"]] = np.where(part["on"], 255, 0)
    return picture
