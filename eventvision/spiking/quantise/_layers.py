"""Torch twins of the integer nodes: the same whole numbers, with gradients.

Tensors hold units (`_rounding`). A layer's exponents say what its units stand for; they are fixed
when a network is quantised, only weights, biases and weight steps are trained on.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from eventvision.spiking import integer
from eventvision.spiking.integer import Node

from ._rounding import fire, floor, round_half_up, saturate

INT16 = (-32_768.0, 32_767.0)
RANGES = {8: (-127.0, 127.0), 4: (-7.0, 7.0), 2: (-1.0, 1.0)}
"""Symmetric ranges of weights by bits."""
_BIAS_LIMIT = 2.0**30
_LARGEST_SHIFT, _LARGEST_LEFT_SHIFT = 31, 8


class Layer(nn.Module):
    """A node of a quantised network.

    Attributes:
        node_name: Name in the integer model.
        inputs: Names of the layers that it reads.
        exponent: A unit of its output stands for 2 ** exponent.
        gain: What its output must still be multiplied with: a mean is a sum so far, and a readout
            leaves out by how much its input is scaled.
        is_current: Whether its output has sixteen bits.
    """

    gain: float = 1.0
    is_current: bool = True

    def __init__(self, name: str, inputs: tuple[str, ...], exponent: int) -> None:
        super().__init__()
        self.node_name, self.inputs, self.exponent = name, inputs, exponent

    @abstractmethod
    def integer_node(self) -> Node:
        """Return the node of the integer model."""

    def reset(self) -> None:
        """Forget the state."""

    def detach(self) -> None:
        """Cut the state off from the graph that made it."""


class Weighted(Layer):
    """A convolution or matrix product with quantised weights.

    Args:
        name: Of the node.
        source: Of the layer before.
        weight: Real weights, batch norm folded.
        bias: Real bias, shape (out channels,).
        bits: 8, 4 or 2.
        step_exponents: A unit of each out channel's weights is 2 ** this, shape (out channels,).
        input_exponent: Exponent of the input.
        exponent: Exponent of the output.
        stride: Of a convolution.
        padding: Of a convolution.
        groups: Of a convolution.
        learn_steps: Whether training may also change the weight steps, as in LSQ.
    """

    def __init__(
        self,
        name: str,
        source: str,
        *,
        weight: Tensor,
        bias: Tensor,
        bits: int,
        step_exponents: Tensor,
        input_exponent: int,
        exponent: int,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        groups: int = 1,
        learn_steps: bool = False,
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.bits, self.input_exponent = bits, input_exponent
        self.stride, self.padding, self.groups = stride, padding, groups
        self.weight = nn.Parameter(weight.detach().clone().float())
        self.bias = nn.Parameter(bias.detach().clone().float())
        self.log_step = nn.Parameter(step_exponents.float(), requires_grad=learn_steps)

    def shifts(self) -> Tensor:
        """Return by how many bits the sums of each channel are shifted right; gradients pass."""
        high = RANGES[self.bits][1]
        damped = gradient_scaled(self.log_step, 1 / math.sqrt(self.weight[0].numel() * high))
        steps = round_half_up(damped) + self.input_exponent
        return (self.exponent - steps).clamp(-_LARGEST_LEFT_SHIFT, _LARGEST_SHIFT)

    def units(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return weight and bias in whole units, and the shift of each channel."""
        shift = self.shifts()
        step_exponent = self.exponent - self.input_exponent - shift
        low, high = RANGES[self.bits]
        step = torch.exp2(step_exponent).reshape(-1, *[1] * (self.weight.ndim - 1))
        weight = round_half_up(saturate(self.weight / step, low, high))
        bias = round_half_up(self.bias * torch.exp2(-step_exponent - self.input_exponent))
        return weight, saturate(bias, -_BIAS_LIMIT, _BIAS_LIMIT), shift

    def forward(self, x: Tensor) -> Tensor:
        """Return the current in units, for 8-bit units."""
        weight, bias, shift = self.units()
        if weight.ndim == 4:
            sums = functional.conv2d(x, weight, bias, self.stride, self.padding, 1, self.groups)
        else:
            sums = functional.linear(x.flatten(1), weight, bias)[..., None, None]
        current = round_half_up(sums * torch.exp2(-shift)[:, None, None])
        return saturate(current, *INT16)

    def weight_error(self) -> float:
        """Return the root mean square error of the quantised weights, relative to the weights."""
        with torch.no_grad():
            units, _, shift = self.units()
            step = torch.exp2(self.exponent - self.input_exponent - shift)
            difference = units * step.reshape(-1, *[1] * (units.ndim - 1)) - self.weight
            size = float(self.weight.square().mean())
            return (float(difference.square().mean()) / size) ** 0.5 if size else 0.0

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        with torch.no_grad():
            weight, bias, shift = (numbers(values) for values in self.units())
        parameters: dict[str, Any] = {
            "name": self.node_name,
            "input": self.inputs[0],
            "weight": weight.astype(np.int8),
            "bias": bias.astype(np.int32),
            "shift": shift.astype(np.int8),
            "weight_bits": self.bits,
        }
        if weight.ndim == 2:
            return integer.Linear(**parameters)
        return integer.Conv2d(
            **parameters, stride=self.stride, padding=self.padding, groups=self.groups
        )


