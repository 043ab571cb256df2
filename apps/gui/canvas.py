"""What is to be seen of a stream at one moment, and how it is drawn for each view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Alarm,
    Depth,
    Detections,
    Frame,
    Image,
    Result,
    Segmentation,
    SensorSize,
    SliceResult,
    Tracks,
)

from .palettes import (
    PALETTES,
    colour_of_bgr,
    depth_ramp,
    ramps,
    surface_ramps,
    weights,
)
from .state import Base, ViewSettings

Picture = NDArray[np.uint32]

SURFACE_SPAN = 10
"""A time surface reaches so many accumulation times back."""

_TINT_WEIGHT = 140
_RATE_TIME_US = 250_000


@dataclass(frozen=True, eq=False, slots=True)
class Overlay:
    """What is drawn over pictures as lines and text, in pixels of the sensor.

    Attributes:
        detections: Latest objects seen.
        tracks: Latest objects followed.
        trails: Number and path of each object followed: age 0 to 1, x, y; oldest first.
        alarm: Latest alarm.
        depth_range: Distances of the first and the last colour.
        depth_is_metric: Whether they are in metres; None where there is no depth.
        classes: Names of the classes that are tinted.
        bases: What there is to lie under the events.
    """

    detections: Detections | None = None
    tracks: Tracks | None = None
    trails: tuple[tuple[int, NDArray[np.float64]], ...] = ()
    alarm: Alarm | None = None
    depth_range: tuple[float, float] = (1.0, 1.0)
    depth_is_metric: bool | None = None
    classes: tuple[str, ...] = ()
    bases: frozenset[Base] = frozenset(("ground", "surface"))


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
        self._image: Image | None = None
        self._depth: Depth | None = None
        self._segmentation: Segmentation | None = None
        self._frame: Frame | None = None
        self._painted: dict[str, Picture] = {}

    def enter(self, events: NDArray[np.void]) -> None:
        """Take events, in order of time."""
        from eventvision.kernels.event_view import enter_latest
        from eventvision.kernels.words import as_words

        enter_latest(as_words(events), self.sensor.width, self._cells)

    def take(self, result: SliceResult) -> None:
        """Take what tasks said about a slice; what they did not say anew stays."""
        for frame in result.slice.frames:
            self._frame = frame
            self._painted.pop("frame", None)
        for value in result.results.values():
            self._take_value(value)
        if self._tracks is not None:
            self._memory.trails.add(self._tracks, result.slice.t1_us)
        self._memory.trails.forget(result.slice.t1_us)

    def overlay(self, now_us: int) -> Overlay:
        """Return what is drawn over pictures."""
        range_ = self._memory.depth_range
        names = () if self._segmentation is None else self._segmentation.class_names
        return Overlay(
            detections=self._detections,
            tracks=self._tracks,
            trails=tuple(self._memory.trails.paths(now_us)),
            alarm=self._alarm,
            depth_range=(range_.near, range_.far),
            depth_is_metric=None if self._depth is None else self._depth.metric,
            classes=names,
            bases=self._bases(),
        )

    def depth_at(self, x: int, y: int) -> tuple[float | None, bool]:
        """Return the distance of a pixel, None where it is not known, and if it is in metres."""
        depth = self._depth
        if depth is None or not (0 <= y < depth.depth.shape[0] and 0 <= x < depth.depth.shape[1]):
            return None, False
        value = float(depth.depth[y, x])
        return (value if np.isfinite(value) and value > 0 else None), depth.metric

    def draw(self, settings: ViewSettings, now_us: int, out: Picture) -> None:
        """Draw what a view shows.

        Args:
            settings: What that is.
            now_us: Present time.
            out: Shape (height, width), 0xFFRRGGBB; written.
        """
        from eventvision.kernels.event_view import paint_on_ground, paint_on_picture

        flat = out.reshape(-1)
        window_us = settings.accumulation_us
        ground = PALETTES[settings.palette].ground
        if settings.base == "surface":
            window_us *= SURFACE_SPAN
            paint_on_ground(self._cells, now_us, window_us, surface_ramps(), 0xFF12161C, flat)
            return
        base = None if settings.base == "ground" else self._base(settings, ground)
        if not settings.events:
            flat[:] = ground if base is None else base
        elif base is None:
            colours = ramps(settings.palette, fades=settings.fades)
            paint_on_ground(self._cells, now_us, window_us, colours, ground, flat)
        else:
            palette = PALETTES[settings.palette]
            colours = np.array([palette.off, palette.on], np.uint32)
            alpha = weights(fades=settings.fades)
            paint_on_picture(self._cells, now_us, window_us, colours, alpha, base, flat)

    def _take_value(self, value: Result) -> None:
        match value:
            case Detections():
                self._detections = value
            case Tracks():
                self._tracks = value
            case Alarm():
                self._alarm = value
            case Image():
                self._image = value
                self._painted.pop("reconstruction", None)
                self._painted.pop("segmentation", None)
            case Segmentation():
                self._segmentation = value
                self._painted.pop("segmentation", None)
            case Depth():
                self._depth = value
                self._memory.depth_range.add(value.depth)
                self._painted.pop("depth", None)

    def _bases(self) -> frozenset[Base]:
        given: dict[Base, object] = {
            "reconstruction": self._image,
            "frame": self._frame,
            "depth": self._depth,
            "segmentation": self._segmentation,
        }
        there = {base for base, value in given.items() if value is not None}
        return frozenset({"ground", "surface", *there})

    def _base(self, settings: ViewSettings, ground: int) -> Picture | None:
        """Return the picture under the events, shape (pixels,); None where there is none yet."""
        name = settings.base
        if name not in self._painted:
            painted = self._paint_base(name, ground)
            if painted is None:
                return None
            self._painted[name] = painted
        return self._painted[name]

    def _paint_base(self, name: str, ground: int) -> Picture | None:
        if name == "reconstruction":
            return None if self._image is None else _grey(self._image.pixels)
        if name == "frame":
            return None if self._frame is None else self._paint_frame(self._frame, ground)
        if name == "depth":
            return None if self._depth is None else self._paint_depth(self._depth)
        return None if self._segmentation is None else self._paint_classes(self._segmentation)

    def _paint_frame(self, frame: Frame, ground: int) -> Picture:
        """Put a camera frame where it lies on the sensor."""
        picture = np.full(self.sensor.shape, ground, np.uint32)
        pixels = frame.pixels.astype(np.uint32)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        blue, green, red = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        packed = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
        rows = min(packed.shape[0], self.sensor.height - frame.y)
        columns = min(packed.shape[1], self.sensor.width - frame.x)
        area = picture[frame.y : frame.y + rows, frame.x : frame.x + columns]
        area[:] = packed[:rows, :columns]
        return picture.reshape(-1)

    def _paint_depth(self, depth: Depth) -> Picture:
        from eventvision.kernels.event_view import paint_depth

        picture = np.empty(self.sensor.pixels, np.uint32)
        range_ = self._memory.depth_range
        near, far = max(range_.near, 1e-6), max(range_.far, 1e-6)
        paint_depth(
            np.ascontiguousarray(depth.depth).reshape(-1),
            np.ascontiguousarray(depth.confidence).reshape(-1),
            near,
            far,
            depth_ramp(),
            0xFF12161C,
            picture,
        )
        return picture

    def _paint_classes(self, segmentation: Segmentation) -> Picture:
        from eventvision.kernels.event_view import paint_classes
        from eventvision.sinks import number_colour

        under = self._base_under()
        tints = np.zeros(256, np.uint32)
        share = np.zeros(256, np.uint32)
        names = segmentation.class_names
        first = 1 if names[:1] == ("background",) else 0
        for class_ in range(first, min(256, len(names))):
            tints[class_] = colour_of_bgr(number_colour(class_))
            share[class_] = _TINT_WEIGHT
        picture = np.empty(self.sensor.pixels, np.uint32)
        mask = np.ascontiguousarray(segmentation.mask).reshape(-1)
        paint_classes(mask, tints, share, under, picture)
        return picture

    def _base_under(self) -> Picture:
        if self._image is not None:
            return _grey(self._image.pixels)
        return np.full(self.sensor.pixels, 0xFF12161C, np.uint32)


class Probe:
    """Rate of events at the pixel under the pointer, smoothed over a quarter of a second."""

    def __init__(self) -> None:
        self._at = (-1, -1)
        self.rate_hz = 0.0

    def take(self, events: NDArray[np.void], span_us: int, x: int, y: int) -> None:
        """Take events of a stretch of time."""
        from eventvision.kernels.event_view import count_near
        from eventvision.kernels.words import as_words

        if (x, y) != self._at:
            self._at, self.rate_hz = (x, y), 0.0
        if x < 0 or span_us <= 0:
            return
        now_hz = count_near(as_words(events), x, y) * 1e6 / span_us / 9
        share = 1 - float(np.exp(-span_us / _RATE_TIME_US))
        self.rate_hz += share * (now_hz - self.rate_hz)


def _grey(pixels: NDArray[np.float32]) -> Picture:
    from eventvision.kernels.event_view import paint_grey

    picture = np.empty(pixels.size, np.uint32)
    paint_grey(np.ascontiguousarray(pixels).reshape(-1), picture)
    return picture
