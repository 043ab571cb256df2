"""Parallel spiking neurons: a causal filter over time and a threshold, without reset."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError

from ._neuron import Backend, Neuron, StepMode
from ._surrogates import SurrogateName, spike


class SlidingPSN(Neuron):
    """Spikes where a learned filter over the last `taps` inputs reaches a learned threshold.

    Args:
        taps: How many inputs the filter sees.
        surrogate: Whose derivative the spikes have.
        slope: The surrogate's steepness.
        step_mode: "m" or "s".
        backend: Who computes.

    Attributes:
        weight: (taps,), the newest input first.
        threshold: Scalar.
    """

    state_names = ("past",)

    def __init__(
        self,
        taps: int = 4,
        *,
        surrogate: SurrogateName = "sigmoid",
        slope: float = 4.0,
        step_mode: StepMode = "m",
        backend: Backend = "auto",
    ) -> None:
        super().__init__(step_mode=step_mode, backend=backend)
        if taps < 1:
            raise ConfigError("taps", taps, "1 or more")
        self.surrogate, self.slope = surrogate, slope
        self.weight = nn.Parameter(0.5 ** torch.arange(taps, dtype=torch.float32))
        self.threshold = nn.Parameter(torch.ones(()))

    def initial_state(self, x: Tensor) -> dict[str, Tensor]:
        """Return the inputs before the first, (taps - 1, N, ...), newest first: zeros."""
        return {"past": x.new_zeros(len(self.weight) - 1, *x.shape)}

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        window = torch.cat([x[None], state["past"]])
        h = torch.tensordot(self.weight, window, 1)
        return spike(h - self.threshold, self.surrogate, self.slope), {"past": window[:-1]}


class MaskedPSN(Neuron):
    """Spikes where a learned causal mixture of the steps reaches a learned threshold per step.

    Only for sequences of `steps` steps.

    Attributes:
        weight: (steps, steps); only the band of the last `taps` inputs counts.
        threshold: (steps,).
    """

    def __init__(
        self,
        steps: int,
        *,
        taps: int | None = None,
        surrogate: SurrogateName = "sigmoid",
        slope: float = 4.0,
        step_mode: StepMode = "m",
        backend: Backend = "auto",
    ) -> None:
        super().__init__(step_mode=step_mode, backend=backend)
        if step_mode != "m":
            raise ConfigError("step_mode", step_mode, "'m'; SlidingPSN can go step by step")
        self.steps, self.taps = steps, steps if taps is None else taps
        self.surrogate, self.slope = surrogate, slope
        past = torch.arange(steps)[:, None] - torch.arange(steps)
        band = ((past >= 0) & (past < self.taps)).float()
        self.register_buffer("band", band, persistent=False)
        self.weight = nn.Parameter(band * 0.5 ** past.clamp(min=0))
        self.threshold = nn.Parameter(torch.ones(steps))

    band: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Run a sequence of `steps` steps."""
        if len(x) != self.steps:
            raise ConfigError("input", tuple(x.shape), f"{self.steps} steps first")
        h = torch.tensordot(self.weight * self.band, x, 1)
        threshold = self.threshold.reshape(-1, *[1] * (x.ndim - 1))
        return spike(h - threshold, self.surrogate, self.slope)
