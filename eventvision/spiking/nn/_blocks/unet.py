"""A spiking U-Net: down, up, and what was seen on the way down added on the way up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from eventvision.spiking.nn._layers import Upsample

from .parts import NeuronFactory, conv_norm
from .separable import SeparableBlock


class SpikingUNet(nn.Module):
    """Encoder and decoder with additive skips, for outputs as large as the input.

    The form of Rançon et al., StereoSpike (IEEE Access 2022), with separable blocks: each level
    halves the size by a strided convolution and doubles it again by repetition and a convolution;
    skips add membrane input, so that convolutions see spikes (or small integers) only, the first
    one apart, which sees the events. State lives in the neurons: call it slice by slice, or on a
    sequence.

    Shapes: events (T, N, C, H, W) or (N, C, H, W), any height and width -> membrane input
    (…, widths[0], H, W). Follow it with a neuron and a 1x1 convolution into a readout.

    Args:
        in_channels: Channels of the input.
        widths: Channels at full size, half, a quarter, …; at least two.
        neuron: Makes the neurons of a layer.
        kernel_size: Of all convolutions but the 1x1 ones, odd.

    Raises:
        ValueError: If there are fewer than two widths.
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        neuron: NeuronFactory,
        *,
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise ValueError(f"a U-Net needs two widths or more, got {list(widths)}")
        self.stem = conv_norm(in_channels, widths[0], kernel_size)
        self.down = nn.ModuleList(
            nn.Sequential(
                neuron(narrow),
                *conv_norm(narrow, wide, kernel_size, stride=2),
                SeparableBlock(wide, neuron, kernel_size=kernel_size),
            )
            for narrow, wide in pairwise(widths)
        )
        self.fire = nn.ModuleList(neuron(wide) for wide in reversed(widths[1:]))
        self.enlarge = Upsample(2)
        self.up = nn.ModuleList(
            conv_norm(wide, narrow, kernel_size, alpha=0.5**0.5)
            for wide, narrow in pairwise(reversed(widths))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return membrane input at the size of the input."""
        levels = [self.stem(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        y: Tensor = levels.pop()
        for fire, up, skip in zip(self.fire, self.up, reversed(levels), strict=True):
            y = up(self.enlarge(fire(y), like=skip)) + skip
        return y
