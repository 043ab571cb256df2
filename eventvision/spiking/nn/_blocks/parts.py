"""What several blocks are made of."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from eventvision.spiking.nn._layers import BatchNorm2d, Conv2d, same_padding

NeuronFactory = Callable[[int], nn.Module]
"""Makes the neurons of a layer, given its number of channels: `lambda channels: LIF(2.0)`."""


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    alpha: float = 1.0,
) -> nn.Sequential:
    """Return a convolution without bias that keeps the size at stride 1, and its normalisation."""
    conv = Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        padding=same_padding(kernel_size),
        groups=groups,
        bias=False,
    )
    return nn.Sequential(conv, BatchNorm2d(out_channels, threshold=1.0, alpha=alpha))
