"""The head of an integer network: bytes in, bytes between the convolutions, exact sums.

The map's features by event, and the logarithm of its count, become unsigned bytes, and so does what
each convolution says; weights are signed bytes, sums 32-bit. Only the last numbers are made float
again, by one multiplication each, so that every machine gets the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._head import patches

LARGEST_BYTE = 255
MOST_HEAD_SHIFT = 24
_HALF = np.float32(0.5)

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class ByteConvolution:
    """A convolution by 3x3, padded with zeros, and how its sums become bytes.

    Attributes:
        weight: int8, (outputs, inputs, 3, 3).
        bias: int32, (outputs,).
        shift: int32, (outputs,): sums are shifted to the right by it, rounding half up; what is
            below 0 or above 255 becomes that.
        stride: Cells from one place to the next, 1 or 2.
    """

    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    shift: NDArray[np.int32]
    stride: int

    def __post_init__(self) -> None:
        outputs = len(self.weight)
        if self.weight.shape[2:] != (3, 3) or self.stride not in {1, 2}:
            raise ValueError("a convolution of a head is 3x3, with a stride of 1 or 2")
        if self.bias.shape != (outputs,) or self.shift.shape != (outputs,):
            raise ValueError(f"bias and shift of a head must be ({outputs},)")
        if not 0 <= self.shift.min() <= self.shift.max() <= MOST_HEAD_SHIFT:
            raise ValueError(f"a head's sums are shifted by 0 to {MOST_HEAD_SHIFT}")

    @property
    def half(self) -> NDArray[np.int32]:
        """What is added before the shift: the bias and half of what is rounded."""
        rounding = (np.int32(1) << self.shift) >> 1
        added: NDArray[np.int32] = self.bias + rounding
        return added


@dataclass(frozen=True, kw_only=True, slots=True)
class IntegerHead:
    """Convolutions over a map of bytes, and a linear layer at each place.

    With n the count of a cell, its features divided by n + 1 are multiplied by `gain` and
    rounded half up; the count becomes the number of `levels` that n has reached.

    Attributes:
        gain: float32, (inputs - 1,), powers of two.
        levels: float32, (255,), rising.
        convolutions: One or more.
        weight: int8, (outputs, channels).
        bias: int32, (outputs,).
        worth: float32, (outputs,): what 1 in the last sums stands for.
    """

    gain: Floats
    levels: Floats
    convolutions: tuple[ByteConvolution, ...]
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    worth: Floats

    def __post_init__(self) -> None:
        if self.levels.shape != (LARGEST_BYTE,) or not (np.diff(self.levels) > 0).all():
            raise ValueError(f"a head has {LARGEST_BYTE} rising levels of counts")
        if not self.convolutions:
            raise ValueError("a head of integers has a convolution or more")
        channels = self.inputs
        for each in self.convolutions:
            if each.weight.shape[1] != channels:
                raise ValueError(
                    f"a convolution of {channels} channels cannot be {each.weight.shape}"
                )
            channels = len(each.weight)
        if self.weight.ndim != 2 or self.weight.shape[1] != channels:
            raise ValueError(f"a last layer of {channels} channels cannot be {self.weight.shape}")
        if not self.bias.shape == self.worth.shape == self.weight.shape[:1]:
            raise ValueError(f"bias and worth of the head must be ({len(self.weight)},)")

    @property
    def inputs(self) -> int:
        """Channels that come in, with the count."""
        return self.gain.size + 1

    @property
    def outputs(self) -> int:
        """Numbers that come out for each place."""
        return self.bias.size

    @property
    def shows(self) -> Literal["grid"]:
        """Something for each place."""
        return "grid"

    @property
    def stride(self) -> int:
        """Cells of the map from one place of the grid to the next."""
        return int(np.prod([each.stride for each in self.convolutions]))

    def read(self, sums: Floats, counts: Floats) -> Floats:
        """Return what the map says, by plain numpy: the definition of what readers do.

        Args:
            sums: (rows, columns, channels).
            counts: (rows, columns).

        Returns:
            float32, (outputs, rows, columns).
        """
        x = self.seen(sums, counts)
        for each in self.convolutions:
            rows = -(-x.shape[1] // each.stride)
            weight = each.weight.reshape(len(each.weight), -1).astype(np.int64)
            total = weight @ patches(x, each.stride) + each.half[:, None]
            x = np.clip(total >> each.shift[:, None], 0, LARGEST_BYTE).reshape(
                len(weight), rows, -1
            )
        last = np.tensordot(self.weight.astype(np.int64), x, 1) + self.bias[:, None, None]
        grid: Floats = last.astype(np.float32) * self.worth[:, None, None]
        return grid

    def seen(self, sums: Floats, counts: Floats) -> NDArray[np.int64]:
        """Return the bytes of a map, (inputs, rows, columns)."""
        share = np.float32(1) / (counts + np.float32(1))
        features = np.minimum(sums * share[..., None] * self.gain + _HALF, LARGEST_BYTE)
        reached = np.searchsorted(self.levels, counts, "right")
        seen = np.concatenate([features.astype(np.int64), reached[..., None]], axis=2)
        return np.moveaxis(seen, 2, 0)
