"""Layers of neurons in plain torch: what the fast forms are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import cast

import torch
from torch import Tensor

from eventvision.spiking.steps import Traced, load_module, torch_source

StepFunction = Callable[..., tuple[Tensor, ...]]


@cache
def step_function(step: Traced) -> StepFunction:
    """Return one step as a function of input, states and parameters."""
    module = load_module(torch_source(step), name=f"{step.name}_torch")
    return cast("StepFunction", module.step)


def spread(value: Tensor, ndim: int) -> Tensor:
    """Give a scalar or (C,) the axes of a step (N, C, ...)."""
    return value if value.ndim == 0 else value.reshape(1, -1, *[1] * (ndim - 2))


def run(
    step: Traced, x: Tensor, starts: Sequence[Tensor], parameters: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a sequence (T, N, ...) and return its output and the states after it."""
    function = step_function(step)
    spread_parameters = [spread(value, x.ndim - 1) for value in parameters]
    states: Sequence[Tensor] = [start.expand(x.shape[1:]) for start in starts]
    outputs = []
    for current in x.unbind():
        output, *states = function(current, *states, *spread_parameters)
        outputs.append(output)
    return torch.stack(outputs) if outputs else torch.empty_like(x), tuple(states)
