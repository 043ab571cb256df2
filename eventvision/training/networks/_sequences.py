"""Whole sequences through networks that are written for one step.

A layer without memory does not care which of its rows are places in a batch and which are moments,
so time is folded into the batch and only neurons see it: convolutions get large batches and
neurons run all steps in one kernel, which halves the time of training.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.utils.hooks import RemovableHandle

from eventvision.spiking import nn


@contextmanager
def folded_time(
    network: torch_nn.Module, steps: int, *, apart: torch_nn.Module | None = None
) -> Iterator[None]:
    """Let the neurons of a network take T steps at once, laid one after the other in the batch.

    Inside the context inputs and outputs of layers are (T * N, ...), the N of the first step first.

    Args:
        network: A network of one-step neurons.
        steps: Number of steps, T.
        apart: A part that stays as it is, for loops through more than one layer.
    """
    left = set() if apart is None else set(apart.modules())
    neurons = [m for m in network.modules() if isinstance(m, nn.Neuron) and m not in left]
    handles: list[RemovableHandle] = []
    for neuron in neurons:
        nn.set_step_mode(neuron, "m")
        handles += [
            neuron.register_forward_pre_hook(lambda _, x: (by_step(x[0], steps),)),
            neuron.register_forward_hook(lambda _, __, out: out.flatten(0, 1)),
        ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for neuron in neurons:
            nn.set_step_mode(neuron, "s")


def each_step(part: torch_nn.Module, x: Tensor, steps: int) -> Tensor:
    """Return what a part makes of (T * N, ...), one step after the other."""
    return torch.stack([part(now) for now in by_step(x, steps)]).flatten(0, 1)


def by_step(x: Tensor, steps: int) -> Tensor:
    """Return (T * N, ...) as (T, N, ...)."""
    return x.reshape(steps, -1, *x.shape[1:])
