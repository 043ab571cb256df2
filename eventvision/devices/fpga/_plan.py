"""What the accelerator is made of for a model: a chain of layers with all that they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError

from ._windows import Windows

NO_LEAK = 16
"""A shift that stands for none."""
NEVER_FIRES = 0
"""Levels of a layer that hands out its potentials."""


class MisfitError(EventVisionError):
    """A model cannot be laid out; `layer` is the first node in its way."""

    def __init__(self, layer: str, reason: str, remedy: str) -> None:
        super().__init__(f"layer {layer}: {reason}; {remedy}")
        self.layer, self.reason, self.remedy = layer, reason, remedy


@dataclass(frozen=True, slots=True)
class Plane:
    """Size of a tensor."""

    channels: int
    height: int
    width: int

    @property
    def array(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width


@dataclass(frozen=True, kw_only=True, slots=True)
class Neurons:
    """The neurons of a layer.

    Attributes:
        name: The node whose state their potentials are; empty if they forget everything.
        threshold: int16, one for each channel.
        initial: int16, one for each channel: where potentials start.
        leaks: int8, shape (2, channels): shifts, -1 for none.
        levels: Most spikes in a step, or `NEVER_FIRES`.
        rounding: Whether half a threshold is enough for the next spike.
    """

    name: str
    threshold: NDArray[np.int16]
    initial: NDArray[np.int16]
    leaks: NDArray[np.int8]
    levels: int
    rounding: bool


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Events in, convolution, neurons, events out.

    Attributes:
        name: The node that fires, or is read.
        weights_of: The node that has the weights; it is the layer's name in reports.
        source: The plane that events come from, before any pool.
        event_limit: Largest value of an event.
        sum_limit: Largest value that events of one step add up to in one place, pooled.
        rows: Windows over every row of `source`.
        columns: Windows over every column.
        weight: int8, shape (out channels, in channels, height, width).
        bias: int32, one for each out channel.
        shift: int8, one for each out channel.
        stride: Vertical and horizontal.
        plane: The neurons.
        neurons: What they do.
        most_lanes: Most channels that are computed at a time.
    """

    name: str
    weights_of: str
    source: Plane
    event_limit: int
    sum_limit: int
    rows: Windows
    columns: Windows
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    shift: NDArray[np.int8]
    stride: tuple[int, int]
    plane: Plane
    neurons: Neurons
    most_lanes: int

    @property
    def groups(self) -> int:
        """Words in which the channels of a pixel are held."""
        return -(-self.plane.channels // self.most_lanes)

    @property
    def lanes(self) -> int:
        """Channels in a word; the last word may be partly empty."""
        return -(-self.plane.channels // self.groups)

    @property
    def words(self) -> int:
        """Words of sums, and of potentials."""
        return self.plane.height * self.plane.width * self.groups

    @property
    def weight_words(self) -> int:
        """Words of weights."""
        _, channels, height, width = self.weight.shape
        return int(channels * height * width * self.groups)

    @property
    def value_bits(self) -> int:
        """Bits of the value of an event that comes in."""
        return self.event_limit.bit_length()

    @property
    def count_bits(self) -> int:
        """Bits for the number of windows over a row or column."""
        return max(1, int(max(self.rows.covering.max(), self.columns.covering.max())).bit_length())

    @property
    def shift_left(self) -> int:
        """How far every sum is shifted left before bias and rounding, so that all then go right."""
        return max(0, -int(self.shift.min()))

    @cached_property
    def offset(self) -> NDArray[np.int64]:
        """Bias and half a unit for rounding, in units of the sum shifted left."""
        right = self.shift_right
        return (self.bias.astype(np.int64) << self.shift_left) + ((np.int64(1) << right) >> 1)

    @cached_property
    def shift_right(self) -> NDArray[np.int64]:
        """How far each channel's sum goes right after that; the two shifts together are exact."""
        return self.shift.astype(np.int64) + self.shift_left

    @cached_property
    def sum_bits(self) -> int:
        """Bits that hold every sum on the way, whatever the order of events, offset and product."""
        flat = self.weight.astype(np.int64).reshape(self.weight.shape[0], -1)
        up, down = np.maximum(flat, 0).sum(1), np.maximum(-flat, 0).sum(1)
        sums = int(max(up.max(), down.max())) * self.sum_limit
        offset = -(-int(np.abs(self.offset).max()) // (1 << self.shift_left))
        return max(max(sums, offset).bit_length() + 1, self.value_bits + 8)

    @property
    def wide_bits(self) -> int:
        """Bits of a sum with its offset, shifted left."""
        return max(self.sum_bits + self.shift_left + 1, 18)

    @property
    def digits(self) -> int:
        """Binary digits of the number of spikes, each a stage of the pipeline."""
        return self.neurons.levels.bit_length()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A model as the accelerator runs it.

    Attributes:
        input_name: The model's input.
        output_name: Its output.
        input_plane: Size of the input.
        output_plane: Size of the output.
        layers: In the order of the data.
        output_rows: Row of the output where events of each row of the last layer belong.
        output_columns: Likewise for columns.
    """

    input_name: str
    output_name: str
    input_plane: Plane
    output_plane: Plane
    layers: tuple[Layer, ...]
    output_rows: NDArray[np.int64]
    output_columns: NDArray[np.int64]
