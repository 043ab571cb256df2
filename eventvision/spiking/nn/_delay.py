"""A way back in a network: what came in the step before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._leaky import Readout


class Delayed(nn.Module):
    """What a `Delay` was given in the step before.

    Args:
        delay: Whose.
    """

    def __init__(self, delay: Delay) -> None:
        super().__init__()
        self._delay = (delay,)  # in a tuple, as it is no part of this one

    def forward(self, like: Tensor) -> Tensor:
        """Return it; before the first step, zeros of the shape of `like`."""
        state = self._delay[0].state
        return torch.zeros_like(like) if state is None else state["v"]


class Delay(Readout):
    """Keeps what it is given for the next step, for loops in a network that takes single steps.

    `delay.last(like)` is what was given in the step before, zeros of the shape of `like` in the
    first one; `delay(x)` keeps x and returns it. Gradients flow back through time.
    """

    def __init__(self) -> None:
        super().__init__(decay=0.0, decay_input=False, step_mode="s")
        self.last = Delayed(self)
