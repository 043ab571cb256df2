"""What is known of each value of a network before its integers are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, fx

from eventvision.core import ConfigError

from ._scale import exponent_to_hold

_HEADROOM = 2.0
_CURRENT_UNITS = 32_767
_SMALL_UNITS = {"uint8": 255, "int8": 127}
_MOST_LEFT = 8
_MOST_NARROWING = 15

Kind = Literal["uint8", "int8", "int16"]


@dataclass(eq=False)
class Units:
    """The exponent that currents which meet in a sum must share.

    Attributes:
        largest: Largest value that must be held.
        finest: Smallest exponent that weights allow.
        highest: Largest exponent that narrowing allows.
        joined: The units whose exponent these share.
    """

    largest: float = 0.0
    finest: float = -60
    highest: float = 60
    joined: Units | None = None

    @property
    def root(self) -> Units:
        """The units that these were joined with."""
        return self if self.joined is None else self.joined.root

    def join(self, other: Units) -> None:
        """Share one exponent with others."""
        mine, theirs = self.root, other.root
        if mine is not theirs:
            mine.hold(theirs.largest)
            mine.finest = max(mine.finest, theirs.finest)
            mine.highest = min(mine.highest, theirs.highest)
            theirs.joined = mine

    def hold(self, largest: float) -> None:
        """Make room for a value."""
        self.root.largest = max(self.root.largest, largest)

    def from_sums(self, exponent: int) -> None:
        """Be reachable from sums of this exponent."""
        self.root.finest = max(self.root.finest, exponent - _MOST_LEFT)

    def narrow_to(self, exponent: int) -> None:
        """Be as fine as what is made of them."""
        self.root.highest = min(self.root.highest, exponent)
        self.root.finest = max(self.root.finest, exponent - _MOST_NARROWING)

    @property
    def exponent(self) -> int:
        """The finest exponent that serves all.

        Raises:
            ConfigError: If there is none.
        """
        root = self.root
        needed = exponent_to_hold(root.largest * _HEADROOM, _CURRENT_UNITS)
        exponent = int(max(needed, root.finest))
        if exponent > root.highest:
            raise ConfigError(
                "a current between two layers without a neuron", f"2**{exponent}",
                f"weights that need no more than 2**{root.highest:g}; use more bits",
            )  # fmt: skip
        return exponent


@dataclass(eq=False)
class Value:
    """What a node of the traced graph gives.

    Attributes:
        layer: Name of the layer that gives it.
        kind: Its type.
        channels: How many.
        exponent: Of 8-bit values.
        gain: What 8-bit values must still be multiplied with.
        units: Of currents.
        gain_exponent: Currents must still be multiplied with 2 ** this.
        axes: How the network has them: as planes (N, C, H, W), with `flat` planes (N, C, H * W), or
            as places (N, H * W, C).
        unshuffled: Whoever reads it sees pictures so much coarser, the pixels as channels.
        curve: What real values still go through.
        is_scaled: Whether the current is scaled for the neuron that reads it.
    """

    layer: str
    kind: Kind
    channels: int
    exponent: int = 0
    gain: float = 1.0
    units: Units = field(default_factory=Units)
    gain_exponent: int = 0
    axes: Literal["planes", "flat", "places"] = "planes"
    unshuffled: int = 1
    curve: Literal["linear", "sigmoid"] = "linear"
    is_scaled: bool = False

    @property
    def is_current(self) -> bool:
        """Whether it has sixteen bits."""
        return self.kind == "int16"

    @property
    def in_use(self) -> int:
        """What one unit stands for, as a power of two; known when the plan is complete."""
        return self.units.exponent + self.gain_exponent if self.is_current else self.exponent


def small_exponent(largest: float, kind: Kind) -> int:
    """Return the exponent at which a value fits in eight bits."""
    return exponent_to_hold(largest, _SMALL_UNITS[kind])


def named(outputs: Any) -> dict[str, fx.Node]:
    """Name what a network returns: a dict as it is, one tensor `output`, several by number.

    Raises:
        ConfigError: If it returns something else.
    """
    if isinstance(outputs, fx.Node):
        return {"output": outputs}
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(outputs, tuple | list) and all(isinstance(each, fx.Node) for each in outputs):
        return {f"output_{number}": each for number, each in enumerate(outputs)}
    raise ConfigError("output of the network", type(outputs).__name__, "tensors, by name or not")


def in_units(values: Tensor, unit: float, channels: int) -> Tensor:
    """Return values per channel as whole units."""
    return torch.floor(values.double() / unit + 0.5).expand(channels)
