"""A neuron's step in as few operations as an exported graph can have.

Runtimes pass over a whole tensor for each operation. So a step is one call on the tensors that it
is about, without an axis of time around it, and bounds are bounds: `clamp` instead of a comparison
and a choice.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.steps import Expression

State = dict[str, Tensor]
Value = Tensor | float

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt,
    "and": operator.and_, "or": operator.or_, "not": operator.invert, "neg": operator.neg,
    "exp": torch.exp, "sqrt": torch.sqrt, "abs": torch.abs, "where": torch.where,
    "real": lambda condition: condition.float(), "spike": lambda u: (u >= 0).float(),
    "straight": torch.floor, "detach": lambda value: value,
}  # fmt: skip


@contextlib.contextmanager
def plain_steps(net: torch_nn.Module) -> Iterator[None]:
    """Let the neurons of a network, set to single steps, take them in plain operations."""
    changed = [neuron for _, neuron in nn.neurons(net) if isinstance(neuron, nn.StepNeuron)]
    for neuron in changed:
        neuron.step = _step_of(neuron)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        for neuron in changed:
            del neuron.step


def _step_of(neuron: nn.StepNeuron) -> Callable[[Tensor, State | None], tuple[Tensor, State]]:
    traced = neuron.traced

    def step(x: Tensor, state: State | None) -> tuple[Tensor, State]:
        before = neuron.initial_state(x) if state is None else state
        parameters = {
            name: value.reshape(-1, *[1] * (x.ndim - 2)) if value.ndim else value
            for name, value in neuron.parameters_of_step().items()
        }
        known = _Known({traced.x: x, **before, **parameters})
        after = zip(traced.states, map(known.value_of, traced.after), strict=True)
        return known.value_of(traced.output), dict(after)

    return step


class _Known:
    """Values of expressions, each computed once."""

    def __init__(self, inputs: dict[str, Tensor]) -> None:
        self._inputs = inputs
        self._values: dict[Expression, Any] = {}

    def value_of(self, node: Expression) -> Any:
        if node not in self._values:
            self._values[node] = self._computed(node)
        return self._values[node]

    def _computed(self, node: Expression) -> Value:
        if node.operation == "input":
            return self._inputs[node.detail]
        if node.operation == "number":
            return float(node.detail)
        if (bound := _bound(node)) is not None:
            return _bounded(bound, *map(self.value_of, node.arguments[1:]))
        found: Value = _OPERATIONS[node.operation](*map(self.value_of, node.arguments))
        return found


def _bound(node: Expression) -> Literal["least", "most"] | None:
    """Tell whether a choice between two values is of the larger (at least b) or the smaller."""
    if node.operation != "where":
        return None
    condition, *values = node.arguments
    if list(condition.arguments) != values:
        return None
    if condition.operation in {"ge", "gt"}:
        return "least"
    return "most" if condition.operation in {"le", "lt"} else None


def _bounded(bound: str, value: Value, limit: Value) -> Value:
    if isinstance(value, float):
        value, limit = limit, value
    if isinstance(limit, float):
        least, most = (limit, None) if bound == "least" else (None, limit)
        return torch.clamp(torch.as_tensor(value), least, most)
    choose = torch.maximum if bound == "least" else torch.minimum
    return choose(torch.as_tensor(value), limit)
