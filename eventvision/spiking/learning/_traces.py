"""Eligibility traces: what has come into a layer, fading as the potentials behind it fade.

Without reset a potential is u[t] = decay * u[t - 1] + W x[t], so du[t]/dW is the trace
a[t] = decay * a[t - 1] + x[t]. Putting a for x where the gradient of W is taken makes the
gradient reach into the past without a graph of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from eventvision.core import ConfigError
from eventvision.spiking import nn


class EligibilityTraces:
    """Makes convolutions and linear layers learn from traces of their inputs.

    Within `step()` every `conv2d` and `linear` that the network calls is followed. Layers are told
    by the order in which they are called, which must be the same in every step. Layers behind the
    last neuron keep no trace: their output is not carried on.

    Args:
        net: The network.
        decay: Decay of all traces; if None, each fades as the next neuron that is run behind its
            layer (a neuron with a decay for each channel: as their mean).

    Raises:
        ConfigError: If no decay is given and a neuron has none.
    """

    def __init__(self, net: torch_nn.Module, *, decay: float | None = None) -> None:
        self._decay = decay
        self._neurons = [neuron for _, neuron in nn.neurons(net)]
        if decay is None:
            for path, neuron in nn.neurons(net):
                _check_decay(path, neuron)
        self._layers: list[_Layer] = []
        self._without_decay: list[_Layer] = []
        self._hooks: list[RemovableHandle] = []
        self._calls = 0

    def __enter__(self) -> Self:
        self._hooks = [neuron.register_forward_hook(self._fired) for neuron in self._neurons]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    @contextmanager
    def step(self) -> Iterator[None]:
        """Follow the layers that are called within; one step of the network."""
        self._calls = 0
        with _Calls(self._layer_for_next_call):
            yield
        self._without_decay = []

    def _layer_for_next_call(self) -> _Layer:
        if self._calls == len(self._layers):
            layer = _Layer(0.0 if self._decay is None else self._decay)
            self._layers.append(layer)
            self._without_decay.append(layer)
        self._calls += 1
        return self._layers[self._calls - 1]

    def _fired(self, neuron: torch_nn.Module, _inputs: object, _output: object) -> None:
        if self._decay is None:
            for layer in self._without_decay:
                layer.decay = _decay_of(neuron) or 0.0
        self._without_decay = []


class _Layer:
    """The trace of one layer's input, and that of the constant 1 which its bias multiplies."""

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.trace: Tensor | None = None
        self.of_one = 0.0

    def take(self, x: Tensor) -> Tensor:
        x = x.detach()
        self.trace = x if self.trace is None else self.trace * self.decay + x
        self.of_one = self.of_one * self.decay + 1
        return self.trace


class _Calls(TorchFunctionMode):
    """Replaces calls of `conv2d` and `linear` by ones whose weights learn from traces."""

    def __init__(self, next_layer: Callable[[], _Layer]) -> None:
        super().__init__()
        self._next_layer = next_layer

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch_nn.functional.conv2d:
            return self._conv2d(*args, **kwargs)
        if func is torch_nn.functional.linear:
            return self._linear(*args, **kwargs)
        return func(*args, **kwargs)

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
        layer = self._next_layer()
        return _Linear.apply(  # type: ignore[no-untyped-call]
            x, weight, bias, layer.take(x), layer.of_one
        )

    def _conv2d(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        if isinstance(padding, str):
            raise ConfigError("padding", padding, "numbers; traces need them")
        layer = self._next_layer()
        geometry = (_pair(stride), _pair(padding), _pair(dilation), groups)
        return _Conv2d.apply(  # type: ignore[no-untyped-call]
            x, weight, bias, layer.take(x), layer.of_one, geometry
        )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, trace: Tensor, of_one: float
    ) -> Tensor:
        ctx.save_for_backward(weight, trace)
        ctx.of_one = of_one
        return torch_nn.functional.linear(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, trace = ctx.saved_tensors
        needs_x, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        flat = gradient.reshape(-1, gradient.shape[-1])
        return (
            gradient @ weight if needs_x else None,
            flat.T @ trace.reshape(-1, trace.shape[-1]) if needs_weight else None,
            flat.sum(0) * ctx.of_one if needs_bias else None,
            None,
            None,
        )


class _Conv2d(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        trace: Tensor,
        of_one: float,
        geometry: tuple[Any, ...],
    ) -> Tensor:
        ctx.save_for_backward(weight, trace)
        ctx.of_one, ctx.geometry = of_one, geometry
        return torch_nn.functional.conv2d(x, weight, bias, *geometry)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, trace = ctx.saved_tensors
        needs_x, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        stride, padding, dilation, groups = ctx.geometry
        # The gradient of x depends on the shape of the input alone, so the trace serves for both.
        of_x, of_weight, _ = torch.ops.aten.convolution_backward(
            gradient, trace, weight, None, stride, padding, dilation,
            False, (0, 0), groups, (needs_x, needs_weight, False),  # noqa: FBT003 - not transposed
        )  # fmt: skip
        of_bias = gradient.sum((0, 2, 3)) * ctx.of_one if needs_bias else None
        return of_x, of_weight, of_bias, None, None, None


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _decay_of(neuron: torch_nn.Module) -> float | None:
    decay = getattr(neuron, "decay", None)
    if isinstance(decay, Tensor):
        return float(decay.detach().mean())
    if decay is not None:
        return float(decay)
    return 1.0 if isinstance(neuron, nn.IF) else None


def _check_decay(path: str, neuron: torch_nn.Module) -> None:
    if _decay_of(neuron) is None:
        kind = type(neuron).__name__
        raise ConfigError("trace_decay", None, f"a number, as {kind} at {path!r} has no decay")
