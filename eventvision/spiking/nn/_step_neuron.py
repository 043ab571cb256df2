"""Layers made from a step: the function is written once, the module and its fast forms follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal, TypedDict, Unpack, cast

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking.steps import (
    Option,
    Step,
    Surrogate,
    Traced,
    numba_source,
    torch_source,
    triton_source,
)

from . import _reference
from ._backends import Backend
from ._kernels import Kernels, run
from ._neuron import Neuron, State, StepMode

Number = float | Tensor


class NeuronOptions(TypedDict, total=False):
    """What every layer made from a step takes.

    Attributes:
        surrogate: Whose derivative the spikes have: a name, or a `Surrogate`.
        slope: Steepness of a surrogate given by name.
        initial: State before the first step: a number or (C,) for the first state, or a mapping
            of states to these. The others start at 0.
        learn: Names of the parameters that are learned.
        step_mode: "m" or "s".
        backend: Who computes.
    """

    surrogate: str | Surrogate
    slope: float | None
    initial: Number | Mapping[str, Number]
    learn: Iterable[str]
    step_mode: StepMode
    backend: Backend


class StepNeuron(Neuron):
    """A layer of neurons that share a step.

    Args:
        values: The step's options (true or false, texts, whole numbers) and its parameters: a
            number, or a tensor of one value or of one per channel (C,) for inputs (N, C, ...).
        **options: See `NeuronOptions`.

    Attributes:
        definition: The step.
        options: The values of its options.
        surrogate: Whose derivative its spikes have.
    """

    definition: Step

    def __init__(
        self, values: Mapping[str, Option | Number], **options: Unpack[NeuronOptions]
    ) -> None:
        super().__init__(
            step_mode=options.get("step_mode", "m"), backend=options.get("backend", "auto")
        )
        if unknown := [name for name in values if name not in self.definition.keywords]:
            known = ", ".join(self.definition.keywords)
            raise ConfigError(self.definition.name, ", ".join(unknown), f"parameters: {known}")
        self.state_names = self.definition.states
        self.surrogate = surrogate_of(options)
        self.options = {n: v for n, v in values.items() if isinstance(v, bool | str | int)}
        parameters = {n: v for n, v in values.items() if n not in self.options}
        self._keep(cast("dict[str, Number]", parameters), tuple(options.get("learn", ())))
        self._keep_initial(options.get("initial", 0.0))
        _reference.step_function(self.traced)

    def _keep(self, parameters: Mapping[str, Number], learn: tuple[str, ...]) -> None:
        """Keep the parameters as buffers, or as what is learned."""
        if unknown := [name for name in learn if name not in parameters]:
            raise ConfigError("learn", ", ".join(unknown), f"any of {', '.join(parameters)}")
        for name, value in parameters.items():
            tensor = as_values(name, value)
            if name in learn or isinstance(value, nn.Parameter):
                self.register_parameter(name, nn.Parameter(tensor.detach().clone()))
            else:
                self.register_buffer(name, tensor)

    def _keep_initial(self, initial: Number | Mapping[str, Number]) -> None:
        """Keep what the states are before the first step."""
        by_state = initial if isinstance(initial, Mapping) else {self.state_names[0]: initial}
        if unknown := [name for name in by_state if name not in self.state_names]:
            raise ConfigError("initial", unknown[0], f"any of {', '.join(self.state_names)}")
        for name in self.state_names:
            value = as_values(f"initial {name}", by_state.get(name, 0.0))
            self.register_buffer(f"initial_{name}", value, persistent=name in by_state)

    @property
    def traced(self) -> Traced:
        """What the step computes with this layer's options and surrogate."""
        return _traced(self.definition, tuple(self.options.items()), self.surrogate)

    @property
    def initial(self) -> Tensor:
        """What the first state is before the first step: a scalar or (C,)."""
        value: Tensor = getattr(self, f"initial_{self.state_names[0]}")
        return value

    def parameters_of_step(self) -> dict[str, Tensor]:
        """Return the value of each parameter, a scalar or (C,)."""
        return {
            name: getattr(self, name)
            for name in self.definition.keywords
            if name not in self.options
        }

    def source(self, backend: Literal["torch", "numba", "triton"]) -> str:
        """Return the code that a backend runs for this layer.

        Raises:
            ConfigError: If there is no such backend.
        """
        parameters = self.parameters_of_step()
        by_channel = [name for name, value in parameters.items() if value.ndim]
        by = [name for name, value in parameters.items() if value.requires_grad]
        if backend == "torch":
            return torch_source(self.traced)
        if backend == "numba":
            return numba_source(self.traced, by_channel=by_channel, by=by)
        if backend == "triton":
            return triton_source(self.traced, by_channel=by_channel, by=by)
        raise ConfigError("backend", backend, "'torch', 'numba' or 'triton'")

    def initial_state(self, x: Tensor) -> State:
        """Return the state before the first step, for an input of one step's shape."""
        starts = zip(self.state_names, self._starts(x.ndim, x.dtype, None), strict=True)
        return {name: start.expand(x.shape).clone() for name, start in starts}

    def _starts(self, ndim: int, dtype: torch.dtype, state: State | None) -> list[Tensor]:
        if state is not None:
            return [state[name].to(dtype) for name in self.state_names]
        initial: list[Tensor] = [getattr(self, f"initial_{name}") for name in self.state_names]
        return [_reference.spread(value.to(dtype), ndim) for value in initial]

    def sequence(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the output of a sequence and the state after it; changes nothing.

        Raises:
            DeviceError: If the backend that was asked for cannot compute the input.
            ConfigError: If the input does not fit the parameters or the state.
        """
        traced = self.traced
        starts = self._starts(x.ndim - 1, x.dtype, state)
        parameters = [value.to(x.dtype) for value in self.parameters_of_step().values()]
        self._check(x, starts, parameters)
        backend = self.choice(x).backend
        if backend == "torch":
            output, after = _reference.run(traced, x, starts, parameters)
        else:
            output, after = run(_kernels(backend, traced), traced, x, starts, parameters)
        return output, dict(zip(self.state_names, after, strict=True))

    def _check(self, x: Tensor, starts: list[Tensor], parameters: list[Tensor]) -> None:
        shape = tuple(x.shape)
        for value in parameters:
            if value.ndim and (x.ndim < 3 or x.shape[2] != len(value)):
                expected = f"{len(value)} channels, on the second axis of a step"
                raise ConfigError(f"input of {self.definition.name}", shape, expected)
        for start in starts:
            if start.ndim == x.ndim - 1 and not _fits(start, x):
                expected = f"steps of shape {tuple(start.shape)}, as the state; or a reset before"
                raise ConfigError(f"input of {self.definition.name}", shape, expected)

    def extra_repr(self) -> str:
        """Say what the layer was made with."""
        told = {name: str(value) for name, value in self.options.items()}
        for name, value in self.named_buffers(recurse=False):
            if not name.startswith("initial_"):
                told[name] = f"{value.item():g}" if value.ndim == 0 else f"({len(value)},)"
        return ", ".join(f"{name}={value}" for name, value in told.items())


@cache
def _traced(
    definition: Step, options: tuple[tuple[str, Option], ...], surrogate: Surrogate
) -> Traced:
    return definition.trace(options=dict(options), surrogate=surrogate)


def as_values(name: str, value: Number) -> Tensor:
    """Return a parameter as a tensor: a scalar or (C,).

    Raises:
        ConfigError: If it has more axes, or is not finite.
    """
    tensor = torch.as_tensor(value)
    tensor = tensor if tensor.is_floating_point() else tensor.float()
    if tensor.ndim > 1 or tensor.numel() == 0 or not bool(tensor.isfinite().all()):
        raise ConfigError(name, value, "a finite number, or one per channel (C,)")
    return tensor


def _fits(start: Tensor, x: Tensor) -> bool:
    return all(a in (1, b) for a, b in zip(start.shape, x.shape[1:], strict=True))


def surrogate_of(options: NeuronOptions) -> Surrogate:
    """Return the surrogate that options name.

    Raises:
        ConfigError: If there is none such, or a `Surrogate` comes with a second slope.
    """
    surrogate, slope = options.get("surrogate", "sigmoid"), options.get("slope")
    if isinstance(surrogate, str):
        return Surrogate(surrogate, slope)
    if slope is not None:
        raise ConfigError("slope", slope, "none, as the surrogate has its own")
    return surrogate


def _kernels(backend: str, traced: Traced) -> Kernels:
    if backend == "numba":
        from ._numba import NumbaKernels

        return NumbaKernels(traced)
    from ._triton import TritonKernels

    return TritonKernels(traced)


def neuron(
    step: Callable[..., Any], *, name: str | None = None, **defaults: Option | Number
) -> Callable[..., StepNeuron]:
    """Make a layer of a step.

    Args:
        step: A function of the input, the states, and by keyword the parameters and options, that
            returns the output and the states after it. See `eventvision.spiking.steps`.
        name: What the neuron is called; the function's name if None.
        **defaults: A value for each parameter and option. A fraction or tensor is a parameter;
            true or false, a text or a whole number is an option, which the function may branch on.

    Returns:
        A subclass of `StepNeuron`; made with other values by keyword, and `NeuronOptions`.

    Raises:
        ConfigError: If a parameter or option has no default, or the step cannot be traced.

    >>> from eventvision.spiking.steps import spike
    >>> def leaky(x, v, *, decay, threshold):
    ...     v = decay * v + x
    ...     s = spike(v - threshold)
    ...     return s, v - s * threshold
    >>> Leaky = neuron(leaky, name="Leaky", decay=0.5, threshold=1.0)
    >>> Leaky(decay=0.75)(torch.ones(4, 1)).squeeze().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    definition = Step(step, name or step.__name__)
    if missing := [key for key in definition.keywords if key not in defaults]:
        raise ConfigError(definition.name, ", ".join(missing), "a default for each keyword")
    reserved = set(NeuronOptions.__annotations__) & set(definition.keywords)
    if reserved:
        raise ConfigError(definition.name, ", ".join(reserved), "other names for parameters")

    def __init__(self: StepNeuron, **given: Any) -> None:  # noqa: N807
        options = {key: given.pop(key) for key in NeuronOptions.__annotations__ if key in given}
        StepNeuron.__init__(self, {**defaults, **given}, **cast("NeuronOptions", options))

    body = {
        "__init__": __init__,
        "__doc__": step.__doc__,
        "__module__": step.__module__,
        "definition": definition,
    }
    return type(definition.name, (StepNeuron,), body)
