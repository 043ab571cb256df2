"""The neurons."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError

from ._neuron import Backend, Neuron, StepMode
from ._surrogates import SurrogateName, spike, straight_round

Reset = Literal["soft", "hard", "none"]
Number = float | Tensor


def _per_channel(value: Tensor, x: Tensor) -> Tensor:
    """Shape a scalar or a (C,) tensor so that it broadcasts over one step (N, C, ...)."""
    return value if value.ndim == 0 else value.reshape(1, -1, *[1] * (x.ndim - 2))


class IF(Neuron):
    """Integrate and fire: v += x; a spike where v reaches the threshold.

    Args:
        threshold: One number, or one per channel (C,) for inputs (N, C, ...).
        reset: What a spike does to the potential: "soft" subtracts the threshold, "hard" sets 0,
            "none" leaves it.
        surrogate: Whose derivative the spikes have.
        slope: The surrogate's steepness; its derivative at the threshold grows with it.
        initial: Potential before the first step, a number or one per channel.
    """

    state_names = ("v",)

    def __init__(
        self,
        *,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        surrogate: SurrogateName = "sigmoid",
        slope: float = 4.0,
        initial: Number = 0.0,
        step_mode: StepMode = "m",
        backend: Backend = "auto",
    ) -> None:
        super().__init__(step_mode=step_mode, backend=backend)
        if reset not in {"soft", "hard", "none"}:
            raise ConfigError("reset", reset, "'soft', 'hard' or 'none'")
        self.reset_kind, self.surrogate, self.slope = reset, surrogate, slope
        self.register_buffer("threshold", torch.as_tensor(threshold, dtype=torch.float32))
        self.register_buffer("initial", torch.as_tensor(initial, dtype=torch.float32))

    threshold: Tensor
    initial: Tensor

    def initial_state(self, x: Tensor) -> dict[str, Tensor]:
        """Return the state before the first step for an input of one step's shape."""
        state = super().initial_state(x)
        return state | {"v": state["v"] + _per_channel(self.initial, x)}

    def charge(self, x: Tensor, v: Tensor) -> Tensor:
        """Return the potential with the input added."""
        return v + x

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v = self.charge(x, state["v"])
        threshold = _per_channel(self.threshold, x)
        s = spike(v - threshold, self.surrogate, self.slope)
        return s, {"v": self.after(v, s, threshold)}

    def after(self, v: Tensor, s: Tensor, threshold: Tensor) -> Tensor:
        """Return the potential after the spikes."""
        if self.reset_kind == "soft":
            return v - s * threshold
        return v * (1 - s) if self.reset_kind == "hard" else v


class LIF(IF):
    """Leaky integrate and fire: v = decay * v + gain * x.

    Args:
        tau: Time constant in steps; decay = 1 - 1 / tau.
        decay: The decay itself, instead of tau.
        decay_input: Whether gain is 1 - decay, so that a constant input is the potential's limit;
            else it is 1.
        **options: As for `IF`.
    """

    def __init__(
        self,
        tau: float = 2.0,
        *,
        decay: Number | None = None,
        decay_input: bool = True,
        **options: object,
    ) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        value = 1 - 1 / tau if decay is None else decay
        self.decay_input = decay_input
        self.set_decay(torch.as_tensor(value, dtype=torch.float32))

    def set_decay(self, value: Tensor) -> None:
        """Keep the decay."""
        self.register_buffer("fixed_decay", value)

    @property
    def decay(self) -> Tensor:
        """The share of the potential that one step leaves."""
        value: Tensor = self.fixed_decay  # type: ignore[assignment]
        return value

    def charge(self, x: Tensor, v: Tensor) -> Tensor:
        """Return the potential with the input added."""
        decay = _per_channel(self.decay, x)
        return decay * v + ((1 - decay) * x if self.decay_input else x)


