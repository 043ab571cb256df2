"""One spiking encoder, three heads: objects, classes of surface, distance.

Integer neurons (I-LIF, Luo et al., ECCV 2024) in separable blocks with membrane shortcuts at a
quarter, an eighth, a sixteenth and a thirty-second of the resolution; a light pyramid brings the
scales together (Lin et al., CVPR 2017); the heads are anchor-free (YOLOX, Ge et al., 2021) and
dense. Potentials are carried from slice to slice, so slices may be short. With `spiking=False` the
same graph has ReLUs and leaky sums in place of the neurons: the yardstick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.spiking import nn

from ._neurons import Neurons
from ._sequences import by_step, folded_time

STRIDES = (8, 16, 32)
"""Pixels from one place of the detection grids to the next."""

COARSEST = 32
"""Height and width must be multiples of this; pad by what is missing."""

_RARE = -4.6
"""Logit of one in a hundred: as few places hold an object, when training starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PerceptionShape:
    """How large the network is.

    Attributes:
        bins: Planes of the voxel grid.
        channels: Channels at /4, /8, /16 and /32.
        blocks: Separable blocks there.
        pyramid: Channels of the pyramid and the heads.
        detection_classes: Classes of objects.
        surface_classes: Classes of surfaces.
        levels: Most spikes of a neuron in a step.
    """

    bins: int = 5
    channels: tuple[int, int, int, int] = (32, 64, 128, 192)
    blocks: tuple[int, int, int, int] = (1, 2, 3, 2)
    pyramid: int = 64
    detection_classes: int = 4
    surface_classes: int = 9
    levels: int = 4


TINY = PerceptionShape(channels=(8, 12, 16, 24), blocks=(1, 1, 1, 1), pyramid=16)
NANO = PerceptionShape()
SMALL = PerceptionShape(channels=(48, 96, 192, 320), blocks=(2, 3, 4, 3), pyramid=96)


class Perception(torch_nn.Module):
    """Objects, surfaces and distances from each slice of events.

    Args:
        shape: How large it is.
        spiking: Whether neurons are spiking; else the non-spiking twin.
    """

    def __init__(self, shape: PerceptionShape = NANO, *, spiking: bool = True) -> None:
        super().__init__()
        self.shape = shape
        make = Neurons(shape.levels, spiking=spiking)
        first, *others = shape.channels
        self.stem = _normed(torch_nn.Conv2d(shape.bins, first, 7, stride=4, padding=3, bias=False))
        self.stages = torch_nn.ModuleList([_stage(first, shape.blocks[0], make)])
        self.downs = torch_nn.ModuleList()
        for before, after, count in zip(shape.channels, others, shape.blocks[1:], strict=False):
            self.downs.append(_Down(before, after, make))
            self.stages.append(_stage(after, count, make))
        self.pyramid = Pyramid(shape.channels, shape.pyramid, make)
        self.detection = DetectionHead(shape.pyramid, shape.detection_classes, make)
        self.surfaces = DenseHead(shape.pyramid, shape.surface_classes, make)
        self.distance = DenseHead(shape.pyramid, 2, make)

    def forward(self, events: Tensor) -> dict[str, Tensor]:
        """Take one slice.

        Args:
            events: Voxel grid (N, bins, height, width), as `normalised` gives it; height and width
                are multiples of `COARSEST`.

        Returns:
            `detection`, shape (N, places, 5 + classes): for each place of the grids of `STRIDES`,
            row by row, the offset x, y of the centre from the place and log width, log height, all
            in strides, then the logits of objectness and classes; `segmentation`, logits of shape
            (N, classes, height / 4, width / 4); `depth`, shape (N, 2, height / 4, width / 4): the
            logarithm of one over the distance in metres, and the logarithm of its expected error.
        """
        fine, *coarse = self.scales(events)
        return {
            "detection": self.detection(coarse),
            "segmentation": self.surfaces(fine),
            "depth": self.distance(fine),
        }

    def scales(self, events: Tensor) -> list[Tensor]:
        """Take one slice and return what the heads see of it, (N, C, h, w) each, finest first."""
        x, found = self.stem(events), []
        for index, stage in enumerate(self.stages):
            x = stage(self.downs[index - 1](x) if index else x)
            found.append(x)
        scales: list[Tensor] = self.pyramid(found)
        return scales

    def sequence(self, events: Tensor) -> dict[str, Tensor]:
        """Take T slices; shapes are as for one, after a first axis T."""
        steps = len(events)
        with folded_time(self, steps):
            found = self(events.flatten(0, 1))
        return {name: by_step(value, steps) for name, value in found.items()}


