"""Where the tensors of a running integer network lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._checks import Pair
from ._layout import LANES, vectors_of
from ._model import IntegerModel
from ._nodes import Conv2d, Input, Linear, Pool
from ._shapes import Shape

_SLACK = 128
"""Bytes after a tensor that kernels may read, and alignment."""
_CACHE_LINE = 64
_MAX_BYTES = 2**30
FLIP = 128
"""Added to int8 values, which makes them unsigned bytes."""


@dataclass(frozen=True, eq=False)
class Buffer:
    """A tensor in the kernels' layout: (row, column, channel) with a rim.

    Attributes:
        shape: What it holds.
        pitch: Values from one pixel to the next.
        rim: Rows and columns around the picture.
        memory: All of it, shape (height + 2 rims, width + 2 rims, pitch): uint8 or int16.
    """

    shape: Shape
    pitch: int
    rim: Pair
    memory: NDArray[np.integer]

    @property
    def interior(self) -> NDArray[np.integer]:
        """The picture without rim, shape (height, width, pitch)."""
        top, left = self.rim
        return self.memory[top : top + self.shape.height, left : left + self.shape.width]

    @property
    def flip(self) -> int:
        """What is added to the values as they are stored."""
        return FLIP if self.shape.dtype == "int8" else 0

    @property
    def item(self) -> int:
        """Bytes of a value."""
        return self.memory.itemsize

    @property
    def row_bytes(self) -> int:
        """Bytes from one row to the next."""
        return int(self.memory.shape[1]) * self.pitch * self.item

    @property
    def pixel_bytes(self) -> int:
        """Bytes from one pixel to the next."""
        return self.pitch * self.item

    def address(self, padding: Pair | None = None) -> int:
        """Return the address of the picture's corner, or of one so far outside it."""
        top, left = padding or (0, 0)
        rows, columns = self.rim[0] - top, self.rim[1] - left
        return int(self.memory.ctypes.data) + rows * self.row_bytes + columns * self.pixel_bytes


def aligned(size: int, dtype: type[np.generic] | np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return zeros that begin at a cache line and may be read a little beyond their end.

    Raises:
        ValueError: If that is more than a gibibyte.
    """
    item = np.dtype(dtype).itemsize
    if size * item > _MAX_BYTES:
        raise ValueError(f"the network needs {size * item} bytes for one array, more than 2**30")
    memory = np.zeros(size * item + 2 * _SLACK, np.uint8)
    start = -int(memory.ctypes.data) % _CACHE_LINE
    return memory[start : start + size * item].view(dtype)


def buffer_for(model: IntegerModel, name: str, shape: Shape) -> Buffer:
    """Make the buffer of a node's tensor, as its readers need it."""
    pitch = vectors_of(shape.channels) * LANES
    if shape.dtype == "int16":
        return _made(shape, pitch, (0, 0), np.dtype(np.int16))
    readers = model.readers(name)
    dense = all(
        isinstance(node, Linear) or (isinstance(node, Conv2d) and not node.is_depthwise)
        for node in readers
    )
    if isinstance(model[name], Input) and dense:
        pitch = shape.channels
    paddings = [node.padding for node in readers if isinstance(node, Conv2d | Pool)]
    rim = (max((p[0] for p in paddings), default=0), max((p[1] for p in paddings), default=0))
    return _made(shape, pitch, rim, np.dtype(np.uint8))


def _made(shape: Shape, pitch: int, rim: Pair, dtype: np.dtype[np.generic]) -> Buffer:
    full = (shape.height + 2 * rim[0], shape.width + 2 * rim[1], pitch)
    memory = aligned(full[0] * full[1] * full[2], dtype).reshape(full)
    buffer = Buffer(shape, pitch, rim, memory)  # type: ignore[arg-type]
    buffer.memory[...] = buffer.flip
    return buffer
