"""Residual blocks: the shortcut carries spikes, or it carries membrane input.

`SpikeElementWiseBlock` combines spikes with spikes, so all that travels is small integers.
`MembraneBlock` adds before the next neuron fires: the sum is real-valued and passes from block to
block without a neuron in its way, which is what lets networks of a hundred layers learn; each
convolution still sees spikes alone.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking.nn._layers import MaxPool2d

from .parts import NeuronFactory, conv_norm

Combination = Literal["add", "and", "iand"]


class SpikeElementWiseBlock(nn.Module):
    """[conv, norm, neuron] twice, combined with the spikes that came in.

    Fang et al., Deep residual learning in spiking neural networks, NeurIPS 2021. With "add" the
    output is up to one more than the input; with "and" it is x * branch; with "iand",
    x * (1 - branch), the block passes its input on while its branch is silent.

    Shapes: spikes (T, N, C, H, W) or (N, C, H, W) -> the same with `out_channels` and the height
    and width divided by `stride`, rounded up.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; if it or the size differs, the shortcut is
            [1x1 conv, norm, neuron].
        neuron: Makes the neurons of a layer.
        stride: Of the first convolution.
        combine: How the branch meets the shortcut.

    Raises:
        ConfigError: If the combination is not known.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        neuron: NeuronFactory,
        *,
        stride: int = 1,
        combine: Combination = "add",
    ) -> None:
        super().__init__()
        if combine not in {"add", "and", "iand"}:
            raise ConfigError("combine", combine, "'add', 'and' or 'iand'")
        self.combine = combine
        self.branch = nn.Sequential(
            *conv_norm(in_channels, out_channels, 3, stride=stride),
            neuron(out_channels),
            *conv_norm(out_channels, out_channels, 3),
            neuron(out_channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            norm = conv_norm(in_channels, out_channels, 1, stride=stride)
            self.shortcut = nn.Sequential(*norm, neuron(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of the block."""
        kept: Tensor = self.shortcut(x)
        added: Tensor = self.branch(x)
        if self.combine == "add":
            return kept + added
        return kept * added if self.combine == "and" else kept * (1 - added)


class MembraneBlock(nn.Module):
    """[neuron, conv, norm] twice, added to what came in.

    Hu et al., Advancing spiking neural networks toward deep residual learning, TNNLS 2024
    (MS-ResNet). Where size or width change, the shortcut is [max pool, neuron, 1x1 conv, norm] as
    in Su et al., Deep directly-trained spiking neural networks for object detection, ICCV 2023
    (EMS-ResNet), so that no convolution sees anything but spikes.

    Shapes: membrane input (T, N, C, H, W) or (N, C, H, W) -> the same with `out_channels` and the
    height and width divided by `stride`, rounded up. A network of such blocks ends with a neuron
    or a readout of its own.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        neuron: Makes the neurons of a layer.
        stride: Of the first convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, neuron: NeuronFactory, *, stride: int = 1
    ) -> None:
        super().__init__()
        alpha = 1 / math.sqrt(2)
        self.branch = nn.Sequential(
            neuron(in_channels),
            *conv_norm(in_channels, out_channels, 3, stride=stride),
            neuron(out_channels),
            *conv_norm(out_channels, out_channels, 3, alpha=alpha),
        )
        shortcut: list[nn.Module] = []
        if stride > 1:
            shortcut.append(MaxPool2d(stride, ceil_mode=True))
        if stride > 1 or in_channels != out_channels:
            norm = conv_norm(in_channels, out_channels, 1, alpha=alpha)
            shortcut += [neuron(in_channels), *norm]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Return the membrane input of what follows."""
        kept: Tensor = self.shortcut(x)
        added: Tensor = self.branch(x)
        return kept + added
