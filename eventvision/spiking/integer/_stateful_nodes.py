"""Nodes that carry something from step to step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._checks import Leak, check, check_array, check_channels, check_leak, check_name

_ACTIVATION_MAX = 255


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neuron:
    """Shift-leak integrate and fire with soft reset; its spikes are whole numbers 0..levels.

    One level and no rounding is (leaky) integrate and fire; several levels with rounding is
    I-LIF; leak 0 forgets everything and so quantises a rectified current without any memory.

    Attributes:
        name: Unique in the network; also the name of its state.
        input: Name of the node before, an int16 tensor.
        threshold: int16, shape (channels,), above zero.
        leak: How far the potential is shifted right to give what it loses in a step: one shift for
            all channels, None where nothing is lost, or int8 of shape (terms, channels) with one
            or two shifts for each channel, whose losses add up, and -1 for none.
        levels: Most spikes in one step, 1 to 255.
        rounding: Whether half a threshold is enough for the next spike.
        initial: int16, shape (channels,): potential after a reset; zeros if not given.
    """

    name: str
    input: str
    threshold: NDArray[np.int16]
    leak: Leak = None
    levels: int = 1
    rounding: bool = False
    initial: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))

    def __post_init__(self) -> None:
        check_name(self.name)
        check_array(self.threshold, np.int16, 1, f"{self.name}: threshold")
        above_zero = self.threshold.size > 0 and int(self.threshold.min()) > 0
        check(above_zero, self.name, "threshold must be above zero")
        check_leak(self.name, self.leak, self.threshold.size)
        check(1 <= self.levels <= _ACTIVATION_MAX, self.name, "levels must be 1 to 255")
        check_array(self.initial, np.int16, 1, f"{self.name}: initial")
        if not self.initial.size:
            object.__setattr__(self, "initial", np.zeros_like(self.threshold))
        same = self.initial.shape == self.threshold.shape
        check(same, self.name, "initial must have as many values as threshold")

    @property
    def offset(self) -> NDArray[np.int32]:
        """What is added to the potential before it is divided by the threshold."""
        half = self.threshold.astype(np.int32) >> 1
        return half if self.rounding else np.zeros_like(half)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Readout:
    """A leaky potential that is read and never fires; int16 in, int16 out.

    Attributes:
        name: Unique in the network; also the name of its state.
        input: Name of the node before, an int16 tensor.
        leak: As for `Neuron`.
    """

    name: str
    input: str
    leak: Leak = None

    def __post_init__(self) -> None:
        check_name(self.name)
        check_leak(self.name, self.leak)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """What a node gave in the step before; zeros after a reset.

    This is the only way back in a network: `input` may come later than this node.

    Attributes:
        name: Unique in the network; also the name of its state.
        input: Name of a node that gives uint8, before this one or after it.
        like: Name of a node before this one, with the height and width of `input`.
        channels: Channels of `input`.
    """

    name: str
    input: str
    like: str
    channels: int

    def __post_init__(self) -> None:
        check_name(self.name)
        check_channels(self.name, self.channels)