class SeparableStep(torch_nn.Module):
    """Spikes, wider; spikes, around; spikes, back: beside a shortcut of potentials.

    Args:
        channels: Channels in and out.
        make: Makes the neurons.
        tau: Time constant that the neurons start with, in slices.
    """

    def __init__(self, channels: int, make: Neurons, *, tau: float = 2.0) -> None:
        super().__init__()
        wide = 2 * channels
        self.enter = make(channels, tau=tau)
        self.widen = _normed(torch_nn.Conv2d(channels, wide, 1, bias=False))
        self.between = make(wide)
        around = torch_nn.Conv2d(wide, wide, 5, padding=2, groups=wide, bias=False)
        self.around = _normed(around)
        self.leave = make(wide)
        self.narrow = _normed(torch_nn.Conv2d(wide, channels, 1, bias=False), gain=0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return potentials of the shape of x (N, C, h, w)."""
        inner = self.around(self.between(self.widen(self.enter(x))))
        after: Tensor = x + self.narrow(self.leave(inner))
        return after


class _Down(torch_nn.Module):
    """Half the resolution, more channels."""

    def __init__(self, before: int, after: int, make: Neurons) -> None:
        super().__init__()
        self.spikes = make(before)
        self.around = _normed(
            torch_nn.Conv2d(before, before, 3, stride=2, padding=1, groups=before, bias=False)
        )
        self.between = make(before)
        self.mix = _normed(torch_nn.Conv2d(before, after, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return potentials (N, after, h / 2, w / 2)."""
        mixed: Tensor = self.mix(self.between(self.around(self.spikes(x))))
        return mixed


class Pyramid(torch_nn.Module):
    """Brings coarse scales to finer ones, step by step.

    Args:
        channels: Channels of the scales, finest first.
        width: Channels of all scales after it.
        make: Makes the neurons.
    """

    def __init__(self, channels: Sequence[int], width: int, make: Neurons) -> None:
        super().__init__()
        self.spikes = torch_nn.ModuleList(make(count) for count in channels)
        self.across = torch_nn.ModuleList(
            _normed(torch_nn.Conv2d(count, width, 1, bias=False)) for count in channels
        )
        self.smooth = torch_nn.ModuleList(_Smooth(width, make) for _ in channels[:-1])

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """Return potentials (N, width, h, w) of each scale, finest first."""
        across = [
            layer(spikes(x))
            for layer, spikes, x in zip(self.across, self.spikes, scales, strict=True)
        ]
        found = [across[-1]]
        for layer, x in zip(reversed(self.smooth), reversed(across[:-1]), strict=True):
            found.insert(0, layer(x + functional.interpolate(found[0], scale_factor=2.0)))
        return found


class _Smooth(torch_nn.Module):
    """Mixes each place with its neighbours, beside a shortcut."""

    def __init__(self, channels: int, make: Neurons) -> None:
        super().__init__()
        self.spikes = make(channels)
        self.around = _normed(
            torch_nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        )
        self.between = make(channels)
        self.mix = _normed(torch_nn.Conv2d(channels, channels, 1, bias=False), gain=0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return potentials of the shape of x (N, C, h, w)."""
        after: Tensor = x + self.mix(self.between(self.around(self.spikes(x))))
        return after


class DetectionHead(torch_nn.Module):
    """Boxes and classes at each place; the same weights at each scale, neurons of their own.

    Args:
        channels: Channels in.
        classes: Classes of objects.
        make: Makes the neurons.
    """

    def __init__(self, channels: int, classes: int, make: Neurons) -> None:
        super().__init__()
        self.smooth = torch_nn.ModuleList(_Smooth(channels, make) for _ in STRIDES)
        self.spikes = torch_nn.ModuleList(make(channels) for _ in STRIDES)
        self.out = torch_nn.Conv2d(channels, 5 + classes, 1)
        torch_nn.init.normal_(self.out.weight, std=0.01)
        start = torch.zeros(5 + classes)
        start[4:] = _RARE
        self.out.bias = torch_nn.Parameter(start)

    def forward(self, scales: Sequence[Tensor]) -> Tensor:
        """Return (N, places, 5 + classes); see `Perception.forward`."""
        rows = [
            self.out(spikes(smooth(x))).flatten(2).transpose(1, 2)
            for smooth, spikes, x in zip(self.smooth, self.spikes, scales, strict=True)
        ]
        return torch.cat(rows, dim=1)


class DenseHead(torch_nn.Module):
    """Something for each place of the finest scale.

    Args:
        channels: Channels in.
        outputs: Channels out.
        make: Makes the neurons.
    """

    def __init__(self, channels: int, outputs: int, make: Neurons) -> None:
        super().__init__()
        self.smooth = _Smooth(channels, make)
        self.spikes = make(channels)
        self.out = torch_nn.Conv2d(channels, outputs, 3, padding=1)
        self.readout = nn.Readout(
            2.0, decay_input=True, learn_decay=True, channels=outputs, step_mode="s"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the readout's potential, shape (N, outputs, h, w)."""
        potential: Tensor = self.readout(self.out(self.spikes(self.smooth(x))))
        return potential


def _stage(channels: int, count: int, make: Neurons) -> torch_nn.Sequential:
    """Return blocks in a row; the last one of a stage remembers longer."""
    taus = [2.0] * (count - 1) + [5.0]
    return torch_nn.Sequential(*(SeparableStep(channels, make, tau=tau) for tau in taus))


def _normed(conv: torch_nn.Conv2d, *, gain: float = 1.0) -> torch_nn.Sequential:
    norm = torch_nn.BatchNorm2d(conv.out_channels)
    torch_nn.init.constant_(norm.weight, gain)
    return torch_nn.Sequential(conv, norm)
