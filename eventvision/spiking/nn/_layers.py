"""Layers without state, for one step or for a sequence of steps.

A convolution has no memory, so all steps of a sequence go through it at once: time and batch are
merged, (T, N, C, H, W) -> (T * N, C, H, W), and one call does what T calls would. An input of four
axes is taken for a single step. The classes are those of torch with this one thing added, so that
whatever knows `torch.nn.Conv2d` knows them too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_STEP_AXES = 4


def merged(x: Tensor) -> tuple[Tensor, torch.Size]:
    """Merge time into the batch.

    Args:
        x: Shape (T, N, C, H, W) or (N, C, H, W).

    Returns:
        The input as (T * N, C, H, W), a view where memory allows, and the sizes that were merged.

    Raises:
        ValueError: If it has another number of axes.
    """
    if x.ndim not in {_STEP_AXES, _STEP_AXES + 1}:
        raise ValueError(
            f"input must be (T, N, C, H, W) or (N, C, H, W), got shape {tuple(x.shape)}"
        )
    leading = x.shape[: x.ndim - _STEP_AXES + 1]
    return x.flatten(0, x.ndim - _STEP_AXES), leading


def split(x: Tensor, leading: torch.Size) -> Tensor:
    """Undo `merged`: (T * N, …) -> (T, N, …)."""
    return x.reshape(leading + x.shape[1:])


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d` for (T, N, C, H, W) or (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name torch gives it
        """Convolve all steps in one call."""
        x, leading = merged(input)
        return split(super().forward(x), leading)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over time, batch and place, one mean and variance per channel.

    With a threshold this is the threshold-dependent normalisation of Zheng et al. (Going deeper
    with directly-trained larger spiking neural networks, AAAI 2021): the scale starts at
    `alpha * threshold`, so that what a neuron receives spreads over the width of its threshold.

    Args:
        channels: Number of channels.
        threshold: Threshold of the neurons that follow; None starts the scale at 1.
        alpha: 1, or 1 / sqrt(n) where n such layers are summed.
        eps: Added to the variance.
        momentum: Weight of a new batch in the running statistics.
    """

    def __init__(
        self,
        channels: int,
        *,
        threshold: float | None = None,
        alpha: float = 1.0,
        eps: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)
        nn.init.constant_(self.weight, 1.0 if threshold is None else alpha * threshold)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Normalise all steps with the same statistics."""
        x, leading = merged(input)
        return split(super().forward(x), leading)


class MaxPool2d(nn.MaxPool2d):
    """`torch.nn.MaxPool2d` for (T, N, C, H, W) or (N, C, H, W); spikes stay spikes."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Pool all steps in one call."""
        x, leading = merged(input)
        return split(super().forward(x), leading)


class AvgPool2d(nn.AvgPool2d):
    """`torch.nn.AvgPool2d` for (T, N, C, H, W) or (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Pool all steps in one call."""
        x, leading = merged(input)
        return split(super().forward(x), leading)


class SumPool2d(nn.Module):
    """Sum over windows, as neuromorphic chips pool: the neuron gets every spike of its window.

    Args:
        kernel_size: Height and width of a window, which is also the stride.
    """

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        if kernel_size < 1:
            raise ValueError(f"kernel_size must be positive, got {kernel_size}")
        self.kernel_size = kernel_size

    def forward(self, x: Tensor) -> Tensor:
        """Pool all steps in one call; rows and columns that fill no window are left out."""
        x, leading = merged(x)
        # Not by `divisor_override`, which ONNX has no word for and the exporter drops in silence.
        mean = nn.functional.avg_pool2d(x, self.kernel_size)
        return split(mean * self.kernel_size**2, leading)

    def extra_repr(self) -> str:
        """Show the window."""
        return f"kernel_size={self.kernel_size}"


class Upsample(nn.Module):
    """Every value repeated in both directions: nearest-neighbour enlargement, spikes stay spikes.

    Args:
        factor: How many times.
    """

    def __init__(self, factor: int = 2) -> None:
        super().__init__()
        if factor < 2:
            raise ValueError(f"factor must be 2 or more, got {factor}")
        self.factor = factor

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        """Enlarge (…, H, W), and cut right and below to the height and width of `like`."""
        large = x.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)
        return large if like is None else large[..., : like.shape[-2], : like.shape[-1]]


class Flatten(nn.Flatten):
    """(…, C, H, W) -> (…, C * H * W)."""

    def __init__(self) -> None:
        super().__init__(start_dim=-3)


def same_padding(kernel_size: int) -> int:
    """Return the padding with which an odd kernel keeps the size.

    Raises:
        ValueError: If the kernel is even.
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    return kernel_size // 2
