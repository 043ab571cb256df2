"""The small dense network that reads the coarse map whenever it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Shows = Literal["vector", "grid"]
Number = TypeVar("Number", np.float32, np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Convolutions with ReLU over the map, and a last linear layer.

    What comes in are the map's channels and its count of events, faded as they are: with n the
    count of a cell and m the mean of n over all cells, the features are divided by m + 1 (`map`) or
    by n + 1 (`cell`); the count becomes n / (m + 1) (`map`) or log(1 + n) (`cell`).

    Attributes:
        convolutions: Weights (outputs, inputs, 3, 3) and biases (outputs,), float32, padded with
            zeros.
        weight: Of the last layer: (outputs, inputs * rows * columns) for a vector, flattened with
            channels first; (outputs, inputs) for a grid.
        bias: (outputs,).
        shows: `vector`: one output for the whole map; `grid`: one for each cell.
        relative_to: `map` or `cell`, see above.
        inputs: Channels that come in, with the count.
        strides: Cells from one place of each convolution to the next, 1 or 2.
    """

    convolutions: tuple[tuple[Floats, Floats], ...]
    weight: Floats
    bias: Floats
    shows: Shows
    relative_to: Literal["map", "cell"]
    inputs: int
    strides: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.strides:
            object.__setattr__(self, "strides", (1,) * len(self.convolutions))
        if len(self.strides) != len(self.convolutions) or set(self.strides) - {1, 2}:
            raise ValueError(f"there must be a stride of 1 or 2 by convolution, got {self.strides}")
        channels = self.inputs
        for weight, bias in self.convolutions:
            if weight.shape[1:] != (channels, 3, 3) or bias.shape != weight.shape[:1]:
                raise ValueError(f"a convolution of {channels} channels cannot be {weight.shape}")
            channels = weight.shape[0]
        columns = self.weight.shape[1] if self.weight.ndim == 2 else 0
        fits = columns == channels if self.shows == "grid" else columns % channels == 0
        if not columns or not fits or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(f"a last layer of {channels} channels cannot be {self.weight.shape}")
        if self.shows not in {"vector", "grid"} or self.relative_to not in {"map", "cell"}:
            raise ValueError(f"no such head: {self.shows}, relative to {self.relative_to}")

    @property
    def outputs(self) -> int:
        """Numbers that come out, for the map or for each cell."""
        return self.bias.size

    @property
    def last_channels(self) -> int:
        """Channels that come to the last layer."""
        return len(self.convolutions[-1][0]) if self.convolutions else self.inputs

    @property
    def stride(self) -> int:
        """Cells of the map from one place of the grid to the next."""
        return int(np.prod(self.strides, dtype=np.int64))

    def check_places(self, places: int) -> None:
        """Refuse a map that comes to the last layer with another number of places than it takes.

        Raises:
            ValueError: If the head shows a vector, and its last layer takes another number.
        """
        wanted = self.weight.shape[1] // self.last_channels
        if self.shows == "vector" and places != wanted:
            raise ValueError(f"the head was made for {wanted} cells, the map has {places}")

    def read(self, sums: Floats, counts: Floats) -> Floats:
        """Return what the map says, by plain numpy: the definition that `HeadReader` is held to.

        Args:
            sums: (rows, columns, channels).
            counts: (rows, columns).

        Returns:
            float32, (outputs,) or (outputs, rows, columns).

        Raises:
            ValueError: If the map is not as large as the last layer wants it.
        """
        *_, x = self.images(sums, counts)
        if self.shows == "grid":
            grid: Floats = np.tensordot(self.weight, x, 1) + self.bias[:, None, None]
            return grid
        self.check_places(x[0].size)
        vector: Floats = self.weight @ x.reshape(-1) + self.bias
        return vector

    def images(self, sums: Floats, counts: Floats) -> Iterator[Floats]:
        """Yield what comes in, and what each convolution makes of it, (channels, rows, columns)."""
        x = np.ascontiguousarray(np.moveaxis(self.scaled(sums, counts), 2, 0))
        yield x
        for (weight, bias), stride in zip(self.convolutions, self.strides, strict=True):
            x = np.maximum(_convolved(x, weight, stride) + bias[:, None, None], 0)
            yield x

    def scaled(self, sums: Floats, counts: Floats) -> Floats:
        """Return what the first convolution sees of a map, (rows, columns, inputs)."""
        x = np.concatenate([sums, counts[..., None]], axis=2, dtype=np.float32)
        if self.relative_to == "map":
            x /= counts.mean(dtype=np.float32) + np.float32(1)
            return x
        x[..., :-1] /= (counts + np.float32(1))[..., None]
        x[..., -1] = np.log1p(counts)
        return x


def _convolved(x: Floats, weight: Floats, stride: int) -> Floats:
    """Convolve (inputs, rows, columns) by 3x3, padded with zeros."""
    rows = -(-x.shape[1] // stride)
    convolved: Floats = weight.reshape(len(weight), -1) @ patches(x, stride)
    return convolved.reshape(len(weight), rows, -1)


def patches(x: NDArray[Number], stride: int) -> NDArray[Number]:
    """Return what each window of 3x3 sees of (inputs, rows, columns), (inputs * 9, windows)."""
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2)
    )[:, ::stride, ::stride]
    return windows.transpose(0, 3, 4, 1, 2).reshape(len(x) * 9, -1)
