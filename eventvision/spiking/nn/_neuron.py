"""What all neurons share: two step modes, carried state, and functions over whole networks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from torch import Tensor, nn

from eventvision.core import ConfigError

from ._backends import Backend, Choice, check_backend, choose

StepMode = Literal["m", "s"]
State = dict[str, Tensor]


class Neuron(nn.Module):
    """A layer of neurons.

    In step mode "m" the input is a sequence of shape (T, N, ...) and so is the output; in step
    mode "s" it is one step of shape (N, ...). Both carry the state on, so that a long recording
    can be given in pieces; `reset` forgets it.

    Args:
        step_mode: "m" or "s".
        backend: Who computes: "torch", "numba", "triton", or "auto" for the fastest that can.

    Attributes:
        state: Tensors of one step's shape by name; None before the first step.
        state_names: The names, in order.
        backend_used: Who computed the last input; None before the first.
    """

    state_names: tuple[str, ...] = ()
    state: State | None
    backend_used: str | None

    def __init__(self, *, step_mode: StepMode = "m", backend: Backend = "auto") -> None:
        super().__init__()
        if step_mode not in {"m", "s"}:
            raise ConfigError("step_mode", step_mode, "'m' (sequences) or 's' (single steps)")
        check_backend(backend)
        self.step_mode, self.backend = step_mode, backend
        self.state = self.backend_used = None

    @abstractmethod
    def initial_state(self, x: Tensor) -> State:
        """Return the state before the first step, for an input of one step's shape."""

    @abstractmethod
    def sequence(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the output of a sequence and the state after it; changes nothing.

        Args:
            x: Shape (T, N, ...).
            state: State before the first step; None for the initial state.
        """

    def step(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the output of one step and the state after it; changes nothing."""
        output, after = self.sequence(x[None], state)
        return output[0], after

    def forward(self, x: Tensor) -> Tensor:
        """Run a sequence or one step of it, and carry the state."""
        run = self.sequence if self.step_mode == "m" else self.step
        output, self.state = run(x, self.state)
        return output

    def explain(self, x: Tensor) -> str:
        """Say who computes an input, and why."""
        return str(choose(self.backend, x))

    def choice(self, x: Tensor) -> Choice:
        """Decide who computes an input, and remember it."""
        choice = choose(self.backend, x)
        self.backend_used = choice.backend
        return choice

    def __getstate__(self) -> dict[str, Any]:
        """Let copies have the state, but not the graph that made it."""
        kept = {name: value.detach() for name, value in (self.state or {}).items()}
        return {**self.__dict__, "state": kept or None}

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


def states(net: nn.Module) -> State:
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


def set_backend(net: nn.Module, backend: Backend) -> None:
    """Choose who computes all neurons of a network."""
    check_backend(backend)
    for _, neuron in neurons(net):
        neuron.backend = backend
