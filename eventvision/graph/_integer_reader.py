"""Reads maps of one size by compiled kernels: exactly what `IntegerHead.read` defines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.graph_head_integer import convolve_bytes, lay_out_bytes, mix_bytes

from ._integer_head import ByteConvolution, IntegerHead
from ._program import LANES, padded

Floats = NDArray[np.float32]
_WORD, _GROUP = 4, 2 * LANES


@dataclass(frozen=True, slots=True)
class _Step:
    """A convolution as its kernel takes it, and the room that it needs."""

    weight: NDArray[np.int8]
    half: NDArray[np.int32]
    shift: NDArray[np.int32]
    stride: int
    sums: NDArray[np.int32]

    @classmethod
    def of(cls, convolution: ByteConvolution, inputs: int, columns: int) -> _Step:
        outputs = padded(len(convolution.weight))
        return cls(
            _packed(convolution.weight.transpose(2, 3, 1, 0), inputs),
            _wide(convolution.half, outputs),
            _wide(convolution.shift, outputs),
            convolution.stride,
            np.empty((columns, outputs), np.int32),
        )


class IntegerReader:
    """A head of bytes at work on maps of one size.

    Args:
        head: The head.
        rows: Of the map's cells.
        columns: Of the map's cells.
    """

    def __init__(self, head: IntegerHead, rows: int, columns: int) -> None:
        self._head = head
        filled = -(-head.inputs // _WORD) * _WORD
        self._images, self._steps = [_image(rows, columns, filled)], []
        for each in head.convolutions:
            rows, columns = -(-rows // each.stride), -(-columns // each.stride)
            self._steps.append(_Step.of(each, self._images[-1].shape[2], columns))
            self._images.append(_image(rows, columns, padded(len(each.weight))))
        self._matrix = _packed(head.weight.T[None, None], self._images[-1].shape[2])
        self._bias = _wide(head.bias, padded(head.outputs))
        self._sums = np.empty((columns, padded(head.outputs)), np.int32)
        self._shape = (head.outputs, rows, columns)

    def read(self, sums: Floats, counts: Floats) -> Floats:
        """Return what the map says; see `IntegerHead.read`."""
        head = self._head
        lay_out_bytes(sums, counts, head.gain, head.levels, self._images[0])
        for step, (before, after) in zip(self._steps, pairwise(self._images), strict=True):
            convolve_bytes(
                before, step.weight, step.half, step.shift, step.stride, step.sums, after
            )
        grid = np.empty(self._shape, np.float32)
        mix_bytes(self._images[-1], self._matrix, self._bias, head.worth, self._sums, grid)
        return grid


def _image(rows: int, columns: int, channels: int) -> NDArray[np.uint8]:
    return np.zeros((rows + 2, columns + 2, channels), np.uint8)


def _packed(weight: NDArray[np.int8], channels: int) -> NDArray[np.int8]:
    """Bring (rows, columns, inputs, outputs) into the kernel's order, see `convolve_bytes`.

    Inputs are filled up to as many channels as their image has.
    """
    rows, columns, inputs, outputs = weight.shape
    filled = np.zeros((rows, columns, channels, padded(outputs)), np.int8)
    filled[:, :, :inputs, :outputs] = weight
    ordered = filled.reshape(rows, columns * channels // _WORD, _WORD, -1).swapaxes(2, 3)
    starts = range(0, padded(outputs), _GROUP)
    return np.concatenate([ordered[:, :, start : start + _GROUP].ravel() for start in starts])


def _wide(numbers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    wide = np.zeros(size, np.int32)
    wide[: numbers.size] = numbers
    return wide
