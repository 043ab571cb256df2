"""What a picture shows beyond one slice: fading events and the trails of tracks."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice, Tracks

_FADE_US = 20_000
_EVENT_STEP = 72
_TRAIL_US = 1_000_000
_TRAIL_STEP_US = 30_000
_QUIET = 128
_RANGE_WEIGHT = 0.1


class EventMemory:
    """Events of the latest slices, older ones paler.

    Attributes:
        cells: uint8, shape (height, width), signed about 128: see `kernels.drawing`.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self.cells: NDArray[np.uint8] = np.full(sensor.shape, _QUIET, np.uint8)

    def add(self, slice_: Slice) -> None:
        """Let what is there fade by the length of the slice, and mark its events."""
        import cv2

        from eventvision.kernels.drawing import mark_events

        kept = math.exp(-slice_.duration_us / _FADE_US)
        strengths = np.trunc((np.arange(256) - _QUIET) * kept)
        cv2.LUT(self.cells, (strengths + _QUIET).astype(np.uint8), self.cells)
        mark_events(slice_.events.data, _EVENT_STEP, self.cells)


class TrailMemory:
    """Where the centres of tracks were during the last second; memory is bounded by that time."""

    def __init__(self) -> None:
        self._points: dict[int, deque[tuple[int, float, float]]] = {}

    def add(self, tracks: Tracks, now_us: int) -> None:
        """Take the positions of all live tracks."""
        centres = tracks.boxes[:, :2] + tracks.boxes[:, 2:] / 2
        for id_, (x, y) in zip(tracks.ids.tolist(), centres.tolist(), strict=True):
            points = self._points.setdefault(id_, deque())
            if len(points) > 1 and now_us - points[-2][0] < _TRAIL_STEP_US:
                points.pop()
            points.append((now_us, x, y))

    def forget(self, now_us: int) -> None:
        """Drop what is older than a second."""
        for id_, points in list(self._points.items()):
            while points and now_us - points[0][0] > _TRAIL_US:
                points.popleft()
            if not points:
                del self._points[id_]

    def paths(self, now_us: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield every track's number and its path, oldest first.

        A path has shape (N, 3): age as a share of what is remembered, 0 to 1, and x, y.
        """
        for id_, points in self._points.items():
            path = np.array(points, np.float64)
            path[:, 0] = (now_us - path[:, 0]) / _TRAIL_US
            yield id_, path


class DepthRange:
    """The range of depths on show; follows the scene slowly, so that colours do not flicker.

    Attributes:
        near: Depth shown as nearest.
        far: Depth shown as farthest.
    """

    def __init__(self) -> None:
        self.near, self.far = 1.0, 1.0
        self._is_first = True

    def add(self, depth: NDArray[np.float32]) -> None:
        """Take a depth map; every fourth pixel is looked at."""
        seen = depth[::4, ::4]
        seen = seen[np.isfinite(seen) & (seen > 0)]
        if not seen.size:
            return
        near, far = (float(value) for value in np.percentile(seen, (2, 98)))
        weight = 1.0 if self._is_first else _RANGE_WEIGHT
        self.near += weight * (near - self.near)
        self.far += weight * (far - self.far)
        self._is_first = False

    def share(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 0 at `near` to 1 at `far`, on a logarithmic scale."""
        span = max(math.log(self.far / self.near), 1e-6)
        bounded = np.clip(np.nan_to_num(depth, nan=self.far), self.near, self.far)
        return np.asarray(np.log(bounded / self.near) / span, np.float32)
