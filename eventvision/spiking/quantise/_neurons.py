"""What a spiking layer becomes in integers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from eventvision.core import ConfigError
from eventvision.spiking import nn

_ALMOST_ALL = 15.5


@dataclass(frozen=True, kw_only=True)
class NeuronForm:
    """A neuron in real numbers, its input scaled so that it is added as it is.

    Attributes:
        threshold: Shape () or (channels,); None for a readout.
        initial: Shape () or (channels,).
        leak: Shift of the leak; None for none.
        levels: Most spikes.
        rounding: Whether half a threshold is enough.
        gain_exponent: The real potential is 2 ** this times the one kept.
    """

    threshold: Tensor | None
    initial: Tensor
    leak: int | None
    levels: int
    rounding: bool
    gain_exponent: int


def form_of(name: str, neuron: nn.Neuron) -> NeuronForm:
    """Return the integer form of a neuron.

    A leak becomes the nearest power of two: decay 1 - 2 ** -leak. Where the input is scaled by
    1 - decay, which then is a power of two as well, potential and threshold are divided by it.

    Raises:
        ConfigError: If integers have no such neuron.
    """
    if not isinstance(neuron, nn.IF | nn.LIF | nn.PLIF | nn.ILIF | nn.BurstIF | nn.Readout):
        known = "IF, LIF, PLIF, ILIF, BurstIF or Readout"
        raise ConfigError(f"neuron {name}", type(neuron).__name__, known)
    options = neuron.options
    if options.get("reset", "soft") != "soft":
        raise ConfigError(f"neuron {name}", f"reset={options['reset']}", "reset='soft'")
    leak = (
        _leak(name, neuron) if isinstance(neuron, nn.LIF | nn.PLIF | nn.ILIF | nn.Readout) else None
    )
    gain_exponent = -leak if leak is not None and options.get("decay_input") else 0
    gain = 2.0**gain_exponent
    threshold = None if isinstance(neuron, nn.Readout) else neuron.threshold.detach() / gain
    initial: Tensor = getattr(neuron, f"initial_{neuron.state_names[0]}")
    return NeuronForm(
        threshold=threshold,
        initial=initial.detach() / gain,
        leak=leak,
        levels=neuron.levels if isinstance(neuron, nn.ILIF | nn.BurstIF) else 1,
        rounding=isinstance(neuron, nn.ILIF),
        gain_exponent=gain_exponent,
    )


def _leak(name: str, neuron: nn.LIF | nn.PLIF | nn.ILIF | nn.Readout) -> int | None:
    decays = neuron.decay.detach().double()
    lost = 1 - decays
    shifts = {
        None if value <= 2**-_ALMOST_ALL else max(0, round(-math.log2(value)))
        for value in lost.reshape(-1).tolist()
    }
    if len(shifts) > 1:
        raise ConfigError(
            f"neuron {name}", "decays that differ by channel", "one decay for the layer"
        )
    return shifts.pop()
