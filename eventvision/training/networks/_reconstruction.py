"""Pictures from events: a small recurrent spiking network.

At the size of FireNet (Scheerlinck et al., WACV 2020), with the spiking layers and the readout by a
membrane that never fires of EVSNN (Zhu et al., CVPR 2022). The events of a slice enter as a voxel
grid at half the resolution, four neighbours as channels. Most of the work happens at a quarter of
the resolution, with a glance at an eighth for what is far away; only the first and the last layer
see fine detail. All potentials are carried from slice to slice, and so is the picture itself: it
is the potential of the readout. With `spiking=False` the same graph has ReLUs and leaky sums in
place of the neurons: the yardstick.

    events /2 ── head ─┬────────────────────────────────────────── + ── spikes ── out ── readout
                       └─ spikes ── down /4 ── block ── + ── block ── spikes ── up /2 ┘
                                                └─ down /8 ── up /4 ┘
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.spiking import nn

from ._neurons import Neurons
from ._sequences import by_step, each_step, folded_time

LEVELS = 4
"""Most spikes of a neuron in a step."""

MULTIPLE = 8
"""Height and width must be multiples of this; pad by what is missing."""

_SLOW = 6.0
"""Where the time constant of potentials that look around starts, in slices."""


class SpikingReconstruction(torch_nn.Module):
    """A picture of the scene from each slice of events.

    Args:
        bins: Planes of the voxel grid.
        fine: Channels at half the resolution.
        coarse: Channels at a quarter of it.
        spiking: Whether neurons are spiking; else the non-spiking twin.
    """

    def __init__(
        self, *, bins: int = 5, fine: int = 16, coarse: int = 40, spiking: bool = True
    ) -> None:
        super().__init__()
        self.bins = bins
        make = Neurons(LEVELS, spiking=spiking)
        self.head = torch_nn.Conv2d(4 * bins, fine, 3, padding=1)
        self.head_spikes = make(fine)
        self.down = torch_nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.first = SpikingBlock(coarse, make, recurrent=True)
        self.glance = Glance(coarse, make)
        self.second = SpikingBlock(coarse, make)
        self.up_spikes = make(coarse)
        self.up = torch_nn.Conv2d(coarse, 4 * fine, 1)
        self.out_spikes = make(fine)
        self.out = torch_nn.Conv2d(fine, 4, 3, padding=1)
        self.readout = nn.Readout(
            12.0, decay_input=False, learn_decay=True, channels=4, step_mode="s"
        )

    def forward(self, events: Tensor) -> Tensor:
        """Return the picture after a slice, shape (N, 1, height, width), 0 to 1.

        Args:
            events: Voxel grid (N, bins, height, width), as `normalised` gives it; height and width
                are multiples of `MULTIPLE`.
        """
        return self._picture(events, self.first)

    def sequence(self, events: Tensor) -> Tensor:
        """Return the pictures after T slices, shape (T, N, 1, height, width).

        Args:
            events: Shape (T, N, bins, height, width), else as for one slice.
        """
        steps = len(events)
        with folded_time(self, steps, apart=self.first):
            found = self._picture(events.flatten(0, 1), lambda x: each_step(self.first, x, steps))
        return by_step(found, steps)

    def _picture(self, events: Tensor, first: Callable[[Tensor], Tensor]) -> Tensor:
        fine = self.head(functional.pixel_unshuffle(events, 2))
        coarse = first(self.down(self.head_spikes(fine)))
        coarse = self.second(coarse + self.glance(coarse))
        fine = fine + functional.pixel_shuffle(self.up(self.up_spikes(coarse)), 2)
        potential = self.readout(self.out(self.out_spikes(fine)))
        picture: Tensor = functional.pixel_shuffle(potential, 2).sigmoid()
        return picture


class SpikingBlock(torch_nn.Module):
    """Two convolutions of spikes beside a shortcut of potentials (Hu et al., 2021).

    Args:
        channels: Channels in and out.
        make: Makes the neurons.
        recurrent: Whether the spikes that entered the block at the slice before come back in.
    """

    def __init__(self, channels: int, make: Neurons, *, recurrent: bool = False) -> None:
        super().__init__()
        self.before = make(channels)
        self.first = _quiet(torch_nn.Conv2d(channels, channels, 3, padding=1))
        self.between = make(channels)
        self.second = _quiet(torch_nn.Conv2d(channels, channels, 3, padding=1))
        back = torch_nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.back = _quiet(back) if recurrent else None
        self.memory = nn.Delay() if recurrent else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the potentials (N, C, h, w) after the block."""
        if self.back is not None and self.memory is not None:
            spikes = self.memory(self.before(x + self.back(self.memory.last(x))))
        else:
            spikes = self.before(x)
        after: Tensor = x + self.second(self.between(self.first(spikes)))
        return after


class Glance(torch_nn.Module):
    """What lies around, seen at half the resolution and slowly.

    Args:
        channels: Channels in and out.
        make: Makes the neurons.
    """

    def __init__(self, channels: int, make: Neurons) -> None:
        super().__init__()
        self.before = make(channels)
        self.down = torch_nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels)
        self.mix = torch_nn.Conv2d(channels, channels, 1)
        self.spikes = make(channels, tau=_SLOW)
        self.around = torch_nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.back = torch_nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return potentials of the shape of x (N, C, h, w), h and w even."""
        spikes = self.spikes(self.mix(self.down(self.before(x))))
        return functional.interpolate(self.back(self.around(spikes)), scale_factor=2.0)


def normalised(events: Tensor) -> Tensor:
    """Divide voxel grids by the root mean square of their cells that are not zero.

    So the contrast threshold and the rate of events change little for the network.

    Args:
        events: Shape (N, bins, height, width).
    """
    squares = events.square().sum(dim=(1, 2, 3), keepdim=True)
    active = events.sign().abs().sum(dim=(1, 2, 3), keepdim=True)
    return events / (squares / active.clamp(min=1)).sqrt().clamp(min=1e-3)


def _quiet(conv: torch_nn.Conv2d) -> torch_nn.Conv2d:
    """Halve the weights that a convolution starts with: counts are larger than spikes."""
    with torch.no_grad():
        conv.weight *= 0.5
    return conv
