"""Bias, batch norm and neuron in one pass.

Batch norm is a gain and an offset per channel once the statistics are known. They become two more
parameters of the neuron's step, so the normalised input is never written to memory: the step reads
what the convolution gave, and its derivative gives the slopes of gain and offset along with those
of everything else. Training needs one more look at the input, for the statistics.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking.steps import Step

from ._layers import BatchNorm2d
from ._neuron import State
from ._step_neuron import StepNeuron

GAIN, OFFSET = "gain", "offset"


@cache
def scaled_step(step: Step) -> Step:
    """Return a step that scales and shifts its input first, by parameters `gain` and `offset`.

    Raises:
        ConfigError: If the step has parameters of these names.
    """
    if {GAIN, OFFSET} & {*step.keywords, *step.states}:
        raise ConfigError("step", step.name, "one without parameters gain and offset")

    def scaled(x: Any, *states: Any, gain: Any, offset: Any, **others: Any) -> Any:
        return step.function(gain * x + offset, *states, **others)

    mine = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in (GAIN, OFFSET)]
    theirs = inspect.signature(step.function).parameters.values()
    scaled.__signature__ = inspect.Signature([*theirs, *mine])  # type: ignore[attr-defined]
    return Step(scaled, f"Normed{step.name}")


class NormedNeuron(StepNeuron):
    """A batch norm and the neurons behind it, in one pass.

    The same as `BatchNorm2d` over all steps and samples, followed by the neurons: a bias before it
    is taken off with the mean, as there.

    Args:
        channels: Channels C of inputs (T, N, C, ...) or (N, C, ...).
        neuron: Neurons made from a step; their parameters stay theirs and may be learned.
        eps: Added to the variance.
        momentum: Share of a batch's statistics in the running ones.

    Attributes:
        neuron: The neurons; their own state is not used.
        norm: The batch norm: weight, bias and running statistics.
    """

    def __init__(
        self, channels: int, neuron: StepNeuron, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        if not isinstance(neuron, StepNeuron):
            raise ConfigError("neuron", type(neuron).__name__, "neurons made from a step")
        self.definition = scaled_step(neuron.definition)
        super().__init__(
            neuron.options,
            surrogate=neuron.surrogate,
            initial={name: getattr(neuron, f"initial_{name}") for name in neuron.state_names},
            step_mode=neuron.step_mode,
            backend=neuron.backend,
        )
        self.neuron = neuron
        self.norm = BatchNorm2d(channels, eps=eps, momentum=momentum)
        self._scale: tuple[Tensor, Tensor] | None = None

    def parameters_of_step(self) -> dict[str, Tensor]:
        """Return the value of each parameter, a scalar or (C,)."""
        gain, offset = self._running() if self._scale is None else self._scale
        return {**self.neuron.parameters_of_step(), GAIN: gain, OFFSET: offset}

    def sequence(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the output of a sequence and the state after it.

        In training, the statistics are those of the sequence, and the running ones follow.
        """
        if self.training:
            self._scale = self._of_batch(x)
        try:
            return super().sequence(x, state)
        finally:
            self._scale = None

    def split(self) -> nn.Sequential:
        """Return the same for pictures as two layers that share all parameters: norm, neurons."""
        return nn.Sequential(self.norm, self.neuron)

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if x.shape[2] != self.norm.num_features:
            expected = f"{self.norm.num_features} channels"
            raise ConfigError(f"input of {self.definition.name}", tuple(x.shape), expected)
        axes = [axis for axis in range(x.ndim) if axis != 2]
        variance, mean = torch.var_mean(x, axes, correction=0)
        self._follow(mean.detach(), variance.detach(), x.numel() // x.shape[2])
        return self._gain_and_offset(mean, variance)

    def _follow(self, mean: Tensor, variance: Tensor, count: int) -> None:
        norm = self.norm
        share = norm.momentum or 0.0
        unbiased = variance * (count / max(count - 1, 1))
        running_mean, running_var = self._statistics()
        running_mean.lerp_(mean.to(running_mean.dtype), share)
        running_var.lerp_(unbiased.to(running_var.dtype), share)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1

    def _statistics(self) -> tuple[Tensor, Tensor]:
        mean, variance = self.norm.running_mean, self.norm.running_var
        if mean is None or variance is None:
            raise ConfigError("batch norm", "without running statistics", "running statistics")
        return mean, variance

    def _running(self) -> tuple[Tensor, Tensor]:
        return self._gain_and_offset(*self._statistics())

    def _gain_and_offset(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        gain = self.norm.weight.to(mean.dtype) * torch.rsqrt(variance + self.norm.eps)
        return gain, self.norm.bias.to(mean.dtype) - mean * gain
