"""The neurons of a network, or what stands in their place in its twin that does not spike."""

from __future__ import annotations

from torch import nn as torch_nn

from eventvision.spiking import nn

_FAST = 2.0


class Neurons:
    """Makes neurons whose leaks are learned per channel.

    Args:
        levels: Most spikes of a neuron in a step.
        spiking: Whether they spike; else they are leaky sums with a ReLU behind, the yardstick.
    """

    def __init__(self, levels: int, *, spiking: bool = True) -> None:
        self._levels, self._spiking = levels, spiking

    def __call__(self, channels: int, *, tau: float = _FAST) -> torch_nn.Module:
        """Return neurons for inputs (N, channels, h, w); tau is in slices."""
        if self._spiking:
            return nn.ILIF(
                tau, levels=self._levels, decay_input=False, learn_decay=True, channels=channels,
                step_mode="s",
            )  # fmt: skip
        memory = nn.Readout(
            tau, decay_input=False, learn_decay=True, channels=channels, step_mode="s"
        )
        return torch_nn.Sequential(memory, torch_nn.ReLU())


def names_in_other(name: str) -> tuple[str, ...]:
    """Return how weights of a network may be called in it or in its twin.

    What stands in the place of neurons holds their leaks one level further down.
    """
    owner, _, last = name.rpartition(".")
    up = owner.removesuffix(".0")
    return (name, f"{up}.{last}", f"{owner}.0.{last}")
