"""Mirror and turn a recording whose camera was not upright; frames go along.

Inertial samples keep the axes of the sensor.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Frame, Packet, SensorSize
from eventvision.kernels.geometry import map_pixels
from eventvision.kernels.words import as_words

from ._base import EventFilter


class _Remap(EventFilter):
    """Moves every event, and every frame, by one affine map of pixels."""

    def __init__(self, sensor: SensorSize, affine: list[list[int]]) -> None:
        super().__init__(sensor)
        self._affine = np.array(affine, np.int64)

    def process(self, packet: Packet) -> Packet:
        """Return the packet with events and frames moved.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        frames = tuple(self._moved(frame) for frame in packet.frames)
        return replace(super().process(packet), frames=frames)

    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        out = np.empty(data.size, EVENT_DTYPE)
        map_pixels(as_words(data), as_words(out), self._affine)
        return out

    def _moved(self, frame: Frame) -> Frame:
        height, width = frame.pixels.shape[:2]
        corners = np.array(
            [[frame.x, frame.x + width - 1], [frame.y, frame.y + height - 1], [1, 1]]
        )
        x, y = (self._affine @ corners).min(axis=1)
        return replace(frame, pixels=self._turned(frame.pixels), x=int(x), y=int(y))

    @abstractmethod
    def _turned(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture moved in the same way."""


class Flip(_Remap):
    """Mirror the picture.

    Args:
        sensor: Size of the pixel array.
        axis: `x` swaps left and right, `y` swaps top and bottom.

    Raises:
        ValueError: If the axis is neither.
    """

    def __init__(self, sensor: SensorSize, *, axis: Literal["x", "y"]) -> None:
        if axis not in ("x", "y"):
            raise ValueError(f"axis must be 'x' or 'y', got {axis!r}")
        mirrored_x = [[-1, 0, sensor.width - 1], [0, 1, 0]]
        mirrored_y = [[1, 0, 0], [0, -1, sensor.height - 1]]
        super().__init__(sensor, mirrored_x if axis == "x" else mirrored_y)
        self._array_axis = 1 if axis == "x" else 0

    def _turned(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.flip(pixels, self._array_axis))


class Rotate(_Remap):
    """Turn the picture clockwise by quarter turns; for odd numbers width and height swap.

    Args:
        sensor: Size of the pixel array of the packets that come in.
        quarter_turns: Any whole number; negative ones turn the other way.
    """

    def __init__(self, sensor: SensorSize, *, quarter_turns: int) -> None:
        right, bottom = sensor.width - 1, sensor.height - 1
        self._turns = quarter_turns % 4
        affine = (
            [[1, 0, 0], [0, 1, 0]],
            [[0, -1, bottom], [1, 0, 0]],
            [[-1, 0, right], [0, -1, bottom]],
            [[0, 1, 0], [-1, 0, right]],
        )[self._turns]
        super().__init__(sensor, affine)

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array of the packets that come out."""
        size = self._input
        return SensorSize(size.height, size.width) if self._turns % 2 else size

    def _turned(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(pixels, -self._turns))
