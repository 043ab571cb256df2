"""Parallel spiking neurons (Fang et al., NeurIPS 2023): a causal filter over time and a threshold.

They have no reset, so nothing that a step decides is needed by the next: all steps of a sequence
can be computed at once.
"""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking.steps import FIRE, Surrogate, Traced

from . import _reference
from ._neuron import Neuron, State
from ._step_neuron import NeuronOptions, surrogate_of


class _Parallel(Neuron):
    """A layer of neurons that fire where a mixture of their inputs reaches a threshold."""

    def __init__(self, **options: Unpack[NeuronOptions]) -> None:
        super().__init__(
            step_mode=options.get("step_mode", "m"), backend=options.get("backend", "auto")
        )
        for name in ("initial", "learn"):
            if name in options:
                raise ConfigError(name, options[name], "nothing: this neuron has no such option")
        self.surrogate: Surrogate = surrogate_of(options)

    @property
    def firing(self) -> Traced:
        """The spike, with the derivative of its surrogate."""
        return FIRE.trace(options={}, surrogate=self.surrogate)

    def fused(
        self, backend: str, x: Tensor, past: Tensor | None, weights: Tensor, thresholds: Tensor
    ) -> Tensor:
        """Run the fast kernels; see `_parallel_kernels.run`."""
        from ._parallel_kernels import run

        return run(backend, self.firing, x, past, weights, thresholds)

    def fire(self, h: Tensor) -> Tensor:
        """Return spikes where a value is at least 0."""
        return _reference.step_function(self.firing)(h)[0]


class SlidingPSN(_Parallel):
    """Spikes where a learned filter over the last inputs reaches a learned threshold.

    Args:
        taps: How many inputs the filter sees.
        **options: See `NeuronOptions`; without `initial` and `learn`.

    Attributes:
        weight: (taps,), for the newest input first.
        threshold: Scalar.
    """

    state_names = ("past",)

    def __init__(self, taps: int = 4, **options: Unpack[NeuronOptions]) -> None:
        super().__init__(**options)
        if taps < 1:
            raise ConfigError("taps", taps, "1 or more")
        self.weight = nn.Parameter(0.5 ** torch.arange(taps, dtype=torch.float32))
        self.threshold = nn.Parameter(torch.ones(()))

    def initial_state(self, x: Tensor) -> State:
        """Return the inputs before the first, (taps - 1, N, ...), newest first: zeros."""
        return {"past": x.new_zeros(len(self.weight) - 1, *x.shape)}

    def sequence(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the output of a sequence and the state after it; changes nothing."""
        before = None if state is None else state["past"]
        past = self.initial_state(x.new_empty(x.shape[1:]))["past"] if before is None else before
        weight, threshold = self.weight.to(x.dtype), self.threshold.to(x.dtype)
        backend = self.choice(x).backend
        if backend == "torch":
            window = torch.cat([past.flip(0), x])
            output = self.fire(_filtered(window, weight, len(x)) - threshold)
        else:
            output = self.fused(backend, x, before, weight[None], threshold[None])
        recent = x[max(0, len(x) - len(past)) :].flip(0)
        return output, {"past": torch.cat([recent, past])[: len(past)]}


def _filtered(window: Tensor, weight: Tensor, steps: int) -> Tensor:
    """Filter the last steps of a window over time, with the weight of the newest input first."""
    newest, *older = (
        value * window[len(window) - steps - age : len(window) - age]
        for age, value in enumerate(weight)
    )
    total: Tensor = sum(older, start=newest)
    return total


class MaskedPSN(_Parallel):
    """Spikes where a learned causal mixture of the steps reaches a learned threshold per step.

    It runs sequences of `steps` steps, and carries no state; `SlidingPSN` can go step by step.

    Args:
        steps: Length of all sequences.
        taps: How many of the last inputs a step sees; all if None.
        **options: See `NeuronOptions`; without `initial` and `learn`.

    Attributes:
        weight: (steps, steps): for each step by input; only the band of the last `taps` counts.
        threshold: (steps,).
    """

    band: Tensor

    def __init__(
        self, steps: int, *, taps: int | None = None, **options: Unpack[NeuronOptions]
    ) -> None:
        super().__init__(**options)
        self.taps = steps if taps is None else taps
        if not 1 <= self.taps <= steps:
            raise ConfigError("taps", taps, f"1 to {steps}, the number of steps")
        if self.step_mode != "m":
            raise ConfigError("step_mode", self.step_mode, "'m'; SlidingPSN can go step by step")
        age = torch.arange(steps)[:, None] - torch.arange(steps)
        band = ((age >= 0) & (age < self.taps)).float()
        self.register_buffer("band", band, persistent=False)
        self.weight = nn.Parameter(band * 0.5 ** age.clamp(min=0))
        self.threshold = nn.Parameter(torch.ones(steps))

    def initial_state(self, x: Tensor) -> State:  # noqa: ARG002 - it has none
        """Return nothing: no state is carried."""
        return {}

    def sequence(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:  # noqa: ARG002
        """Return the output of a sequence; there is no state.

        Raises:
            ConfigError: If the sequence has another number of steps.
        """
        if len(x) != len(self.threshold):
            raise ConfigError("input of MaskedPSN", tuple(x.shape), f"{len(self.threshold)} steps")
        weight, thresholds = (self.weight * self.band).to(x.dtype), self.threshold.to(x.dtype)
        backend = self.choice(x).backend
        if backend == "torch":
            h = torch.stack([self._mixed(x, weight, t) for t in range(len(x))])
            return self.fire(h - thresholds.reshape(-1, *[1] * (x.ndim - 1))), {}
        age = torch.arange(self.taps, device=x.device)
        seen = torch.arange(len(x), device=x.device)[:, None] - age
        by_age = weight.gather(1, seen.clamp(min=0)) * (seen >= 0)
        return self.fused(backend, x, None, by_age, thresholds), {}

    def _mixed(self, x: Tensor, weight: Tensor, t: int) -> Tensor:
        """Return the mixture of the inputs that step `t` sees."""
        first = max(0, t - self.taps + 1)
        newest, *older = (weight[t, then] * x[then] for then in range(t, first - 1, -1))
        total: Tensor = sum(older, start=newest)
        return total
