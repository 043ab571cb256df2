"""Running a network step by step, and losses that are taken step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn

AfterStep = Callable[[], object]
"""Called after each backward pass, such as a step of the optimiser in online learning."""


class StepLoss(Protocol):
    """A loss taken at each step."""

    def __call__(self, output: Tensor, step: int) -> Tensor:
        """Return the loss, a scalar.

        Args:
            output: What the network gave in this step, shape (N, ...).
            step: Number of the step, from 0.
        """


class EvidenceLoss:
    """Cross entropy of all that the output has said so far, the past taken as given.

    The sum of the outputs up to a step decides; only the step's own output gets a gradient, so
    that each step can be learned from when it happens. With one step it is plain cross entropy.

    Args:
        labels: Class of each sample, shape (N,), int64.
    """

    def __init__(self, labels: Tensor) -> None:
        self._labels = labels
        self._evidence: Tensor | None = None

    def __call__(self, output: Tensor, step: int) -> Tensor:
        """Return the loss of one step; step 0 begins anew."""
        if step == 0 or self._evidence is None:
            self._evidence = torch.zeros_like(output)
        evidence = self._evidence + output
        self._evidence = evidence.detach()
        return torch_nn.functional.cross_entropy(evidence, self._labels)


@contextmanager
def stepping(net: torch_nn.Module) -> Iterator[None]:
    """Let a network take single steps for a while."""
    modes = [(neuron, neuron.step_mode) for _, neuron in nn.neurons(net)]
    nn.set_step_mode(net, "s")
    try:
        yield
    finally:
        for neuron, mode in modes:
            neuron.step_mode = mode
