"""What a spiking layer becomes in integers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.integer import Leak

from ._leaks import leak_of, lost_by


@dataclass(frozen=True, kw_only=True)
class NeuronForm:
    """A neuron in real numbers, its input scaled so that it is added as it is.

    Attributes:
        threshold: Shape () or (channels,); None for a readout.
        initial: Shape () or (channels,).
        leak: As `leak_of` gives it.
        levels: Most spikes.
        rounding: Whether half a threshold is enough.
        gain: The real potential is this times the one kept, shape () or (channels,).
    """

    threshold: Tensor | None
    initial: Tensor
    leak: Leak
    levels: int
    rounding: bool
    gain: Tensor

    @property
    def has_plain_gain(self) -> bool:
        """Whether the gain is one power of two, which costs nothing."""
        return self.gain.ndim == 0 and bool(torch.frexp(self.gain).mantissa == 0.5)


def form_of(name: str, neuron: nn.Neuron, terms: int, *, is_scaled: bool = False) -> NeuronForm:
    """Return the integer form of a neuron.

    A leak becomes a sum of shifts. Where the input is scaled by 1 - decay, which then is that sum,
    potential and threshold are divided by it.

    Args:
        name: Its path.
        neuron: The neuron.
        terms: Most shifts of a leak.
        is_scaled: Whether the weights before it scale its input already.

    Raises:
        ConfigError: If integers have no such neuron.
    """
    if not isinstance(neuron, nn.IF | nn.LIF | nn.PLIF | nn.ILIF | nn.BurstIF | nn.Readout):
        known = "IF, LIF, PLIF, ILIF, BurstIF or Readout"
        raise ConfigError(f"neuron {name}", type(neuron).__name__, known)
    options = neuron.options
    if options.get("reset", "soft") != "soft":
        raise ConfigError(f"neuron {name}", f"reset={options['reset']}", "reset='soft'")
    leak: Leak = None
    if isinstance(neuron, nn.LIF | nn.PLIF | nn.ILIF | nn.Readout):
        leak = leak_of(neuron.decay, terms)
    gain = torch.ones(())
    if leak is not None and options.get("decay_input") and not is_scaled:
        gain = torch.as_tensor(lost_by(leak))
    initial: Tensor = getattr(neuron, f"initial_{neuron.state_names[0]}")
    return NeuronForm(
        threshold=None if isinstance(neuron, nn.Readout) else neuron.threshold.detach() / gain,
        initial=initial.detach() / gain,
        leak=leak,
        levels=neuron.levels if isinstance(neuron, nn.ILIF | nn.BurstIF) else 1,
        rounding=isinstance(neuron, nn.ILIF),
        gain=gain,
    )
