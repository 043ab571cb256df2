"""Layer checkpointing: what a layer keeps for the way back is computed again instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.utils.checkpoint import checkpoint

from eventvision.spiking import nn


class Checkpointed(torch_nn.Module):
    """Runs a part of a network, keeping only its input and the state it began with.

    The part runs a second time on the way back, from the same state and with the same batch
    statistics counted once, so results, gradients and running statistics are those of the part
    itself. A network of k such parts needs the memory of its inputs and of one part.

    Args:
        part: The part; its parameters keep their names under `part.`.
    """

    def __init__(self, part: torch_nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        """Run the part."""
        if not torch.is_grad_enabled():
            output: Tensor = self.part(x)
            return output
        before = nn.states(self.part)
        output, after = checkpoint(
            self._run,
            x,
            before,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), _as_before(self.part)),
        )
        nn.set_states(self.part, after)
        return output

    def _run(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        nn.set_states(self.part, state)
        return self.part(x), nn.states(self.part)


@contextmanager
def _as_before(part: torch_nn.Module) -> Iterator[None]:
    """Leave the state and the buffers, such as running statistics, as they are."""
    state = nn.states(part)
    buffers = [(buffer, buffer.clone()) for buffer in part.buffers()]
    try:
        yield
    finally:
        for buffer, value in buffers:
            buffer.data.copy_(value)
        nn.set_states(part, state)
