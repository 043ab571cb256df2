"""Gates that turn channels or steps up and down by what is in them as a whole.

The squeeze: all places of a channel (or all of a step) become their mean and their largest value.
A small shared network weighs both, and the sigmoid of the sum multiplies the input. Placed before
a neuron they scale its input; Yao et al., Attention spiking neural networks (TPAMI 2023), after
Yao et al., Temporal-wise attention SNNs for event streams classification (ICCV 2021).
"""

from __future__ import annotations

from torch import Tensor, nn

from eventvision.spiking.nn._layers import merged


class _Excitation(nn.Sequential):
    """Two linear layers through a narrow middle."""

    def __init__(self, size: int, reduction: int) -> None:
        if size < 1 or reduction < 1:
            raise ValueError(f"size and reduction must be positive, got {size} and {reduction}")
        narrow = max(size // reduction, 1)
        super().__init__(nn.Linear(size, narrow), nn.ReLU(), nn.Linear(narrow, size))


class ChannelGate(nn.Module):
    """Turns the channels of each step up and down; has no memory, so it works in a stream.

    Shapes: (T, N, C, H, W) or (N, C, H, W) -> the same.

    Args:
        channels: C.
        reduction: How many times narrower the middle of the weighing network is.
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        self.excite = _Excitation(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """Return the input, each channel times its gate."""
        merged(x[:0])
        gate: Tensor = self.excite(x.mean((-2, -1))) + self.excite(x.amax((-2, -1)))
        return x * gate.sigmoid()[..., None, None]


class TemporalGate(nn.Module):
    """Turns whole steps of a window up and down.

    It looks at all steps before it weighs the first, so it needs the window as a whole and cannot
    be used step by step.

    Shapes: (T, N, C, H, W) -> the same.

    Args:
        steps: T, the length of the window.
        reduction: How many times narrower the middle of the weighing network is.
    """

    def __init__(self, steps: int, *, reduction: int = 2) -> None:
        super().__init__()
        self.steps = steps
        self.excite = _Excitation(steps, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """Return the input, each step times its gate.

        Raises:
            ValueError: If it is not a sequence of that many steps.
        """
        if x.ndim != 5 or x.shape[0] != self.steps:
            raise ValueError(
                f"the gate weighs windows (T, N, C, H, W) of {self.steps} steps, "
                f"got shape {tuple(x.shape)}"
            )
        gate: Tensor = self.excite(x.mean((2, 3, 4)).T) + self.excite(x.amax((2, 3, 4)).T)
        return x * gate.sigmoid().T[..., None, None, None]
