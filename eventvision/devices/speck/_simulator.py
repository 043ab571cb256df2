"""The chip in simulation, core by core, spike by spike.

`step` tells steps apart as the integer simulator does: each core waits for all spikes of a step,
then its neurons fire together. These are the numbers that every integer device gives. The chip has
no clock and no steps: `stream` fires at once, whenever a spike comes, and shows what that does to
the result. Both count what each core has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.spiking.integer import IntegerModel

from ._chip import OVERLOAD_PER_S, Core
from ._plan import SENSOR, ChipLayer, ChipPlan

_LOW, _HIGH = -(2**15), 2**15 - 1
_ROOM = 4096
Spikes = NDArray[np.int32]
"""Shape (spikes, 4): channel, row, column, how often."""


@dataclass(frozen=True, slots=True)
class CoreLoad:
    """The work of a core.

    Attributes:
        core: The core.
        layer: The layer that it holds.
        spikes_in: Spikes that came.
        spikes_out: Spikes that went.
        synaptic_operations: Additions to potentials.
    """

    core: Core
    layer: str
    spikes_in: int
    spikes_out: int
    synaptic_operations: int

    def per_second(self, seconds: float) -> float:
        """Synaptic operations in a second, given how long the work had to be done in."""
        return self.synaptic_operations / seconds

    def is_too_much(self, seconds: float) -> bool:
        """Whether a core would probably fall behind."""
        return self.per_second(seconds) > OVERLOAD_PER_S


class ChipSimulator:
    """A model on a simulated chip; its potentials are carried on.

    Args:
        model: The network, in chip form.
        plan: How it is laid out.
    """

    def __init__(self, model: IntegerModel, plan: ChipPlan) -> None:
        self.plan = plan
        self._model = model
        self._cores = {
            layer.name: _CoreState(layer, core)
            for layer, core in zip(plan.layers, plan.cores, strict=True)
        }
        self._loads: tuple[CoreLoad, ...] = ()

    @property
    def loads(self) -> tuple[CoreLoad, ...]:
        """What each core had to do in the last step or stream."""
        return self._loads

    @property
    def state(self) -> dict[str, NDArray[np.int16]]:
        """Copies of all potentials by the name of their node, shape (channels, height, width)."""
        return {
            core.layer.neuron: np.ascontiguousarray(core.potential.transpose(2, 0, 1))
            for core in self._cores.values()
        }

    def reset(self) -> None:
        """Put all potentials back to where they start."""
        for core in self._cores.values():
            core.reset()

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.integer]]:
        """Take one step; arrays have the shape (channels, height, width).

        Raises:
            ValueError: If the input has another shape.
        """
        values = inputs[self.plan.input_name]
        if values.shape != self.plan.input_shape:
            expected = f"input {self.plan.input_name} has shape {self.plan.input_shape}"
            raise ValueError(f"{expected}, got {values.shape}")
        counts = self._model.encode(self.plan.input_name, values)
        fired = self._run(_listed(counts), together=True)
        return {
            output: _counted(fired[layer], self._cores[layer].layer.shape).astype(np.uint8)
            for output, layer in self.plan.outputs.items()
        }

    def stream(self, spikes: Spikes) -> dict[str, Spikes]:
        """Send spikes one by one, as they come from the sensor; biases, which need a clock, rest.

        Args:
            spikes: In the order of their arrival, shape (spikes, 4): channel, row, column, how
                often.

        Returns:
            For every output the spikes in the order of their firing.
        """
        fired = self._run(np.ascontiguousarray(spikes, np.int32), together=False)
        return {output: fired[layer] for output, layer in self.plan.outputs.items()}

    def _run(self, spikes: Spikes, *, together: bool) -> dict[str, Spikes]:
        fired = {SENSOR: spikes}
        loads = []
        for core in self._cores.values():
            layer = core.layer
            given = _delivered(fired[layer.source], layer)
            went, operations = core.fire_together(given) if together else core.fire_at_once(given)
            fired[layer.name] = went
            coming, going = int(given[:, 3].sum()), int(went[:, 3].sum())
            loads.append(CoreLoad(core.core, layer.name, coming, going, operations))
        self._loads = tuple(loads)
        return fired


class _CoreState:
    """A core at work: its weights as kernels take them, and its potentials."""

    def __init__(self, layer: ChipLayer, core: Core) -> None:
        self.layer, self.core = layer, core
        self._weight = np.ascontiguousarray(layer.weight.transpose(1, 2, 3, 0))
        channels, height, width = layer.shape
        self.potential = np.zeros((height, width, channels), np.int16)
        self._sums = np.zeros(self.potential.shape, np.int32)
        self.reset()

    def reset(self) -> None:
        self.potential[...] = self.layer.initial

    def fire_together(self, spikes: Spikes) -> tuple[Spikes, int]:
        """Add all spikes up, then let the neurons fire."""
        from eventvision.kernels.speck import scatter

        layer = self.layer
        self._sums[...] = layer.bias
        operations = scatter(spikes, self._weight, layer.stride, layer.padding, self._sums)
        current = np.clip(self._sums, _LOW, _HIGH)
        charged = np.clip(self.potential + current, _LOW, _HIGH)
        counts = np.clip(charged // layer.threshold, 0, layer.levels)
        self.potential[...] = charged - counts * layer.threshold
        return _listed(counts.transpose(2, 0, 1)), int(operations)

    def fire_at_once(self, spikes: Spikes) -> tuple[Spikes, int]:
        """Let the neurons fire while spikes come in."""
        from eventvision.kernels.speck import cascade

        layer = self.layer
        reach = int(spikes[:, 3].max(initial=1)) * layer.weight[:, 0].size
        room = np.empty((max(_ROOM, reach), 4), np.int32)
        done, operations, parts = 0, 0, [np.empty((0, 4), np.int32)]
        while done < len(spikes):
            done, number, more = cascade(
                spikes, done, self._weight, layer.stride, layer.padding, layer.threshold,
                self.potential, room,
            )  # fmt: skip
            operations += more
            parts.append(room[:number].copy())
        return np.concatenate(parts), int(operations)


def _delivered(spikes: Spikes, layer: ChipLayer) -> Spikes:
    """Return spikes as a layer takes them: pooled, those outside its input left out."""
    if layer.pool == 1:
        return spikes
    pooled = spikes.copy()
    pooled[:, 1:3] //= layer.pool
    _, height, width = layer.input_shape
    inside = (pooled[:, 1] < height) & (pooled[:, 2] < width)
    return np.ascontiguousarray(pooled[inside])


def _listed(counts: NDArray[np.generic]) -> Spikes:
    """Return counts, shape (channels, height, width), as spikes."""
    places = np.argwhere(counts)
    return np.column_stack((places, counts[tuple(places.T)])).astype(np.int32)


def _counted(spikes: Spikes, shape: tuple[int, int, int]) -> NDArray[np.int32]:
    counts = np.zeros(shape, np.int32)
    np.add.at(counts, tuple(spikes[:, :3].T), spikes[:, 3])
    return counts
