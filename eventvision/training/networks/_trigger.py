"""When to cut: a tiny spiking network that looks at short cells of a stream.

The idea of SpikeSlicer (Cao et al., NeurIPS 2024) at a hundredth of its size: it sees events
counted in blocks of 8x8 pixels, two layers of neurons without leak remember what they have seen
since the slice began, and every place brings a current to one last neuron, which lives in the
slicer (`eventvision.slicing.SliceByTrigger`).

Weights are multiples of 2**-6 when it is used: every sum is then exact in float32, so that the
float form and the int8 form give the same current to the last bit, and a chip of
integrate-and-fire neurons can run it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn

WEIGHT_STEP = 2.0**-6
"""Weights are multiples of this, from -128 to 127 times it."""


class Trigger(torch_nn.Module):
    """What each part of the scene brings towards the end of the slice.

    Args:
        first: Channels of the first layer, at a sixteenth of the resolution.
        second: Channels of the second, at half of that.
    """

    def __init__(self, *, first: int = 8, second: int = 16) -> None:
        super().__init__()
        self.enter = torch_nn.Conv2d(2, first, 3, stride=2, padding=1)
        self.fire = nn.IF(step_mode="s")
        self.deepen = torch_nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.fire_again = nn.IF(step_mode="s")
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


@torch.no_grad()
def round_weights(network: Trigger) -> None:
    """Round all weights and biases to what eight bits hold in steps of `WEIGHT_STEP`."""
    for value in network.parameters():
        value.copy_((value / WEIGHT_STEP).round().clamp(-128, 127) * WEIGHT_STEP)