class Neuron(Layer):
    """Shift-leak integrate and fire.

    Args:
        name: Of the node.
        source: Of the layer before.
        threshold: Whole units, shape (channels,).
        initial: Whole units, shape (channels,).
        leak: As in the integer node.
        levels: As in the integer node.
        rounding: As in the integer node.
    """

    is_current = False
    threshold: Tensor
    initial: Tensor
    potential: Tensor | None

    def __init__(
        self,
        name: str,
        source: str,
        *,
        threshold: Tensor,
        initial: Tensor,
        leak: int | None,
        levels: int,
        rounding: bool,
    ) -> None:
        super().__init__(name, (source,), 0)
        self.register_buffer("threshold", threshold.float())
        self.register_buffer("initial", initial.float())
        self.leak, self.levels, self.rounding = leak, levels, rounding
        self.potential = None

    def forward(self, current: Tensor) -> Tensor:
        """Return the spikes of one step; the potential is carried on."""
        before = self.potential
        if before is None:
            before = self.initial[:, None, None].expand(current.shape)
        charged = charge(before, current, self.leak)
        threshold = self.threshold[:, None, None]
        offset = torch.floor(threshold / 2) if self.rounding else torch.zeros_like(threshold)
        spikes = fire(charged, threshold, offset, self.levels, rounding=self.rounding)
        self.potential = charged - spikes * threshold
        return spikes

    def reset(self) -> None:
        """Forget the potential."""
        self.potential = None

    def detach(self) -> None:
        """Keep the potential, cut off from the graph that made it."""
        if self.potential is not None:
            self.potential = self.potential.detach()

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Neuron(
            name=self.node_name,
            input=self.inputs[0],
            threshold=numbers(self.threshold).astype(np.int16),
            initial=numbers(self.initial).astype(np.int16),
            leak=self.leak,
            levels=self.levels,
            rounding=self.rounding,
        )


class Readout(Layer):
    """A leaky potential that is read.

    Args:
        name: Of the node.
        source: Of the layer before.
        exponent: Of its input and its output.
        leak: As in the integer node.
        gain: See `Layer`.
    """

    potential: Tensor | None

    def __init__(
        self, name: str, source: str, exponent: int, leak: int | None, gain: float
    ) -> None:
        super().__init__(name, (source,), exponent)
        self.leak, self.gain, self.potential = leak, gain, None

    def forward(self, current: Tensor) -> Tensor:
        """Return the potential after one step."""
        before = torch.zeros_like(current) if self.potential is None else self.potential
        self.potential = charge(before, current, self.leak)
        return self.potential

    def reset(self) -> None:
        """Forget the potential."""
        self.potential = None

    def detach(self) -> None:
        """Keep the potential, cut off from the graph that made it."""
        if self.potential is not None:
            self.potential = self.potential.detach()

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Readout(name=self.node_name, input=self.inputs[0], leak=self.leak)


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


class Concat(Layer):
    """Channels of several layers in a row.

    Args:
        name: Of the node.
        inputs: Of the layers before.
        exponent: Of the result.
        is_current: Whether they have sixteen bits.
    """

    def __init__(
        self, name: str, inputs: tuple[str, ...], exponent: int, *, is_current: bool
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.is_current = is_current

    def forward(self, *parts: Tensor) -> Tensor:
        """Return them as one."""
        return torch.cat(parts, 1)

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        return integer.Concat(name=self.node_name, inputs=self.inputs)


class Upsample(Layer):
    """Every value repeated, cut to the size of a second input if there is one.

    Args:
        name: Of the node.
        inputs: Of the layer before, and of one as large as the result.
        exponent: Of the result.
        factor: How often.
        is_current: Whether it has sixteen bits.
    """

    def __init__(
        self, name: str, inputs: tuple[str, ...], exponent: int, factor: int, *, is_current: bool
    ) -> None:
        super().__init__(name, inputs, exponent)
        self.factor, self.is_current = factor, is_current

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        """Return the larger tensor."""
        large = x.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)
        return large if like is None else large[..., : like.shape[-2], : like.shape[-1]]

    def integer_node(self) -> Node:
        """Return the node of the integer model."""
        like = self.inputs[1] if len(self.inputs) > 1 else ""
        return integer.Upsample(
            name=self.node_name, input=self.inputs[0], factor=self.factor, like=like
        )


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


def charge(potential: Tensor, current: Tensor, leak: int | None) -> Tensor:
    """Leak, add the current, saturate."""
    if leak is not None:
        potential = potential - floor(potential * 2.0**-leak)
    return saturate(potential + current, *INT16)


def gradient_scaled(x: Tensor, factor: float) -> Tensor:
    """Return x; its gradient is multiplied by a factor, as LSQ does for quantisation steps."""
    return (x - x * factor).detach() + x * factor


def numbers(units: Tensor) -> NDArray[np.float64]:
    """Return units as numpy numbers."""
    return units.detach().double().cpu().numpy()
