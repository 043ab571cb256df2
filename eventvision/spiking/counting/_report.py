"""What was counted, and what it would cost."""

from __future__ import annotations

from dataclasses import dataclass

AC_PJ = 0.9
MAC_PJ = 4.6
"""Energy of a 32-bit floating-point addition, and of a multiplication with addition, at 45 nm, in
picojoules (Horowitz, "Computing's energy problem", ISSCC 2014)."""
INTEGER_AC_PJ = 0.1
INTEGER_MAC_PJ = 0.3
"""The same of whole numbers: a 32-bit addition; an 8-bit multiplication with such an addition."""
SATURATED = 0.95
"""Share of the steps from which on a channel that fires at its most counts as saturated."""


@dataclass(frozen=True, slots=True)
class NeuronActivity:
    """What a layer of neurons did.

    Attributes:
        name: Path of the layer in the network.
        neurons: How many neurons it has, for one sample.
        spikes: Spikes per step and sample; a count of k is k spikes.
        rate: Spikes per neuron and step.
        silent_share: Share of the outputs that are zero.
        dead: Channels that never fired.
        saturated: Channels that fired as often as they can in at least `SATURATED` of the steps.
        channels: How many channels it has.
    """

    name: str
    neurons: int
    spikes: float
    rate: float
    silent_share: float
    dead: tuple[int, ...]
    saturated: tuple[int, ...]
    channels: int


@dataclass(frozen=True, slots=True)
class LayerWork:
    """What a layer of synapses had to do, per step and sample.

    Attributes:
        name: Path of the layer in the network.
        macs: Multiplications with addition if it is computed densely.
        synaptic_operations: Additions if only spikes are visited: one for each synapse that a
            spike reaches, k for a count of k. None where the input is not made of spikes.
        parameters: Weights and biases.
    """

    name: str
    macs: float
    synaptic_operations: float | None
    parameters: int


@dataclass(frozen=True, slots=True)
class ActivityReport:
    """Activity of a network over some recording.

    Attributes:
        steps: Steps that were run.
        neurons: One entry per layer of neurons.
        layers: One entry per convolution or linear layer.
        ac_pj: Energy of an addition in picojoules.
        mac_pj: Energy of a multiplication with addition.
    """

    steps: int
    neurons: tuple[NeuronActivity, ...]
    layers: tuple[LayerWork, ...]
    ac_pj: float = AC_PJ
    mac_pj: float = MAC_PJ

    @property
    def rate(self) -> float:
        """Spikes per neuron and step, over the whole network."""
        count = sum(layer.neurons for layer in self.neurons)
        return sum(layer.spikes for layer in self.neurons) / count if count else 0.0

    @property
    def macs(self) -> float:
        """Multiplications with addition per step if all is computed densely."""
        return sum(layer.macs for layer in self.layers)

    @property
    def dense_macs(self) -> float:
        """Multiplications with addition per step in layers whose input is not made of spikes."""
        return sum(layer.macs for layer in self.layers if layer.synaptic_operations is None)

    @property
    def synaptic_operations(self) -> float:
        """Additions per step in layers whose input is made of spikes."""
        return sum(layer.synaptic_operations or 0.0 for layer in self.layers)

    @property
    def energy_nj(self) -> float:
        """Estimated energy per step in nanojoules: additions for spikes, MACs for the rest.

        An estimate from two constants, without memory traffic; not a measurement.
        """
        return (self.synaptic_operations * self.ac_pj + self.dense_macs * self.mac_pj) / 1e3

    @property
    def dense_energy_nj(self) -> float:
        """The same estimate for the network computed densely with MACs."""
        return self.macs * self.mac_pj / 1e3

    def __str__(self) -> str:
        return "\n".join([*self._work(), "", *self._activity(), "", *self._totals()])

    def _work(self) -> list[str]:
        lines = [f"{'layer':<28}{'parameters':>12}{'MACs':>14}{'syn. ops':>14}"]
        for layer in self.layers:
            done = layer.synaptic_operations
            shown = "not spikes" if done is None else f"{done:,.0f}"
            lines.append(f"{layer.name:<28}{layer.parameters:>12,}{layer.macs:>14,.0f}{shown:>14}")
        return lines

    def _activity(self) -> list[str]:
        head = f"{'neurons':<28}{'count':>12}{'spikes':>12}{'rate':>8}{'silent':>8}"
        lines = [f"{head}  dead / saturated / channels"]
        for layer in self.neurons:
            channels = f"{len(layer.dead)} / {len(layer.saturated)} / {layer.channels}"
            lines.append(
                f"{layer.name:<28}{layer.neurons:>12,}{layer.spikes:>12,.0f}{layer.rate:>8.3f}"
                f"{layer.silent_share:>8.1%}  {channels}"
            )
        return lines

    def _totals(self) -> list[str]:
        return [
            f"per step, mean of {self.steps}: {self.synaptic_operations:,.0f} synaptic operations, "
            f"{self.dense_macs:,.0f} MACs where the input is not spikes "
            f"({self.macs:,.0f} if all were dense); {self.rate:.3f} spikes per neuron",
            f"energy, an estimate: {self.energy_nj:,.1f} nJ per step, "
            f"{self.dense_energy_nj:,.1f} nJ if dense "
            f"({self.ac_pj} pJ per addition, {self.mac_pj} pJ per MAC, 45 nm, no memory traffic)",
        ]
