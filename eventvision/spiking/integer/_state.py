"""What goes into an integer network from outside, checked: inputs and state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ._model import IntegerModel
from ._nodes import Delay, Neuron, Readout
from ._shapes import Shape


def first_state(model: IntegerModel, shapes: Mapping[str, Shape]) -> dict[str, NDArray[np.integer]]:
    """Return the state with which a network starts, by name of the node."""
    state: dict[str, NDArray[np.integer]] = {}
    for node in model.nodes:
        if isinstance(node, Neuron | Readout | Delay):
            state[node.name] = np.zeros(shapes[node.name].array, _dtype_of(node))
        if isinstance(node, Neuron):
            state[node.name] += node.initial[:, None, None]
    return state


def checked_state(
    model: IntegerModel, shapes: Mapping[str, Shape], state: Mapping[str, NDArray[np.integer]]
) -> dict[str, NDArray[np.integer]]:
    """Return copies of a state that fits the network.

    Raises:
        ValueError: If a name, type or shape is wrong.
    """
    dtypes = {
        node.name: _dtype_of(node)
        for node in model.nodes
        if isinstance(node, Neuron | Readout | Delay)
    }
    for name, values in state.items():
        if name not in dtypes:
            raise ValueError(f"{name} has no state; {', '.join(sorted(dtypes)) or 'none'} do")
        if values.dtype != dtypes[name] or values.shape != shapes[name].array:
            raise ValueError(
                f"the state of {name} is {dtypes[name]} of shape {shapes[name].array}, "
                f"got {values.dtype} of shape {values.shape}"
            )
    return {name: values.copy() for name, values in state.items()}


def _dtype_of(node: Neuron | Readout | Delay) -> np.dtype[np.integer]:
    """Return the type of a node's state."""
    return np.dtype(np.uint8 if isinstance(node, Delay) else np.int16)


def checked_inputs(
    model: IntegerModel,
    shapes: Mapping[str, Shape],
    inputs: Mapping[str, NDArray[np.generic]],
    *,
    left_real: type[np.floating] | None = None,
) -> dict[str, NDArray[np.generic]]:
    """Return inputs in units, all of them and no others.

    Args:
        model: The network.
        shapes: Of all its tensors.
        inputs: What came in.
        left_real: Real values of this type are left as they are, for the caller to quantise.

    Raises:
        ValueError: If an input is missing, unknown or of another shape.
    """
    expected = {node.name for node in model.inputs}
    if expected != set(inputs):
        raise ValueError(f"inputs are {', '.join(sorted(expected))}; got {', '.join(inputs)}")
    given = {}
    for name, values in inputs.items():
        if values.shape != shapes[name].array:
            raise ValueError(
                f"input {name} has shape {shapes[name].array}, got {tuple(values.shape)}"
            )
        is_left = left_real is not None and values.dtype == left_real
        given[name] = values if is_left else model.encode(name, values)
    return given
