"""What is seen now, as JPEG: drawn when somebody looks, at most so often, once for all who look."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, SliceResult
from eventvision.sinks import OverlayState, Panel, compose, panels_for

from .state import State

_QUALITY = 80


class Pictures:
    """Draws the latest result of a daemon; may be used from several threads.

    Args:
        state: The daemon.
        fps: Most pictures a second.
    """

    def __init__(self, state: State, fps: float) -> None:
        self._state, self._least_s = state, 1 / fps
        self._lock = threading.Lock()
        self._shown: SliceResult | None = None
        self._overlay: OverlayState | None = None
        self._canvas: NDArray[np.uint8] | None = None
        self._jpeg: bytes | None = None
        self._drawn_s = float("-inf")
        self._version = 0

    def latest(self) -> tuple[int, bytes | None]:
        """Return the number of the picture and its JPEG; None before the first result."""
        with self._lock:
            result = self._state.results()
            is_due = time.monotonic() - self._drawn_s >= self._least_s
            if result is not None and result is not self._shown and is_due:
                self._drawn_s, self._shown = time.monotonic(), result
                self._jpeg = self._draw(result)
                self._version += 1
            return self._version, self._jpeg

    def _draw(self, result: SliceResult) -> bytes:
        import cv2

        state = self._overlay_of(result)
        state.update(result)
        self._canvas = compose(result, state, self._canvas)
        _, encoded = cv2.imencode(".jpg", self._canvas, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return bytes(encoded)

    def _overlay_of(self, result: SliceResult) -> OverlayState:
        """Return what pictures remember; anew when the sensor changes or tasks show more."""
        sensor: SensorSize = result.slice.events.sensor
        known: tuple[Panel, ...] = () if self._overlay is None else self._overlay.layout.panels
        panels = panels_for(result)
        if self._overlay is None or self._overlay.sensor != sensor or not set(panels) <= set(known):
            self._overlay, self._canvas = OverlayState(sensor, panels), None
        return self._overlay


def part(jpeg: bytes, boundary: str) -> bytes:
    """Return a picture as one part of a `multipart/x-mixed-replace` stream."""
    head = f"--{boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"
