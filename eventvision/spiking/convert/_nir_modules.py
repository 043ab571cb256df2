"""Layers of NIR as torch modules, for sequences (T, N, ...); `Merged` for those that take steps."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn

Array = NDArray[np.floating[Any]]


class Merged(torch_nn.Module):
    """Runs a layer without state on all steps of a sequence at once."""

    def __init__(self, layer: torch_nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        return self.layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])  # type: ignore[no-any-return]


class Linear(torch_nn.Module):
    """A matrix on the last axis of the input, or one matrix for each of the axes before it."""

    def __init__(self, weight: Array, bias: Array | None = None) -> None:
        super().__init__()
        self.weight = torch_nn.Parameter(tensor(weight))
        self.bias = None if bias is None else torch_nn.Parameter(tensor(bias))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        product = (self.weight @ x[..., None])[..., 0]
        return product if self.bias is None else product + self.bias


class Conv(torch_nn.Module):
    """A convolution over one or two axes."""

    def __init__(self, node: Any) -> None:
        super().__init__()
        self.weight = torch_nn.Parameter(tensor(node.weight))
        self.bias = torch_nn.Parameter(tensor(node.bias))
        flat = self.weight.ndim == 3
        self._conv = torch_nn.functional.conv1d if flat else torch_nn.functional.conv2d
        padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        self._options = {
            "padding": padding if isinstance(padding, str) else _numbers(padding),
            "stride": _numbers(node.stride), "dilation": _numbers(node.dilation),
            "groups": int(node.groups),
        }  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        return self._conv(x, self.weight, self.bias, **self._options)


class SumPool(torch_nn.Module):
    """Adds up the values under a window."""

    def __init__(self, node: nir.SumPool2d) -> None:
        super().__init__()
        self._pool = average(node)
        self._cells = int(np.prod(node.kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        return self._pool(x) * self._cells  # type: ignore[no-any-return]


class Flatten(torch_nn.Module):
    """Flattens axes counted without that of the samples."""

    def __init__(self, node: nir.Flatten) -> None:
        super().__init__()
        start, end = int(node.start_dim), int(node.end_dim)
        self._start, self._end = (axis + (axis >= 0) for axis in (start, end))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        return x.flatten(self._start, self._end)


class Scale(torch_nn.Module):
    """Multiplies by constants."""

    def __init__(self, scale: Array) -> None:
        super().__init__()
        self.register_buffer("scale", tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        scale: Tensor = self.scale  # type: ignore[assignment]
        return x * scale


class Threshold(torch_nn.Module):
    """One where the input exceeds a value, else zero."""

    def __init__(self, threshold: Array) -> None:
        super().__init__()
        self.register_buffer("threshold", tensor(threshold))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        threshold: Tensor = self.threshold  # type: ignore[assignment]
        return (x > threshold).to(x.dtype)


class Delay(torch_nn.Module):
    """Gives what came in a number of steps ago, zeros at first."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps
        self._kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        before = x.new_zeros(self._steps, *x.shape[1:]) if self._kept is None else self._kept
        line = torch.cat([before, x])
        self._kept = line[x.shape[0] :]
        return line[: x.shape[0]]

    def reset(self) -> None:
        """Forget what is kept."""
        self._kept = None


class Driven(torch_nn.Module):
    """A neuron whose input is scaled and offset, and whose potential is shown as another zero.

    Attributes:
        neuron: The neuron, in sequences.
    """

    def __init__(self, neuron: nn.Neuron, gain: Array, offset: Array, zero: float = 0.0) -> None:
        super().__init__()
        self.neuron = neuron
        self.register_buffer("gain", tensor(gain))
        self.register_buffer("offset", tensor(offset))
        self._plain = bool((gain == 1).all() and (offset == 0).all())
        self._zero = zero

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of a sequence, or of its steps."""
        if not self._plain:
            gain: Tensor = self.gain  # type: ignore[assignment]
            offset: Tensor = self.offset  # type: ignore[assignment]
            x = _along_channels(gain, x) * x + _along_channels(offset, x)
        y: Tensor = self.neuron(x)
        return y + self._zero if self._zero else y


def _along_channels(value: Tensor, x: Tensor) -> Tensor:
    return value if value.ndim == 0 else value.reshape(-1, *[1] * (x.ndim - 3))


def tensor(value: Any) -> Tensor:
    """Return numbers as float32."""
    return torch.from_numpy(np.array(value, np.float32))


def _numbers(value: Any) -> Any:
    array = np.asarray(value)
    return int(array) if array.ndim == 0 else tuple(int(number) for number in array)


def average(node: Any) -> torch_nn.AvgPool2d:
    """Return the pool of a node that has one."""
    sizes = (_numbers(value) for value in (node.kernel_size, node.stride, node.padding))
    return torch_nn.AvgPool2d(*sizes)
