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


def dv_processing(path: str, width: int, height: int, frames: int) -> float:
    """Draw with dv-processing's EventVisualizer, show it with `cv2.imshow`; pictures a second.

    Args:
        path: A recording of the same scene, in dv-processing's own format.
        width: Of the sensor.
        height: Of the sensor.
        frames: How many windows of 10 ms.
    """
    import cv2
    import dv_processing as dv

    _window(cv2)
    recording, events = dv.io.MonoCameraRecording(path), dv.EventStore()
    while (batch := recording.getNextEventBatch()) is not None:
        events.add(batch)
    first_us = events.getLowestTime()
    times = [first_us + 10_000 * frame for frame in range(frames)]
    visualizer = dv.visualization.EventVisualizer((width, height))
    began = time.perf_counter()
    for time_us in times:
        part = events.sliceTime(time_us, time_us + 10_000)
        cv2.imshow("events", visualizer.generateImage(part))
        cv2.waitKey(1)
    return frames / (time.perf_counter() - began)


def _window(cv2: Any) -> None:
    try:
        cv2.namedWindow("events")
    except cv2.error as problem:  # as the headless wheel has none, and no screen gives none
        raise ImportError("no windows in this cv2") from problem


def cv2(path: str, width: int, height: int, frames: int) -> float:
    """Count events into an array and show it with `cv2.imshow`; return pictures a second."""
    import cv2

    _window(cv2)
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
