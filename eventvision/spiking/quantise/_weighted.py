"""Convolutions and matrix products with quantised weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from eventvision.spiking import integer
from eventvision.spiking.integer import Node

from ._layer import INT16, Layer, numbers
from ._rounding import round_half_up, saturate

RANGES = {8: (-127.0, 127.0), 4: (-7.0, 7.0), 2: (-1.0, 1.0)}
"""Symmetric ranges of weights by bits."""
_BIAS_LIMIT = 2.0**30
_LARGEST_SHIFT, _LARGEST_LEFT_SHIFT = 31, 8


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


def gradient_scaled(x: Tensor, factor: float) -> Tensor:
    """Return x; its gradient is multiplied by a factor, as LSQ does for quantisation steps."""
    return (x - x * factor).detach() + x * factor
