"""Narrowing, sums and pools."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from eventvision.spiking import integer
from eventvision.spiking.integer import Node

from ._layer import INT16, Layer
from ._rounding import round_half_up, saturate


class Requantise(Layer):
    """A current narrowed to eight bits.

    Args:
        name: Of the node.
        source: Of the layer before.
        exponent: Of the result.
        shift: From the current's units to these.
        is_signed: int8, or uint8, which makes it a rectifier.
    """

    is_current = False

    def __init__(
        self, name: str, source: str, exponent: int, *, shift: int, is_signed: bool
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.shift, self.is_signed = shift, is_signed

    def forward(self, current: Tensor) -> Tensor:
        """Return 8-bit units."""
        low, high = (-128.0, 127.0) if self.is_signed else (0.0, 255.0)
        return saturate(round_half_up(current * 2.0**-self.shift), low, high)

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Requantise(
            name=self.node_name,
            input=self.inputs[0],
            shift=self.shift,
            dtype="int8" if self.is_signed else "uint8",
        )


class Add(Layer):
    """The sum of currents, or of spikes, in one unit.

    Args:
        name: Of the node.
        inputs: Of the layers before.
        exponent: Of the result.
        shifts: To the left, one for each input.
        is_spikes: Whether the sum is uint8.
    """

    def __init__(
        self,
        name: str,
        inputs: tuple[str, ...],
        exponent: int,
        *,
        shifts: tuple[int, ...],
        is_spikes: bool,
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.shifts, self.is_spikes = shifts, is_spikes
        self.is_current = not is_spikes

    def forward(self, *terms: Tensor) -> Tensor:
        """Return the saturated sum."""
        scaled = [term * 2.0**shift for term, shift in zip(terms, self.shifts, strict=True)]
        return saturate(sum(scaled[1:], scaled[0]), *((0.0, 255.0) if self.is_spikes else INT16))

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Add(name=self.node_name, inputs=self.inputs, shifts=self.shifts)


class Pool(Layer):
    """Sums or largest values of windows of spikes.

    Args:
        name: Of the node.
        source: Of the layer before.
        exponent: Of the result.
        is_max: Largest values instead of sums.
        size: Of a window; None for the whole plane.
        stride: Between windows.
        padding: Zeros at each side.
        shift: The sums are shifted right so far.
        gain: See `Layer`.
    """

    is_current = False

    def __init__(
        self,
        name: str,
        source: str,
        exponent: int,
        *,
        is_max: bool,
        size: tuple[int, int] | None,
        stride: tuple[int, int] | None,
        padding: tuple[int, int],
        shift: int = 0,
        gain: float = 1.0,
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.is_max, self.size, self.stride, self.padding = is_max, size, stride, padding
        self.shift, self.gain = shift, gain

    def forward(self, x: Tensor) -> Tensor:
        """Return units of the windows."""
        size = self.size or (x.shape[-2], x.shape[-1])
        if self.is_max:
            return functional.max_pool2d(x, size, self.stride, self.padding)
        sums = functional.avg_pool2d(x, size, self.stride, self.padding, divisor_override=1)
        return saturate(round_half_up(sums * 2.0**-self.shift), 0.0, 255.0)

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Pool(
            name=self.node_name,
            input=self.inputs[0],
            kind="max" if self.is_max else "sum",
            size=self.size,
            stride=self.stride,
            padding=self.padding,
            shift=self.shift,
        )
