"""Leaky neurons; the leak is given, or learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Unpack

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking import steps
from eventvision.spiking.steps import Option

from ._step_neuron import NeuronOptions, Number, StepNeuron, as_values

Reset = Literal["soft", "hard", "none"]


def number(value: Number) -> Number:
    """Make a whole number a parameter, which it would not be by its type."""
    return value if isinstance(value, Tensor) else float(value)


def levels_of(levels: int) -> int:
    """Return the largest count of a neuron.

    Raises:
        ConfigError: If it is less than 1.
    """
    if levels < 1:
        raise ConfigError("levels", levels, "1 or more")
    return levels


class _Leaky(StepNeuron):
    """A neuron with a leak, which may be learned.

    Args:
        values: Its other parameters and options.
        tau: Time constant in steps, above 1; the decay is 1 - 1 / tau.
        decay: The decay itself, instead of tau: 0..1, or one per channel (C,).
        decay_input: Whether the input is scaled by 1 - decay, so that the potential tends to a
            constant input; else it is added as it is.
        learn_decay: Whether the decay is learned, as the sigmoid of `logit`.
        channels: How many decays are learned: one per channel, or one for the layer if None.
        **options: See `NeuronOptions`.
    """

    threshold: Tensor

    def __init__(
        self,
        values: Mapping[str, Option | Number],
        *,
        tau: float,
        decay: Number | None,
        decay_input: bool,
        learn_decay: bool = False,
        channels: int | None = None,
        **options: Unpack[NeuronOptions],
    ) -> None:
        if decay is None and not tau >= 1:
            raise ConfigError("tau", tau, "1 step or more")
        value = as_values("decay", 1 - 1 / tau if decay is None else decay)
        if not bool(((value >= 0) & (value <= 1)).all()):
            raise ConfigError("decay", decay, "0 to 1")
        super().__init__({**values, "decay_input": decay_input}, **options)
        if learn_decay:
            logit = torch.logit(value.float(), eps=1e-6)
            repeated = logit if channels is None else logit.expand(channels).clone()
            self.logit = nn.Parameter(repeated)
        else:
            self.register_buffer("fixed_decay", value)

        self.decay_input = decay_input

    @property
    def decay(self) -> Tensor:
        """The share of the potential that a step leaves: a scalar or (C,)."""
        if "logit" in self._parameters:
            return self.logit.sigmoid()
        return self.get_buffer("fixed_decay")


class LIF(_Leaky):
    """Leaky integrate and fire: v = decay * v + (1 - decay) * x.

    Args:
        tau: Time constant in steps; the decay is 1 - 1 / tau.
        decay: The decay itself, instead of tau: a number or one per channel.
        decay_input: Whether the input is scaled by 1 - decay; else it is added as it is.
        threshold: As for `IF`.
        reset: As for `IF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.LIF

    def __init__(
        self,
        tau: float = 2.0,
        *,
        decay: Number | None = None,
        decay_input: bool = True,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        **options: Unpack[NeuronOptions],
    ) -> None:
        values = {"threshold": number(threshold), "reset": reset}
        super().__init__(values, tau=tau, decay=decay, decay_input=decay_input, **options)


class PLIF(_Leaky):
    """LIF whose decay is learned (Fang et al., ICCV 2021): decay = sigmoid(`logit`).

    Args:
        tau: Where learning starts.
        channels: How many decays: one per channel, or one for the layer if None.
        decay_input: As for `LIF`.
        threshold: As for `IF`.
        reset: As for `IF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.LIF

    def __init__(
        self,
        tau: float = 2.0,
        *,
        channels: int | None = None,
        decay_input: bool = True,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        **options: Unpack[NeuronOptions],
    ) -> None:
        super().__init__(
            {"threshold": number(threshold), "reset": reset},
            tau=tau,
            decay=None,
            decay_input=decay_input,
            learn_decay=True,
            channels=channels,
            **options,
        )


class ILIF(_Leaky):
    """LIF that emits counts 0..levels in one step (I-LIF, Luo et al., ECCV 2024).

    It is trained with counts, through which gradients pass straight inside 0..levels, and may run
    as spikes: `as_spikes` unrolls counts. The reset is soft.

    Args:
        tau: As for `LIF`.
        levels: The largest count.
        decay: As for `LIF`.
        decay_input: As for `LIF`.
        threshold: As for `IF`.
        learn_decay: Whether the decay is learned, as for `PLIF`.
        channels: As for `PLIF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.ILIF

    def __init__(
        self,
        tau: float = 2.0,
        *,
        levels: int = 4,
        decay: Number | None = None,
        decay_input: bool = True,
        threshold: Number = 1.0,
        learn_decay: bool = False,
        channels: int | None = None,
        **options: Unpack[NeuronOptions],
    ) -> None:
        self_levels = levels_of(levels)
        super().__init__(
            {"threshold": number(threshold), "levels": self_levels},
            tau=tau,
            decay=decay,
            decay_input=decay_input,
            learn_decay=learn_decay,
            channels=channels,
            **options,
        )
        self.levels = self_levels


class ALIF(_Leaky):
    """LIF with an adaptive threshold (Bellec et al., 2018): threshold + strength * a.

    Each spike adds 1 to `a`, which decays with a time constant of its own.

    Args:
        tau: As for `LIF`.
        strength: How much a spike raises the threshold.
        threshold_tau: Time constant in steps with which the threshold comes back.
        decay: As for `LIF`.
        decay_input: As for `LIF`.
        threshold: As for `IF`: where the threshold comes back to.
        reset: As for `IF`; "soft" takes the raised threshold off.
        **options: See `NeuronOptions`.
    """

    definition = steps.ALIF

    def __init__(
        self,
        tau: float = 2.0,
        *,
        strength: Number = 0.2,
        threshold_tau: float = 10.0,
        decay: Number | None = None,
        decay_input: bool = True,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        **options: Unpack[NeuronOptions],
    ) -> None:
        if not threshold_tau >= 1:
            raise ConfigError("threshold_tau", threshold_tau, "1 step or more")
        values = {
            "threshold": number(threshold),
            "strength": number(strength),
            "threshold_decay": 1 - 1 / threshold_tau,
            "reset": reset,
        }
        super().__init__(values, tau=tau, decay=decay, decay_input=decay_input, **options)


class Readout(_Leaky):
    """A leaky integrator that never fires: its output is the potential.

    Args:
        tau: As for `LIF`.
        decay: As for `LIF`.
        decay_input: As for `LIF`.
        learn_decay: Whether the decay is learned, as for `PLIF`.
        channels: As for `PLIF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.READOUT

    def __init__(
        self,
        tau: float = 2.0,
        *,
        decay: Number | None = None,
        decay_input: bool = True,
        learn_decay: bool = False,
        channels: int | None = None,
        **options: Unpack[NeuronOptions],
    ) -> None:
        super().__init__(
            {},
            tau=tau,
            decay=decay,
            decay_input=decay_input,
            learn_decay=learn_decay,
            channels=channels,
            **options,
        )
