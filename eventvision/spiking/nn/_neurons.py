"""Neurons without a leak, or with one of another kind."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from eventvision.spiking import steps

from ._leaky import Reset, levels_of, number
from ._step_neuron import NeuronOptions, Number, StepNeuron, as_values


class IF(StepNeuron):
    """Integrate and fire: v = v + x; a spike where v is at the threshold.

    Args:
        threshold: One number, or one per channel (C,) for inputs (N, C, ...).
        reset: What a spike does to the potential: "soft" takes the threshold off, "hard" sets 0,
            "none" leaves it.
        **options: See `NeuronOptions`.
    """

    definition = steps.IF
    threshold: Tensor

    def __init__(
        self,
        *,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        **options: Unpack[NeuronOptions],
    ) -> None:
        super().__init__({"threshold": number(threshold), "reset": reset}, **options)


class ResonateFire(StepNeuron):
    """A damped oscillator (u, v) that spikes where v is at the threshold (Izhikevich, 2001).

    The point turns by `frequency` and shrinks by exp(-damping) in a step; the input pushes u.

    Args:
        frequency: In radians per step, a number or one per channel.
        damping: Per step, a number or one per channel.
        threshold: As for `IF`.
        reset: What a spike does to v, as for `IF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.RESONATE_AND_FIRE
    threshold: Tensor

    def __init__(
        self,
        *,
        frequency: Number = 0.5,
        damping: Number = 0.1,
        threshold: Number = 1.0,
        reset: Reset = "soft",
        **options: Unpack[NeuronOptions],
    ) -> None:
        angle, shrink = as_values("frequency", frequency), as_values("damping", damping)
        values = {
            "cosine": torch.exp(-shrink) * torch.cos(angle),
            "sine": torch.exp(-shrink) * torch.sin(angle),
            "threshold": number(threshold),
            "reset": reset,
        }
        super().__init__(values, **options)


class BurstIF(StepNeuron):
    """IF that emits as many spikes in a step as its potential holds, for converted networks.

    Args:
        threshold: As for `IF`.
        levels: The most spikes in a step.
        **options: See `NeuronOptions`.
    """

    definition = steps.BURST_IF
    threshold: Tensor

    def __init__(
        self, *, threshold: Number = 1.0, levels: int = 4, **options: Unpack[NeuronOptions]
    ) -> None:
        self_levels = levels_of(levels)
        super().__init__({"threshold": number(threshold), "levels": self_levels}, **options)
        self.levels = self_levels


class SignedIF(StepNeuron):
    """IF with negative spikes that take back earlier ones (Wang et al., IJCAI 2022).

    The state `m` counts what was sent so far; only that can be taken back.

    Args:
        threshold: As for `IF`.
        **options: See `NeuronOptions`.
    """

    definition = steps.SIGNED_IF
    threshold: Tensor

    def __init__(self, *, threshold: Number = 1.0, **options: Unpack[NeuronOptions]) -> None:
        super().__init__({"threshold": number(threshold)}, **options)


def as_spikes(counts: Tensor, levels: int) -> Tensor:
    """Unroll counts 0..levels into spikes: one step becomes `levels` steps.

    Args:
        counts: Shape (T, ...).
        levels: The largest count.

    Returns:
        Zeros and ones of shape (T * levels, ...); each count comes first in its steps.
    """
    ladder = torch.arange(levels, device=counts.device).reshape(1, -1, *[1] * (counts.ndim - 1))
    return (counts[:, None] > ladder).to(counts.dtype).flatten(0, 1)