class PLIF(LIF):
    """LIF whose decay is learned: decay = sigmoid(`logit`).

    Args:
        tau: Where learning starts.
        channels: How many decays: one per channel, or one for the layer where None.
        **options: As for `LIF`.
    """

    def __init__(self, tau: float = 2.0, *, channels: int | None = None, **options: object) -> None:
        self.channels = channels
        super().__init__(tau, **options)  # type: ignore[arg-type]

    def set_decay(self, value: Tensor) -> None:
        """Start learning from here."""
        logit = torch.logit(value)
        self.logit = nn.Parameter(logit if self.channels is None else logit.repeat(self.channels))

    @property
    def decay(self) -> Tensor:
        """The share of the potential that one step leaves."""
        return self.logit.sigmoid()


class ILIF(LIF):
    """LIF that emits counts 0..levels in one step, in training; spikes at inference (`as_spikes`).

    The rounding passes gradients straight through inside 0..levels.
    """

    def __init__(self, tau: float = 2.0, *, levels: int = 4, **options: object) -> None:
        super().__init__(tau, **options)  # type: ignore[arg-type]
        self.levels = levels

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v = self.charge(x, state["v"])
        threshold = _per_channel(self.threshold, x)
        s = straight_round((v / threshold).clamp(0, self.levels))
        return s, {"v": v - s * threshold}


class ALIF(LIF):
    """LIF whose threshold rises by `strength` with each spike and decays back."""

    state_names = ("v", "a")

    def __init__(
        self,
        tau: float = 2.0,
        *,
        strength: float = 0.2,
        threshold_tau: float = 10.0,
        **options: object,
    ) -> None:
        super().__init__(tau, **options)  # type: ignore[arg-type]
        self.strength, self.threshold_decay = strength, 1 - 1 / threshold_tau

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v, a = self.charge(x, state["v"]), state["a"]
        threshold = _per_channel(self.threshold, x) + self.strength * a
        s = spike(v - threshold, self.surrogate, self.slope)
        return s, {"v": self.after(v, s, threshold), "a": self.threshold_decay * a + s}


class ResonateFire(IF):
    """A damped oscillator (u, v) that spikes where v reaches the threshold."""

    state_names = ("v", "u")

    def __init__(self, *, frequency: float = 0.5, damping: float = 0.1, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.cosine = math.exp(-damping) * math.cos(frequency)
        self.sine = math.exp(-damping) * math.sin(frequency)

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        u = self.cosine * state["u"] - self.sine * state["v"] + x
        v = self.sine * state["u"] + self.cosine * state["v"]
        threshold = _per_channel(self.threshold, x)
        s = spike(v - threshold, self.surrogate, self.slope)
        return s, {"v": self.after(v, s, threshold), "u": u}


class Readout(LIF):
    """A leaky integrator that never fires: its output is the potential."""

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v = self.charge(x, state["v"])
        return v, {"v": v}


class BurstIF(IF):
    """IF that emits up to `levels` spikes in a step, for converted networks."""

    def __init__(self, *, levels: int = 4, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.levels = levels

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v = state["v"] + x
        threshold = _per_channel(self.threshold, x)
        s = straight_round(v / threshold - 0.5).clamp(0, self.levels)
        return s, {"v": v - s * threshold}


class SignedIF(IF):
    """IF with negative spikes that take back earlier ones: `m` counts what was sent so far."""

    state_names = ("v", "m")

    def step(self, x: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output of one step and the state after it; changes nothing."""
        v = state["v"] + x
        threshold = _per_channel(self.threshold, x)
        up = spike(v - threshold, self.surrogate, self.slope)
        down = spike(-v - threshold, self.surrogate, self.slope) * (state["m"] > 0).to(x.dtype)
        s = up - down
        return s, {"v": v - s * threshold, "m": state["m"] + s}


def as_spikes(counts: Tensor, levels: int) -> Tensor:
    """Unroll counts 0..levels of shape (T, ...) into spikes of shape (T * levels, ...)."""
    ladder = torch.arange(levels, device=counts.device).reshape(1, -1, *[1] * (counts.ndim - 1))
    return (counts[:, None] > ladder).to(counts.dtype).flatten(0, 1)
