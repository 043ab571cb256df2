"""What FPGAs hold, and what a plan would need there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from eventvision.core import DeviceError

from ._images import constant_bits
from ._plan import Layer, MisfitError, Plan

_SHALLOW = 64
"""Memories up to this depth are made of look-up tables."""
_SHAPES = ((72, 512), (36, 1024), (18, 2048), (9, 4096), (4, 8192), (2, 16384), (1, 32768))
"""Width and depth that a block RAM of 36 Kib can take."""


@dataclass(frozen=True, slots=True)
class Part:
    """An FPGA.

    Attributes:
        name: As its maker writes it, short.
        family: As Yosys calls it.
        luts: Look-up tables with six inputs.
        flip_flops: Flip-flops.
        block_rams: Block RAMs of 36 Kib.
        dsps: Multipliers.
    """

    name: str
    family: str
    luts: int
    flip_flops: int
    block_rams: int
    dsps: int


PARTS = {
    part.name: part
    for part in (
        Part("xc7z020", "xc7", 53_200, 106_400, 140, 220),
        Part("xc7a100t", "xc7", 63_400, 126_800, 135, 240),
        Part("xc7z045", "xc7", 218_600, 437_200, 545, 900),
        Part("xck26", "xcup", 117_120, 234_240, 144, 1_248),
    )
}
"""By name: Zynq of PYNQ-Z2, Artix of Arty A7, Zynq of ZC706, Kria of KV260."""
DEFAULT_PART = "xc7z020"


class Memory(NamedTuple):
    """A memory of a layer, in bits and words."""

    what: str
    width: int
    depth: int

    @property
    def block_rams(self) -> int:
        """Block RAMs of 36 Kib that it takes; none if it is shallow."""
        if self.depth <= _SHALLOW:
            return 0
        return min(-(-self.width // width) * -(-self.depth // depth) for width, depth in _SHAPES)


def find_part(name: str) -> Part:
    """Return a part by name.

    Raises:
        DeviceError: If it is not known.
    """
    if name not in PARTS:
        raise DeviceError("fpga", f"part {name} is not known", f"choose from: {', '.join(PARTS)}")
    return PARTS[name]


def memories_of(layer: Layer) -> tuple[Memory, ...]:
    """Return the memories of a layer."""
    return (
        Memory("sums", layer.lanes * layer.sum_bits, layer.words),
        Memory("sums", layer.lanes * layer.sum_bits, layer.words),
        Memory("potentials", layer.lanes * 16, layer.words),
        Memory("weights", layer.lanes * 8, layer.weight_words),
        Memory("constants", constant_bits(layer), layer.groups),
    )


def block_rams_of(layer: Layer) -> int:
    """Return how many block RAMs a layer takes, estimated from above."""
    return sum(memory.block_rams for memory in memories_of(layer))


def dsps_of(layer: Layer) -> int:
    """Return how many multipliers a layer takes: one per lane, unless events are single spikes."""
    return layer.lanes if layer.value_bits > 1 else 0


def check_part(plan: Plan, part: Part) -> None:
    """Make sure that a part holds a plan.

    Raises:
        MisfitError: If it does not; it names the layer with which one kind of cell runs out.
    """
    block_rams = dsps = 0
    for layer in plan.layers:
        block_rams += block_rams_of(layer)
        dsps += dsps_of(layer)
        for what, used, limit in (
            ("block RAMs", block_rams, part.block_rams),
            ("multipliers", dsps, part.dsps),
        ):
            if used > limit:
                raise MisfitError(
                    layer.weights_of,
                    f"up to here {used} {what} are needed, {part.name} has {limit}",
                    "choose a larger part, fewer lanes or a smaller input",
                )
