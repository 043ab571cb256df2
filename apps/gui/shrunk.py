"""Cells and pictures of the sensor in the sizes in which views show them, made once for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from .bases import Picture
from .state import Base

Shape = tuple[int, int]
Edges = tuple[NDArray[np.int64], NDArray[np.int64]]


class Shrunk:
    """Remembers other sizes for as long as what they were made from does not change.

    Args:
        sensor: Size of the pixel array.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._sensor = sensor
        self._edges: dict[Shape, Edges] = {}
        self._cells: dict[Shape, NDArray[np.int64]] = {}
        self._pictures: dict[tuple[Base, Shape], tuple[Picture, Picture]] = {}

    def forget_cells(self) -> None:
        """Make cells anew when they are asked for: there are later events."""
        self._cells.clear()

    def cells(self, cells: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
        """Return the latest event of each block of pixels.

        Args:
            cells: Of all pixels, shape (pixels,).
            shape: Rows and columns of the picture.

        Returns:
            Shape (rows * columns,).
        """
        if shape == self._sensor.shape:
            return cells
        if shape not in self._cells:
            from eventvision.kernels.shrink import latest_of_blocks

            small = np.empty(shape, np.int64)
            latest_of_blocks(cells.reshape(self._sensor.shape), *self._edges_of(shape), small)
            self._cells[shape] = small
        return self._cells[shape].reshape(-1)

    def picture(self, picture: Picture, base: Base, shape: Shape) -> Picture:
        """Return the means of blocks of pixels.

        Args:
            picture: Of all pixels, shape (pixels,); another array when it is another picture.
            base: What it shows.
            shape: Rows and columns.

        Returns:
            Shape (rows * columns,).
        """
        if shape == self._sensor.shape:
            return picture
        known = self._pictures.get((base, shape))
        if known is None or known[0] is not picture:
            from eventvision.kernels.shrink import shrink

            small = np.empty(shape, np.uint32)
            shrink(picture.reshape(self._sensor.shape), *self._edges_of(shape), small)
            known = self._pictures[base, shape] = (picture, small)
        return known[1].reshape(-1)

    def _edges_of(self, shape: Shape) -> Edges:
        """Return where blocks begin; views of other sizes than now are forgotten."""
        if shape not in self._edges:
            if len(self._edges) >= 8:  # a window whose size is dragged asks for many
                self._edges.clear()
                self._pictures.clear()
            rows, columns = (
                np.arange(parts + 1) * size // parts
                for parts, size in zip(shape, self._sensor.shape, strict=True)
            )
            self._edges[shape] = (rows, columns)
        return self._edges[shape]
