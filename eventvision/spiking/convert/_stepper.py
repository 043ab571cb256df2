"""A network as one function: inputs and state in, outputs and the next state out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn


class Stepper(torch_nn.Module):
    """One step of a network with its state made explicit.

    State goes in and out relative to where each neuron starts, so zeros are always the beginning.

    Args:
        net: A network of torch layers and spiking neurons; it is shared, not copied.
        example: An input of one step, or several, by name.

    Attributes:
        inputs: Names of the inputs.
        outputs: Names of the outputs.
        states: Shape of each state for the example, by name: `encoder.lif.v`.
    """

    def __init__(self, net: torch_nn.Module, example: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.net = net
        self.inputs = tuple(example)
        nn.reset(net)
        with torch.no_grad():
            found = named_outputs(net(*example.values()))
        starts = dict(_starts(net))
        self.outputs = tuple(found)
        self.states = {name: tuple(value.shape) for name, value in nn.states(net).items()}
        self._starts = {name: starts[name] for name in self.states if starts[name].any()}
        nn.reset(net)

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Take the inputs, then the states in order; return the outputs, then the next states."""
        given = values[: len(self.inputs)]
        before = dict(zip(self.states, values[len(self.inputs) :], strict=True))
        nn.set_states(self.net, {name: self._shifted(name, v, 1) for name, v in before.items()})
        outputs = named_outputs(self.net(*given)).values()
        after = nn.states(self.net)
        nn.reset(self.net)
        return (*outputs, *(self._shifted(name, after[name], -1) for name in self.states))

    def _shifted(self, name: str, value: Tensor, sign: int) -> Tensor:
        return value + sign * self._starts[name] if name in self._starts else value


@contextlib.contextmanager
def one_step(net: torch_nn.Module) -> Iterator[None]:
    """Let a network take single steps in plain torch, as in use rather than in training."""
    kept = [(neuron, neuron.step_mode, neuron.backend) for _, neuron in nn.neurons(net)]
    states, modes = nn.states(net), [(part, part.training) for part in net.modules()]
    for neuron, _, _ in kept:
        neuron.step_mode, neuron.backend = "s", "torch"
    nn.reset(net)
    net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for neuron, step_mode, backend in kept:
            neuron.step_mode, neuron.backend = step_mode, backend
        for part, training in modes:
            part.training = training
        nn.set_states(net, states)


def named_outputs(outputs: Any) -> dict[str, Tensor]:
    """Name what a network returns: a dict as it is, one tensor `output`, several by number.

    Raises:
        ConfigError: If it returns something else.
    """
    if isinstance(outputs, Tensor):
        return {"output": outputs}
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(outputs, Sequence) and all(isinstance(value, Tensor) for value in outputs):
        return {f"output_{i}": value for i, value in enumerate(outputs)}
    raise ConfigError("output of the network", type(outputs).__name__, "tensors, by name or not")


def _starts(net: torch_nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the state in which each neuron starts, by name, for one pixel of one sample."""
    for path, neuron in nn.neurons(net):
        for name, value in (neuron.state or {}).items():
            pixel = torch.zeros(1, *value.shape[1:2], *[1] * (value.ndim - 2))
            start = neuron.initial_state(pixel.to(value))
            yield f"{path}.{name}".lstrip("."), start[name]
