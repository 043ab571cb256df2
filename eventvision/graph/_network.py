"""A graph network as plain arrays, in float32 or in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._head import Head
from ._integer_head import IntegerHead
from ._rules import GraphRules

POLARITIES = 2
MOST_CHANNELS = 64
_MOST_SHIFT = 31

Number = np.number
Aggregate = Literal["sum", "max"]


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphLayer:
    """One layer: what an event makes of its own features and of its neighbours'.

        z = bias + own @ root + agg over neighbours j (features_j @ weight[offset_j]
                                                       + place[offset_j, age_j])

    The first layer's features are the polarity: (1, 0) for OFF, (0, 1) for ON. The aggregate of no
    neighbours is 0. What becomes of z is said by `GraphNetwork`.

    Attributes:
        weight: float32 or int8, (offsets, inputs, outputs), offsets in the order of
            `GraphRules.offsets`.
        place: float32 or int32, (offsets, ages, outputs): what being there, so old, says itself.
        root: float32 or int8, (inputs, outputs).
        bias: float32 or int32, (outputs,).
        aggregate: `sum`, or `max`: the largest message, channel by channel.
        shift: Integer networks: (outputs,), int32; z is shifted to the right by it, rounding half
            up, to become a feature. Or the threshold in spiking ones.
    """

    weight: NDArray[Number]
    place: NDArray[Number]
    root: NDArray[Number]
    bias: NDArray[Number]
    aggregate: Aggregate = "sum"
    shift: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        if self.weight.ndim != 3 or self.place.ndim != 3:
            raise ValueError("weight and place must have three dimensions")
        offsets, inputs, outputs = self.weight.shape
        wanted = {
            "place": (offsets, self.place.shape[1], outputs),
            "root": (inputs, outputs),
            "bias": (outputs,),
        }
        if self.shift is not None:
            wanted["shift"] = (outputs,)
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must be {shape}, got {getattr(self, name).shape}")
        if self.aggregate not in {"sum", "max"}:
            raise ValueError(f"aggregate must be sum or max, got {self.aggregate!r}")
        if max(inputs, outputs) > MOST_CHANNELS:
            raise ValueError(f"a layer has at most {MOST_CHANNELS} channels")

    @property
    def inputs(self) -> int:
        """Channels that come in."""
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        """Channels that go out."""
        return int(self.weight.shape[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphNetwork:
    """Rules, layers, the coarse map, and the head that reads it.

    Attributes:
        rules: Who sees whom.
        layers: One to eight layers, the first of two inputs.
        cell_px: Side of the map's cells.
        memory_us: Time constant with which the map forgets.
        head: What reads the map.
        scale: What 1 in the last features stands for: 1 for float32, a power of two in integers.
        leak_us: None for ReLU. Else nodes fire: every pixel has a potential per channel, which
            leaks with this time constant, takes in z and fires at 1 (integers: at `shift`).
    """

    rules: GraphRules
    layers: tuple[GraphLayer, ...]
    cell_px: int
    memory_us: int
    head: Head | IntegerHead
    scale: float = 1.0
    leak_us: int | None = None

    def __post_init__(self) -> None:
        _check_chain(self.layers, len(self.rules.offsets()), self.rules.ages)
        if self.is_spiking:
            _check_spiking(self.layers)
        else:
            _check_relu(self.layers)
        if not 1 <= self.cell_px <= 1024:
            raise ValueError(f"cell_px must be 1 to 1024, got {self.cell_px}")
        for name in ("memory_us", "leak_us"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 1 << 40:
                raise ValueError(f"{name} must be positive, got {value}")
        if isinstance(self.head, IntegerHead) and not self.is_integer:
            raise ValueError("a head of integers goes with layers of integers")
        if self.head.inputs != self.channels + 1:
            raise ValueError(
                f"the head takes {self.head.inputs} channels, the map has {self.channels} and a "
                "count"
            )

    @property
    def is_integer(self) -> bool:
        """Whether layers reckon in integers."""
        return self.layers[0].shift is not None

    @property
    def is_spiking(self) -> bool:
        """Whether nodes fire."""
        return self.leak_us is not None

    @property
    def channels(self) -> int:
        """Channels of the last layer."""
        return self.layers[-1].outputs


def _check_chain(layers: Sequence[GraphLayer], offsets: int, ages: int) -> None:
    if not 1 <= len(layers) <= 8:
        raise ValueError(f"a network has 1 to 8 layers, got {len(layers)}")
    inputs = POLARITIES
    for number, layer in enumerate(layers, 1):
        if layer.weight.shape[:2] != (offsets, inputs) or layer.place.shape[1] != ages:
            raise ValueError(
                f"layer {number} must have {offsets} offsets, {inputs} inputs and {ages} ages, "
                f"got {layer.weight.shape[0]}, {layer.inputs} and {layer.place.shape[1]}"
            )
        inputs = layer.outputs
    for number, layer in enumerate(layers, 1):
        if layer.shift is not None and not (0 <= layer.shift.min() <= layer.shift.max() < 1 << 24):
            raise ValueError(f"layer {number} has an impossible shift")
    integer = [layer.shift is not None for layer in layers]
    if any(integer) != all(integer):
        raise ValueError("either all layers have shifts or none")


def _check_relu(layers: Sequence[GraphLayer]) -> None:
    if any(layer.shift is not None and layer.shift.max() > _MOST_SHIFT for layer in layers):
        raise ValueError(f"sums are shifted by at most {_MOST_SHIFT}")


def _check_spiking(layers: Sequence[GraphLayer]) -> None:
    if any(layer.aggregate != "sum" for layer in layers):
        raise ValueError("spiking networks sum their messages")
    if any(layer.place.any() for layer in layers[1:]):
        raise ValueError("behind the first layer, spiking networks send nothing without a spike")
