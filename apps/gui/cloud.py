"""The last moments as points in x, y and t: what is kept of them, from where they are looked at.

Drawn by a kernel rather than by OpenGL: it works on every screen, also where there is none, and
300 000 points take a few milliseconds (docs/gui.md has the measurement).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, Slice

MOST_POINTS = 300_000
"""Where there are more events in the span, every second, fourth, eighth ... is drawn."""

SPANS_US = (50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000)
DEFAULT_SPAN_US = 200_000
_STRETCH = 1.6
"""Length of the time axis, in units of the longer side of the sensor."""


@dataclass(frozen=True, eq=False, slots=True)
class Cloud:
    """Events of the last moments.

    Attributes:
        parts: Events in order, `EVENT_DTYPE`; the first and the last may reach beyond the span.
        now_us: End of the span.
        span_us: Length of the time axis.
        sensor: Size of the pixel array.
        points: Events in the parts.
        every: One event of so many is drawn.
    """

    parts: tuple[NDArray[np.void], ...]
    now_us: int
    span_us: int
    sensor: SensorSize
    points: int
    every: int


def cloud_of(
    slices: Sequence[Slice],
    span_us: int,
    now_us: int | None = None,
    *,
    most_points: int = MOST_POINTS,
) -> Cloud | None:
    """Return the cloud of the last moments; None if there is nothing.

    Args:
        slices: Of one stream, the latest last.
        span_us: Length of the time axis, positive.
        now_us: Its end; None is the end of the latest slice, as is a time that lies elsewhere.
        most_points: Draw no more than about so many.

    Raises:
        ValueError: If `span_us` is not positive.
    """
    if span_us <= 0:
        raise ValueError(f"span_us must be positive, got {span_us}")
    if not slices:
        return None
    latest = slices[-1]
    if now_us is None or not slices[0].t0_us < now_us <= latest.t1_us:
        now_us = latest.t1_us
    sensor = latest.events.sensor
    parts = tuple(
        slice_.events.data
        for slice_ in slices
        if len(slice_)
        and slice_.events.sensor == sensor
        and slice_.t0_us <= now_us
        and slice_.t1_us > now_us - span_us
    )
    points = sum(part.size for part in parts)
    every = 1
    while points > most_points * every:
        every *= 2
    return Cloud(parts, now_us, span_us, sensor, points, every)


@dataclass(frozen=True, kw_only=True, slots=True)
class Orbit:
    """From where a cloud is looked at.

    Attributes:
        yaw_deg: Turn about the upright axis; 0 looks along time, at the newest events.
        pitch_deg: Height of the viewer, -90 to 90.
        zoom: Size; 1 fits the window.
        pan_x: Shift to the right, in parts of the window's shorter side.
        pan_y: Shift down, likewise.
    """

    yaw_deg: float = 40.0
    pitch_deg: float = 22.0
    zoom: float = 1.0
    pan_x: float = 0.0
    pan_y: float = 0.0

    def turned(self, right_deg: float, up_deg: float) -> Orbit:
        """Return the view after a turn."""
        yaw = (self.yaw_deg + right_deg + 180.0) % 360.0 - 180.0
        return replace(self, yaw_deg=yaw, pitch_deg=min(90.0, max(-90.0, self.pitch_deg + up_deg)))

    def zoomed(self, factor: float) -> Orbit:
        """Return the view from nearer (factor above 1) or farther."""
        return replace(self, zoom=min(20.0, max(0.2, self.zoom * factor)))

    def moved(self, right: float, down: float) -> Orbit:
        """Return the view shifted, in parts of the window's shorter side."""
        return replace(self, pan_x=self.pan_x + right, pan_y=self.pan_y + down)

    def matrix(self, sensor: SensorSize, width_px: int, height_px: int) -> NDArray[np.float32]:
        """Return what `draw_cloud` needs to draw into a picture of this size, shape (3, 4)."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        cos_y, sin_y, cos_p, sin_p = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
        turn = np.array(
            [
                [cos_y, 0.0, sin_y],
                [sin_y * sin_p, cos_p, -cos_y * sin_p],
                [-sin_y * cos_p, sin_p, cos_y * cos_p],
            ]
        )
        longer = max(sensor.width, sensor.height)
        place = np.zeros((3, 4))
        place[0, 0] = place[1, 1] = 1.0 / longer
        place[0, 3], place[1, 3] = -sensor.width / longer / 2, -sensor.height / longer / 2
        place[2, 2], place[2, 3] = _STRETCH, -_STRETCH / 2
        seen = turn @ place
        distance = 4.0
        seen[2, 3] += distance
        shorter = min(width_px, height_px)
        scale = self.zoom * distance * min(0.42 * width_px, 0.5 * height_px)
        centre_x = width_px / 2 + self.pan_x * shorter
        centre_y = height_px / 2 + self.pan_y * shorter
        return np.stack(
            [scale * seen[0] + centre_x * seen[2], scale * seen[1] + centre_y * seen[2], seen[2]]
        ).astype(np.float32)


VIEWS = {
    "perspective": Orbit(),
    "front": Orbit(yaw_deg=0.0, pitch_deg=0.0),
    "side": Orbit(yaw_deg=90.0, pitch_deg=0.0),
    "top": Orbit(yaw_deg=90.0, pitch_deg=90.0),
}
"""Standpoints by name."""


def project(matrix: NDArray[np.float32], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where points (x, y, age), shape (N, 3), lie in the picture, shape (N, 2)."""
    ends = np.column_stack([corners, np.ones(len(corners))]) @ matrix.T.astype(np.float64)
    return np.asarray(ends[:, :2] / ends[:, 2:], np.float64)


