"""What all neurons share: two step modes, carried state, and functions over whole networks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError

StepMode = Literal["m", "s"]
Backend = Literal["auto", "torch", "numba", "triton"]


class Neuron(nn.Module):
    """A layer of neurons that share one step.

    In step mode "m" the input is a sequence of shape (T, N, ...) and so is the output; in step
    mode "s" it is one step of shape (N, ...). Both carry the state on, so that a long recording
    can be given in pieces; `reset` forgets it.

    Attributes:
        state: Tensors of one step's shape by name; None before the first step.
        state_names: The names, in order.
    """

    state_names: tuple[str, ...] = ()
    state: dict[str, Tensor] | None

    def __init__(self, *, step_mode: StepMode = "m", backend: Backend = "auto") -> None:
        super().__init__()
        if step_mode not in {"m", "s"}:
            raise ConfigError("step_mode", step_mode, "'m' (sequences) or 's' (single steps)")
        self.step_mode, self.backend, self.state = step_mode, backend, None

    @abstractmethod
    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""

    def initial_state(self, x: Tensor) -> dict[str, Tensor]:
        """Return the state before the first step for an input of one step's shape."""
        return {name: torch.zeros_like(x) for name in self.state_names}

    def forward(self, x: Tensor) -> Tensor:
        """Run one step or a sequence of them, and carry the state."""
        steps = x.unbind() if self.step_mode == "m" else (x,)
        state = self.initial_state(x[0] if self.step_mode == "m" else x)
        if self.state is not None:
            state = self.state
        outputs = []
        for current in steps:
            output, state = self.step(current, state)
            outputs.append(output)
        self.state = state
        return torch.stack(outputs) if self.step_mode == "m" else outputs[0]

    def reset(self) -> None:
        """Forget the state."""
        self.state = None

    def detach(self) -> None:
        """Keep the state, cut off from the graph that made it."""
        if self.state is not None:
            self.state = {name: value.detach() for name, value in self.state.items()}


def neurons(net: nn.Module) -> Iterator[tuple[str, Neuron]]:
    """Yield the neurons of a network with their paths."""
    for path, module in net.named_modules():
        if isinstance(module, Neuron):
            yield path, module


def reset(net: nn.Module) -> None:
    """Forget the state of every neuron, as before a new recording."""
    for _, neuron in neurons(net):
        neuron.reset()


def detach(net: nn.Module) -> None:
    """Cut every neuron's state off from the graph that made it, and go on from there."""
    for _, neuron in neurons(net):
        neuron.detach()


def states(net: nn.Module) -> dict[str, Tensor]:
    """Return the carried state of a network: tensors by path and name, as `encoder.lif.v`."""
    return {
        f"{path}.{name}".lstrip("."): value
        for path, neuron in neurons(net)
        for name, value in (neuron.state or {}).items()
    }


def set_states(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put back what `states` gave; neurons without any of it start anew.

    Raises:
        ConfigError: If a name belongs to no neuron, or a neuron gets only a part of its state.
    """
    rest = dict(state)
    for path, neuron in neurons(net):
        keys = {name: f"{path}.{name}".lstrip(".") for name in neuron.state_names}
        found = {name: rest.pop(key) for name, key in keys.items() if key in rest}
        if found and len(found) < len(keys):
            raise ConfigError("state", path, f"all of {', '.join(keys.values())}")
        neuron.state = found or None
    if rest:
        raise ConfigError("state", ", ".join(rest), "names that `states` gave for this network")


def set_step_mode(net: nn.Module, step_mode: StepMode) -> None:
    """Switch all neurons of a network between sequences ("m") and single steps ("s")."""
    for _, neuron in neurons(net):
        neuron.step_mode = step_mode
