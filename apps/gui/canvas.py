"""What is to be seen of a stream at one moment, and how it is drawn for each view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Alarm,
    Counts,
    Depth,
    Detections,
    Image,
    Result,
    Segmentation,
    SensorSize,
    SliceResult,
    Tracks,
)

from .bases import NOWHERE, Bases, Picture
from .palettes import PALETTES, ramps, surface_ramps, weights
from .shrunk import Shrunk
from .state import Base, ViewSettings
from .trails import TRAIL_PX, draw_trails

SURFACE_SPAN = 10
"""A time surface reaches so many accumulation times back."""

TASK_BASES: tuple[Base, ...] = ("reconstruction", "depth", "segmentation")
"""Bases that are what the task of that name says."""


@dataclass(frozen=True, eq=False, slots=True)
class Overlay:
    """What is drawn over pictures as lines and text, in pixels of the sensor.

    Attributes:
        detections: Latest objects seen.
        tracks: Latest objects followed.
        alarm: Latest alarm.
        counts: Latest counts at lines and in zones.
        depth_range: Distances of the first and the last colour.
        depth_is_metric: Whether they are in metres; None where there is no depth.
        classes: Names of the classes that are tinted.
        bases: What there is to lie under the events.
    """

    detections: Detections | None = None
    tracks: Tracks | None = None
    alarm: Alarm | None = None
    counts: Counts | None = None
    depth_range: tuple[float, float] = (1.0, 1.0)
    depth_is_metric: bool | None = None
    classes: tuple[str, ...] = ()
    bases: frozenset[Base] = frozenset(("ground", "surface"))

    def of_tasks(self, on: Collection[str]) -> Overlay:
        """Return what the tasks that are on have said; what others said last is over."""
        found = "detection" in on or "graph" in on
        idle = {base for base in TASK_BASES if base not in on}
        return replace(
            self,
            detections=self.detections if found else None,
            tracks=self.tracks if "tracking" in on else None,
            alarm=self.alarm if "alarm" in on else None,
            counts=self.counts if "counting" in on else None,
            bases=self.bases - idle,
        )


class Canvas:
    """Remembers the latest event of every pixel and the latest results.

    Args:
        sensor: Size of the pixel array.
    """

    def __init__(self, sensor: SensorSize) -> None:
        from eventvision.kernels.event_view import NEVER
        from eventvision.sinks import OverlayState

        self.sensor = sensor
        self._cells = np.full(sensor.pixels, NEVER, np.int64)
        self._memory = OverlayState(sensor)
        self._detections: Detections | None = None
        self._tracks: Tracks | None = None
        self._alarm: Alarm | None = None
        self._counts: Counts | None = None
        self._under = Bases(sensor)
        self._shrunk = Shrunk(sensor)

    def enter(self, events: NDArray[np.void]) -> None:
        """Take events, in order of time."""
        from eventvision.kernels.event_view import enter_latest
        from eventvision.kernels.words import as_words

        enter_latest(as_words(events), self.sensor.width, self._cells)
        self._shrunk.forget_cells()

    def take(self, result: SliceResult) -> None:
        """Take what tasks said about a slice; what they did not say anew stays."""
        for frame in result.slice.frames:
            self._under.take(frame)
        for value in result.results.values():
            self._take_value(value)
        if self._tracks is not None:
            self._memory.trails.add(self._tracks, result.slice.t1_us)
        self._memory.trails.forget(result.slice.t1_us)

    def overlay(self) -> Overlay:
        """Return what is drawn over pictures."""
        range_ = self._memory.depth_range
        depth, segmentation = self._under.depth, self._under.segmentation
        return Overlay(
            detections=self._detections,
            tracks=self._tracks,
            alarm=self._alarm,
            counts=self._counts,
            depth_range=(range_.near, range_.far),
            depth_is_metric=None if depth is None else depth.metric,
            classes=() if segmentation is None else segmentation.class_names,
            bases=self._under.names,
        )

    def depth_at(self, x: int, y: int) -> tuple[float | None, bool]:
        """Return the distance of a pixel, None where it is not known, and if it is in metres."""
        depth = self._under.depth
        if depth is None or not (0 <= y < depth.depth.shape[0] and 0 <= x < depth.depth.shape[1]):
            return None, False
        value = float(depth.depth[y, x])
        return (value if np.isfinite(value) and value > 0 else None), depth.metric

    def draw(self, settings: ViewSettings, now_us: int, out: Picture) -> None:
        """Draw what a view shows.

        Args:
            settings: What that is.
            now_us: Present time.
            out: Any shape: where it is less than that of the sensor, the latest event of a block
                of pixels is seen. 0xFFRRGGBB; written.
        """
        from eventvision.kernels.event_view import paint_on_ground, paint_on_picture

        flat = out.reshape(-1)
        shape = (out.shape[0], out.shape[1])
        cells = self._shrunk.cells(self._cells, shape)
        window_us = settings.accumulation_us
        ground = PALETTES[settings.palette].ground
        if settings.base == "surface":
            window_us *= SURFACE_SPAN
            paint_on_ground(cells, now_us, window_us, surface_ramps(), NOWHERE, flat)
            return
        base = self._base(settings.base, ground, shape)
        if not settings.events:
            flat[:] = ground if base is None else base
        elif base is None:
            colours = ramps(settings.palette, fades=settings.fades)
            paint_on_ground(cells, now_us, window_us, colours, ground, flat)
        else:
            palette = PALETTES[settings.palette]
            colours = np.array([palette.off, palette.on], np.uint32)
            alpha = weights(fades=settings.fades)
            paint_on_picture(cells, now_us, window_us, colours, alpha, base, flat)

    def draw_trails(self, now_us: int, scale: float, out: Picture) -> None:
        """Draw where objects that are followed have been.

        Args:
            now_us: Present time.
            scale: Pixels of the screen for one of the sensor.
            out: Picture of the whole sensor in any size; changed in place.
        """
        if self._tracks is None:
            return
        followed = set(self._tracks.ids.tolist())
        paths = (path for path in self._memory.trails.paths(now_us) if path[0] in followed)
        width_px = TRAIL_PX * out.shape[1] / (self.sensor.width * scale)
        draw_trails(paths, self.sensor, max(width_px, 1.0), out)

    def _base(self, base: Base, ground: int, shape: tuple[int, int]) -> Picture | None:
        """Return the picture under the events in a size, shape (rows * columns,)."""
        range_ = self._memory.depth_range
        whole = self._under.picture(base, ground, (range_.near, range_.far))
        return None if whole is None else self._shrunk.picture(whole, base, shape)

    def _take_value(self, value: Result) -> None:
        match value:
            case Detections():
                self._detections = value
            case Tracks():
                self._tracks = value
            case Alarm():
                self._alarm = value
            case Counts():
                self._counts = value
            case Depth():
                self._memory.depth_range.add(value.depth)
                self._under.take(value)
            case Image() | Segmentation():
                self._under.take(value)
