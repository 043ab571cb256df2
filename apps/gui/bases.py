"""What lies under events: the latest picture, frame, depth and classes, painted when asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Frame, Image, Segmentation, SensorSize

from .palettes import colour_of_bgr, depth_ramp
from .state import Base

Picture = NDArray[np.uint32]

NOWHERE = 0xFF12161C
"""Colour of pixels of which nothing is known."""

_TINT_WEIGHT = 140


class Bases:
    """Remembers the latest of each and paints it once.

    Args:
        sensor: Size of the pixel array.

    Attributes:
        depth: The latest distances; None before any.
        segmentation: The latest classes; None before any.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._sensor = sensor
        self._image: Image | None = None
        self._frame: Frame | None = None
        self.depth: Depth | None = None
        self.segmentation: Segmentation | None = None
        self._painted: dict[tuple[Base, int], Picture] = {}

    @property
    def names(self) -> frozenset[Base]:
        """What there is to lie under events."""
        given: dict[Base, object] = {
            "reconstruction": self._image,
            "frame": self._frame,
            "depth": self.depth,
            "segmentation": self.segmentation,
        }
        return frozenset(
            {"ground", "surface", *(base for base in given if given[base] is not None)}
        )

    def take(self, value: Frame | Image | Depth | Segmentation) -> None:
        """Remember something newer."""
        match value:
            case Frame():
                self._frame = value
                self._forget("frame")
            case Image():
                self._image = value
                self._forget("reconstruction", "segmentation")
            case Depth():
                self.depth = value
                self._forget("depth")
            case Segmentation():
                self.segmentation = value
                self._forget("segmentation")

    def picture(self, base: Base, ground: int, range_: tuple[float, float]) -> Picture | None:
        """Return the picture under the events; None where there is none, or none yet.

        Args:
            base: Which.
            ground: Colour around a frame that is smaller than the sensor, 0xFFRRGGBB.
            range_: Distances of the first and the last colour of depth.

        Returns:
            Shape (pixels,), 0xFFRRGGBB.
        """
        key = (base, ground if base == "frame" else 0)
        if key not in self._painted:
            painted = self._paint(base, ground, range_)
            if painted is None:
                return None
            self._painted[key] = painted
        return self._painted[key]

    def _forget(self, *bases: Base) -> None:
        for key in [key for key in self._painted if key[0] in bases]:
            del self._painted[key]

    def _paint(self, base: Base, ground: int, range_: tuple[float, float]) -> Picture | None:
        if base == "reconstruction" and self._image is not None:
            return _grey(self._image)
        if base == "frame" and self._frame is not None:
            return _frame(self._frame, self._sensor, ground)
        if base == "depth" and self.depth is not None:
            return _depth(self.depth, range_)
        if base == "segmentation" and self.segmentation is not None:
            return _classes(self.segmentation, self._image)
        return None


def _grey(image: Image) -> Picture:
    from eventvision.kernels.event_view import paint_grey

    picture = np.empty(image.pixels.size, np.uint32)
    paint_grey(np.ascontiguousarray(image.pixels).reshape(-1), picture)
    return picture


def _frame(frame: Frame, sensor: SensorSize, ground: int) -> Picture:
    """Put a camera frame where it lies on the sensor."""
    picture = np.full(sensor.shape, ground, np.uint32)
    pixels = frame.pixels.astype(np.uint32)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    blue, green, red = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    packed = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    rows = min(packed.shape[0], sensor.height - frame.y)
    columns = min(packed.shape[1], sensor.width - frame.x)
    area = picture[frame.y : frame.y + rows, frame.x : frame.x + columns]
    area[:] = packed[:rows, :columns]
    return picture.reshape(-1)


def _depth(depth: Depth, range_: tuple[float, float]) -> Picture:
    from eventvision.kernels.event_view import paint_depth

    picture = np.empty(depth.depth.size, np.uint32)
    near, far = (max(end, 1e-6) for end in range_)
    paint_depth(
        np.ascontiguousarray(depth.depth).reshape(-1),
        np.ascontiguousarray(depth.confidence).reshape(-1),
        near,
        far,
        depth_ramp(),
        NOWHERE,
        picture,
    )
    return picture


def _classes(segmentation: Segmentation, image: Image | None) -> Picture:
    """Tint the reconstruction, or nothing, in the colours of classes."""
    from eventvision.kernels.event_view import paint_classes
    from eventvision.sinks import class_colour

    size = segmentation.mask.size
    under = np.full(size, NOWHERE, np.uint32) if image is None else _grey(image)
    tints = np.zeros(256, np.uint32)
    share = np.zeros(256, np.uint32)
    names = segmentation.class_names
    first = 1 if names[:1] == ("background",) else 0
    for class_, name in enumerate(names[:256]):
        tints[class_] = colour_of_bgr(class_colour(name, class_))
        share[class_] = _TINT_WEIGHT if class_ >= first else 0
    picture = np.empty(size, np.uint32)
    mask = np.ascontiguousarray(segmentation.mask).reshape(-1)
    paint_classes(mask, tints, share, under, picture)
    return picture