def box_edges(sensor: SensorSize) -> Iterator[tuple[NDArray[np.float64], bool]]:
    """Yield the twelve edges of the box as pairs of points (x, y, age), and whether it is now."""
    for axis in range(3):
        for edge in edges_along(sensor, axis):
            yield edge, axis < 2 and edge[0, 2] == 0.0


def edges_along(sensor: SensorSize, axis: int) -> list[NDArray[np.float64]]:
    """Return the four edges of the box along x, y (0, 1) or age (2), from 0 to the other end."""
    size = (float(sensor.width), float(sensor.height), 1.0)
    first, second = (each for each in range(3) if each != axis)
    edges = []
    for one in (0.0, size[first]):
        for two in (0.0, size[second]):
            ends = np.zeros((2, 3))
            ends[:, first], ends[:, second], ends[1, axis] = one, two, size[axis]
            edges.append(ends)
    return edges


def outer_edge(matrix: NDArray[np.float32], sensor: SensorSize, axis: int) -> NDArray[np.float64]:
    """Return, in the picture, the edge along an axis that lies farthest out; shape (2, 2)."""
    middle = project(matrix, np.array([[sensor.width / 2, sensor.height / 2, 0.5]]))[0]
    seen = [project(matrix, edge) for edge in edges_along(sensor, axis)]
    return max(seen, key=lambda ends: float(np.hypot(*(ends.mean(axis=0) - middle))))


class CloudPainter:
    """Draws clouds into pictures.

    Args:
        colours: Shape (2, 256), uint32 0xAARRGGBB: by polarity (OFF, ON) and age.
        background: 0xAARRGGBB.
    """

    def __init__(self, colours: NDArray[np.uint32], background: int) -> None:
        self._colours, self._background = colours, background

    def draw(
        self, cloud: Cloud | None, orbit: Orbit, width_px: int, height_px: int, point_px: int = 2
    ) -> NDArray[np.uint32]:
        """Return a picture, shape (height_px, width_px), 0xAARRGGBB."""
        picture = np.full((height_px, width_px), self._background, np.uint32)
        depth = np.full((height_px, width_px), np.inf, np.float32)
        if cloud is not None:
            from eventvision.kernels.cloud import draw_cloud

            matrix = orbit.matrix(cloud.sensor, width_px, height_px)
            for part in reversed(cloud.parts):
                draw_cloud(
                    _words(part),
                    cloud.every,
                    cloud.now_us,
                    cloud.span_us,
                    matrix,
                    self._colours,
                    point_px,
                    depth,
                    picture,
                )
        return picture


def _words(data: NDArray[np.void]) -> NDArray[np.uint64]:
    """View events as words, as `eventvision.kernels.words` does, whose import takes longer."""
    return np.ascontiguousarray(data).view(np.uint64)


def fading_colours(off: int, on: int, background: int) -> NDArray[np.uint32]:
    """Return a table for `draw_cloud` in which events fade half-way into the background with age.

    Args:
        off: Colour of new OFF events, 0xRRGGBB.
        on: Colour of new ON events, likewise.
        background: What they fade into, likewise.
    """
    fade = np.linspace(0.0, 0.6, 256)[:, None]
    rows = [_rgb(colour) * (1 - fade) + _rgb(background) * fade for colour in (off, on)]
    return _packed(np.stack(rows))


def age_colours(anchors: tuple[int, ...]) -> NDArray[np.uint32]:
    """Return a table in which the age alone decides: new events have the first colour."""
    known = np.stack([_rgb(colour) for colour in anchors])
    at = np.linspace(0.0, len(anchors) - 1.0, 256)
    row = np.stack([np.interp(at, np.arange(len(anchors)), known[:, c]) for c in range(3)], axis=-1)
    return _packed(np.stack([row, row]))


def _rgb(colour: int) -> NDArray[np.float64]:
    return np.array([colour >> 16 & 255, colour >> 8 & 255, colour & 255], np.float64)


def _packed(rgb: NDArray[np.float64]) -> NDArray[np.uint32]:
    red, green, blue = np.moveaxis(np.rint(rgb).astype(np.uint32), -1, 0)
    packed: NDArray[np.uint32] = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return packed
