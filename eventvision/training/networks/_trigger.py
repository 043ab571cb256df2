"""When to cut: a tiny spiking network that looks at short cells of a stream.

The idea of SpikeSlicer (Cao et al., NeurIPS 2024) at a hundredth of its size: it sees events
counted in blocks of 8x8 pixels, two layers of neurons without leak remember what they have seen
since the slice began, and every place brings a current to one last neuron, which lives in the
slicer (`eventvision.slicing.SliceByTrigger`).

Weights are multiples of 2**-6 when it is used, and potentials stop where those of the int8 form
do, at the ends of 16 bits: every sum is then exact in float32, so that the float form and the int8
form give the same current to the last bit, and a chip of integrate-and-fire neurons can run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.steps import Step, after_spike, clip, spike

WEIGHT_STEP = 2.0**-6
"""Weights are multiples of this, from -128 to 127 times it."""

_UNITS = 1024
"""To a threshold, of potentials of 16 bits; until the int8 form says otherwise."""

Value = Any


def _integrate_within(
    x: Value, v: Value, *, threshold: Value, lowest: Value, highest: Value, reset: str
) -> Value:
    """Add the input, stop at the ends of a range; spike at the threshold."""
    v = clip(v + clip(x, lowest, highest), lowest, highest)
    s = spike(v - threshold)
    return s, after_spike(v, s, threshold, reset)


class _BoundedIF(nn.IF):
    """Integrate and fire, with potentials that stop where those of 16 bits do."""

    definition = Step(_integrate_within, "BoundedIF")

    lowest: Tensor
    highest: Tensor

    def __init__(self) -> None:
        lowest, highest = _ends(_UNITS)
        super(nn.IF, self).__init__(
            {"threshold": 1.0, "lowest": lowest, "highest": highest, "reset": "soft"}, step_mode="s"
        )

    def stop_at(self, units: int) -> None:
        """Let potentials stop where 16 bits do that hold so many units to a threshold."""
        lowest, highest = _ends(units)
        self.lowest.fill_(lowest)
        self.highest.fill_(highest)


def _ends(units: int) -> tuple[float, float]:
    """Return the ends of 16 bits that hold so many units to a threshold, in thresholds."""
    ends = torch.iinfo(torch.int16)
    return ends.min / units, ends.max / units


class Trigger(torch_nn.Module):
    """What each part of the scene brings towards the end of the slice.

    Args:
        first: Channels of the first layer, at a sixteenth of the resolution.
        second: Channels of the second, at half of that.
    """

    def __init__(self, *, first: int = 8, second: int = 16) -> None:
        super().__init__()
        self.enter = torch_nn.Conv2d(2, first, 3, stride=2, padding=1)
        self.fire = _BoundedIF()
        self.deepen = torch_nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.fire_again = _BoundedIF()
        self.out = torch_nn.Conv2d(second, 1, 1, bias=False)
        with torch.no_grad():
            self.out.weight.abs_()  # at first, all that fires brings the end nearer

    def forward(self, cell: Tensor) -> dict[str, Tensor]:
        """Take one cell.

        Args:
            cell: Counts of OFF and ON events per block, shape (N, 2, rows, columns).

        Returns:
            `current`, shape (N, 1, about rows / 4, about columns / 4); the slicer sums it.
        """
        spikes = self.fire(self.enter(cell))
        return {"current": self.out(self.fire_again(self.deepen(spikes)))}

    def stop_potentials(self, units: Mapping[str, int]) -> None:
        """Let potentials stop where those of the int8 form do.

        Args:
            units: To a threshold, by layer: "fire", "fire_again".
        """
        self.fire.stop_at(units["fire"])
        self.fire_again.stop_at(units["fire_again"])


@torch.no_grad()
def round_weights(network: Trigger) -> None:
    """Round all weights and biases to what eight bits hold in steps of `WEIGHT_STEP`."""
    for value in network.parameters():
        value.copy_((value / WEIGHT_STEP).round().clamp(-128, 127) * WEIGHT_STEP)
