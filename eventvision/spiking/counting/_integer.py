"""Counting while an integer network runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    IntegerNetwork,
    Linear,
    Neuron,
    PixelShuffle,
    Places,
    Pool,
    Upsample,
)

from ._report import (
    INTEGER_AC_PJ,
    INTEGER_MAC_PJ,
    SATURATED,
    ActivityReport,
    LayerWork,
    NeuronActivity,
)


class IntegerCounter:
    """Adds up what an integer network does, step by step.

    Neurons that keep nothing from step to step (a leak of 0) are counted like others; readouts are
    left out. Layers count as spiking where spikes, or counts of events, reach them.

    Args:
        network: The network; call `count` after each of its steps.
    """

    def __init__(self, network: IntegerNetwork) -> None:
        self._network, self._steps = network, 0
        nodes = network.model.nodes
        self._neurons = [_NeuronCount(node, network) for node in nodes if isinstance(node, Neuron)]
        self._layers = [node for node in nodes if isinstance(node, Conv2d | Linear)]
        self._work = np.zeros((len(self._layers), 2))

    def count(self) -> None:
        """Count the last step."""
        self._steps += 1
        for neuron in self._neurons:
            neuron.count()
        found = self._network.activity()
        for row, layer in enumerate(self._layers):
            work = found[layer.name]
            self._work[row] += work.multiply_adds, work.synaptic_operations

    def report(self) -> ActivityReport:
        """Return the means over all steps that were counted.

        Raises:
            ValueError: If none was.
        """
        if not self._steps:
            raise ValueError("no step was counted")
        model = self._network.model
        layers = [
            LayerWork(
                layer.name,
                macs / self._steps,
                operations / self._steps if _is_spikes(model, layer.input) else None,
                layer.weight.size + layer.bias.size,
            )
            for layer, (macs, operations) in zip(self._layers, self._work.tolist(), strict=True)
        ]
        return ActivityReport(
            self._steps,
            tuple(neuron.result(self._steps) for neuron in self._neurons),
            tuple(layers),
            INTEGER_AC_PJ,
            INTEGER_MAC_PJ,
        )


class _NeuronCount:
    """What one layer of neurons did so far."""

    def __init__(self, node: Neuron, network: IntegerNetwork) -> None:
        self._node, self._network = node, network
        channels = network.shapes[node.name].channels
        self._spikes = np.zeros(channels, np.int64)
        self._silent = np.zeros(channels, np.int64)
        self._at_most = np.zeros(channels)

    def count(self) -> None:
        spikes = self._tensor()
        self._spikes += spikes.sum(1, dtype=np.int64)
        self._silent += (spikes == 0).sum(1)
        self._at_most += (spikes >= self._node.levels).mean(1)

    def result(self, steps: int) -> NeuronActivity:
        """Return the means."""
        neurons = int(np.prod(self._network.shapes[self._node.name].array))
        spikes = float(self._spikes.sum()) / steps
        return NeuronActivity(
            self._node.name,
            neurons,
            spikes,
            spikes / neurons,
            float(self._silent.sum()) / (neurons * steps),
            _numbers(self._spikes == 0),
            _numbers(self._at_most >= SATURATED * steps),
            self._spikes.size,
        )

    def _tensor(self) -> NDArray[np.integer]:
        values = self._network.tensor(self._node.name)
        return values.reshape(len(values), -1)


def _is_spikes(model: IntegerModel, name: str) -> bool:
    """Return whether a tensor is made of spikes or of counts."""
    node = model[name]
    match node:
        case Neuron() | Delay():
            return True
        case Input():
            return node.dtype == "uint8" and node.exponent == 0 and not node.normalise
        case Add() | Concat() | Places():
            return all(_is_spikes(model, each) for each in node.inputs)
        case Upsample() | PixelShuffle() | Pool():
            return _is_spikes(model, node.input)
    return False


def _numbers(flags: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())
