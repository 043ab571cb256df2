"""Separable convolutions of spikes."""

from __future__ import annotations

import math

from torch import Tensor, nn

from eventvision.spiking.nn._layers import BatchNorm2d, Conv2d, same_padding

from .parts import NeuronFactory, conv_norm


class SeparableBlock(nn.Module):
    """Widen by 1x1, mix places by depthwise k x k, narrow by 1x1, and add to what came in.

    The token mixer of Yao et al., Spike-driven transformer V2 (ICLR 2024), and of Luo et al.,
    Integer-valued training and spike-driven inference (ECCV 2024): a k x k convolution at about
    1 / (k * k) of its cost. The shortcut carries membrane input, as in `MembraneBlock`.

    Shapes: membrane input (T, N, C, H, W) or (N, C, H, W) -> the same with `out_channels` and the
    height and width divided by `stride`, rounded up. There is a shortcut only if input and output
    have the same shape.

    Args:
        in_channels: Channels of the input.
        neuron: Makes the neurons of a layer.
        out_channels: Channels of the output; those of the input if None.
        expansion: How many times wider the middle is.
        kernel_size: Of the depthwise convolution, odd.
        stride: Of the depthwise convolution.
    """

    def __init__(
        self,
        in_channels: int,
        neuron: NeuronFactory,
        *,
        out_channels: int | None = None,
        expansion: float = 2.0,
        kernel_size: int = 3,
        stride: int = 1,
    ) -> None:
        super().__init__()
        out_channels = in_channels if out_channels is None else out_channels
        middle = round(in_channels * expansion)
        if middle < 1:
            raise ValueError(f"expansion {expansion} of {in_channels} channels leaves none")
        self.has_shortcut = stride == 1 and in_channels == out_channels
        depthwise = Conv2d(
            middle,
            middle,
            kernel_size,
            stride=stride,
            padding=same_padding(kernel_size),
            groups=middle,
            bias=False,
        )
        alpha = 1 / math.sqrt(2) if self.has_shortcut else 1.0
        self.branch = nn.Sequential(
            neuron(in_channels),
            *conv_norm(in_channels, middle, 1),
            neuron(middle),
            depthwise,
            Conv2d(middle, out_channels, 1, bias=False),
            BatchNorm2d(out_channels, threshold=1.0, alpha=alpha),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the membrane input of what follows."""
        added: Tensor = self.branch(x)
        return x + added if self.has_shortcut else added
