"""Reads maps of one size by compiled kernels: what `Head.read` defines, a hundred times an instant.

Weights are laid out for the kernels once, and the images between the layers are kept.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.graph_head import convolve, lay_out, mix

from ._head import Head
from ._integer_head import IntegerHead
from ._integer_reader import IntegerReader
from ._program import padded

Floats = NDArray[np.float32]


def reader_of(head: Head | IntegerHead, rows: int, columns: int) -> HeadReader | IntegerReader:
    """Return a reader of a head, of floats or of bytes."""
    if isinstance(head, IntegerHead):
        return IntegerReader(head, rows, columns)
    return HeadReader(head, rows, columns)


class HeadReader:
    """A head at work on maps of one size.

    Args:
        head: The head.
        rows: Of the map's cells.
        columns: Of the map's cells.

    Raises:
        ValueError: If the map is not as large as the head wants it.
    """

    def __init__(self, head: Head, rows: int, columns: int) -> None:
        self._head = head
        sizes, images = [head.inputs], [_image(rows, columns, head.inputs)]
        for (weight, _), stride in zip(head.convolutions, head.strides, strict=True):
            rows, columns = -(-rows // stride), -(-columns // stride)
            sizes.append(padded(len(weight)))
            images.append(_image(rows, columns, sizes[-1]))
        self._images = images
        self._convolutions = [
            (_kernel(weight, before, after), _wide(bias, after))
            for (weight, bias), (before, after) in zip(
                head.convolutions, pairwise(sizes), strict=True
            )
        ]
        self._outputs = head.outputs
        self._matrix = _matrix(head.weight, sizes[-1]) if head.shows == "grid" else None
        self._bias = _wide(head.bias, padded(head.outputs))
        self._grid = np.zeros((rows, columns, padded(head.outputs)), np.float32)
        head.check_places(rows * columns)

    def read(self, sums: Floats, counts: Floats) -> Floats:
        """Return what the map says; see `Head.read`."""
        by_cell = self._head.relative_to == "cell"
        logarithms = np.log1p(counts) if by_cell else counts
        lay_out(sums, counts, logarithms, by_cell, self._images[0])
        steps = zip(self._convolutions, self._head.strides, pairwise(self._images), strict=True)
        for (weight, bias), stride, (before, after) in steps:
            convolve(before, weight, bias, stride, after)
        last = self._images[-1]
        if self._matrix is None:
            channels = self._head.last_channels
            seen = np.moveaxis(last[1:-1, 1:-1, :channels], 2, 0)
            vector: Floats = self._head.weight @ seen.reshape(-1) + self._head.bias
            return vector
        mix(last, self._matrix, self._bias, self._grid)
        return np.ascontiguousarray(np.moveaxis(self._grid[..., : self._outputs], 2, 0))


def _image(rows: int, columns: int, channels: int) -> Floats:
    return np.zeros((rows + 2, columns + 2, channels), np.float32)


def _kernel(weight: Floats, before: int, after: int) -> Floats:
    """Bring (outputs, inputs, 3, 3) into the kernel's order, padded."""
    outputs, inputs = weight.shape[:2]
    ordered = np.zeros((3, 3, before, after), np.float32)
    ordered[:, :, :inputs, :outputs] = weight.transpose(2, 3, 1, 0)
    return ordered


def _matrix(weight: Floats, before: int) -> Floats:
    """Bring (outputs, inputs) into the kernel's order, padded."""
    ordered = np.zeros((before, padded(len(weight))), np.float32)
    ordered[: weight.shape[1], : len(weight)] = weight.T
    return ordered


def _wide(bias: Floats, size: int) -> Floats:
    wide = np.zeros(size, np.float32)
    wide[: bias.size] = bias
    return wide
