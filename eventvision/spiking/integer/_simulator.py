"""The integer simulator: slow, plain, and right by definition.

Whatever else runs an integer model (the CPU kernels, a hardware core) gives these very numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._arithmetic import accumulate, charge, fire, saturate, shift_right, windows
from ._model import IntegerModel
from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    Upsample,
    inputs_of,
)
from ._state import checked_inputs, checked_state, first_state


class IntegerSimulator:
    """Runs an integer model step by step; its state is carried on.

    Args:
        model: The network.
        sizes: Size of the inputs, one for all or one by name; 1x1 for vectors.
    """

    def __init__(self, model: IntegerModel, sizes: SensorSize | Mapping[str, SensorSize]) -> None:
        self.model = model
        self.shapes = model.shapes(sizes)
        self._values: dict[str, NDArray[np.integer]] = {}
        self.reset()

    @property
    def state(self) -> dict[str, NDArray[np.integer]]:
        """Copies of all states by the name of their node, shape (channels, height, width).

        Potentials are int16, what a `Delay` keeps is uint8.
        """
        return {name: values.copy() for name, values in self._state.items()}

    def set_state(self, state: Mapping[str, NDArray[np.integer]]) -> None:
        """Replace states; those that are not named stay.

        Raises:
            ValueError: If a name, type or shape is wrong.
        """
        self._state.update(checked_state(self.model, self.shapes, state))

    def reset(self) -> None:
        """Put all states back to where they start."""
        self._state = first_state(self.model, self.shapes)

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.integer]]:
        """Take one step.

        Args:
            inputs: Every input by name, shape (channels, height, width): units of the input's
                type, or real values, which are quantised.

        Returns:
            Every output by name, in its units; `IntegerModel.decode` makes them real.

        Raises:
            ValueError: If an input is missing, unknown or of another shape.
        """
        given = checked_inputs(self.model, self.shapes, inputs)
        values: dict[str, NDArray[np.integer]] = {}
        for node in self.model.nodes:
            before = [values[name] for name in inputs_of(node)]
            if isinstance(node, Input):
                values[node.name] = np.asarray(given[node.name], node.dtype)
            else:
                values[node.name] = self._run(node, before)
        self._values = values
        for node in self.model.nodes:
            if isinstance(node, Delay):
                self._state[node.name] = values[node.input].copy()
        return {node.name: values[node.name].copy() for node in self.model.outputs}

    def tensor(self, name: str) -> NDArray[np.integer]:
        """Return what a node gave in the last step, shape (channels, height, width).

        Raises:
            KeyError: If there is no such node or no step was taken.
        """
        return self._values[name]

    def _run(self, node: Node, before: list[NDArray[np.integer]]) -> NDArray[np.integer]:
        values = before[0]
        match node:
            case Conv2d():
                sums = accumulate(node, values)
                return saturate(shift_right(sums, node.shift[:, None, None]), "int16")
            case Linear():
                sums = node.weight.astype(np.int64) @ values.reshape(-1).astype(np.int64)
                shifted = shift_right(sums + node.bias, node.shift)
                return saturate(shifted, "int16")[:, None, None]
            case Neuron():
                potential = self._state[node.name].astype(np.int16)
                spikes, self._state[node.name] = fire(node, values.astype(np.int16), potential)
                return spikes
            case Readout():
                potential = self._state[node.name].astype(np.int16)
                self._state[node.name] = charge(values.astype(np.int16), potential, node.leak)
                return self._state[node.name]
            case Delay():
                return self._state[node.name]
            case Requantise():
                return saturate(shift_right(values, node.shift), node.dtype)
            case Add():
                terms = zip(before, node.shifts, strict=True)
                total = sum(term.astype(np.int64) << shift for term, shift in terms)
                return saturate(np.asarray(total), self.shapes[node.name].dtype)
            case Concat():
                return np.concatenate(before)
            case Upsample():
                large = values.repeat(node.factor, 1).repeat(node.factor, 2)
                shape = self.shapes[node.name]
                return large[:, : shape.height, : shape.width]
            case PixelShuffle():
                return _shuffled(values, node.factor)
            case Places():
                rows = [value.reshape(len(value), -1, 1) for value in before]
                return np.concatenate(rows, axis=1)
            case Pool():
                return _pooled(node, values)
            case Output():
                return values
        raise TypeError(f"no such node: {node}")


def _pooled(node: Pool, values: NDArray[np.integer]) -> NDArray[np.integer]:
    size = node.size or (values.shape[1], values.shape[2])
    views = windows(values, size, node.stride or size, node.padding)
    if node.kind == "max":
        largest: NDArray[np.integer] = views.max((3, 4))
        return largest
    return saturate(shift_right(views.sum((3, 4), dtype=np.int64), node.shift), "uint8")


def _shuffled(values: NDArray[np.integer], factor: int) -> NDArray[np.integer]:
    channels, height, width = values.shape
    cells = values.reshape(-1, factor, factor, height, width).transpose(0, 3, 1, 4, 2)
    return cells.reshape(channels // factor**2, height * factor, width * factor)
