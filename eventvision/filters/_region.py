"""Region of interest: keep the events of a rectangle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Frame, Packet, SensorSize
from eventvision.kernels.geometry import keep_inside, map_pixels
from eventvision.kernels.words import as_words

from ._base import Compaction, EventFilter


class RegionOfInterest(EventFilter):
    """Keep the events of a rectangle.

    Coordinates and sensor stay as they are, and frames are left whole; with `crop` the rectangle
    becomes the sensor, coordinates start at its corner, and frames are cut to it.

    Args:
        sensor: Size of the pixel array.
        x: First column.
        y: First row.
        width: Number of columns.
        height: Number of rows.
        crop: Whether the rectangle becomes the sensor.

    Raises:
        ValueError: If the rectangle is empty or does not lie on the sensor.
    """

    def __init__(
        self, sensor: SensorSize, *, x: int, y: int, width: int, height: int, crop: bool = False
    ) -> None:
        if x < 0 or y < 0 or width < 1 or height < 1:
            raise ValueError(f"a region starts at 0 or later and is not empty, got {width}x{height}"
                             f" at ({x}, {y})")  # fmt: skip
        if x + width > sensor.width or y + height > sensor.height:
            raise ValueError(f"region {width}x{height} at ({x}, {y}) leaves the sensor {sensor}")
        super().__init__(sensor)
        self._x, self._y, self._size, self._crop = x, y, SensorSize(width, height), crop

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array of the packets that come out."""
        return self._size if self._crop else self._input

    def process(self, packet: Packet) -> Packet:
        """Return the packet with the events of the region.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        inside = super().process(packet)
        if not self._crop:
            return inside
        cut = (self._cut(frame) for frame in packet.frames)
        return replace(inside, frames=tuple(frame for frame in cut if frame is not None))

    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        run = Compaction(data)
        right, bottom = self._x + self._size.width, self._y + self._size.height
        words = run.source(0, data.size)
        run.add(keep_inside(words, run.room, self._x, self._y, right, bottom))
        kept = run.result()
        if self._crop:
            words = as_words(kept)
            map_pixels(words, words, np.array([[1, 0, -self._x], [0, 1, -self._y]]))
        return kept

    def _cut(self, frame: Frame) -> Frame | None:
        height, width = frame.pixels.shape[:2]
        x0, y0 = max(self._x, frame.x), max(self._y, frame.y)
        x1 = min(self._x + self._size.width, frame.x + width)
        y1 = min(self._y + self._size.height, frame.y + height)
        if x1 <= x0 or y1 <= y0:
            return None
        pixels = frame.pixels[y0 - frame.y : y1 - frame.y, x0 - frame.x : x1 - frame.x]
        return replace(frame, pixels=pixels, x=x0 - self._x, y=y0 - self._y)
