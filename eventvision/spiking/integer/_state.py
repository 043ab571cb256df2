"""What goes into an integer network from outside, checked: inputs and potentials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ._model import IntegerModel, Shape
from ._nodes import Neuron, Readout


def first_state(model: IntegerModel, shapes: Mapping[str, Shape]) -> dict[str, NDArray[np.int16]]:
    """Return the potentials with which a network starts, by name of the node."""
    state = {}
    for node in model.nodes:
        if isinstance(node, Neuron | Readout):
            state[node.name] = np.zeros(shapes[node.name].array, np.int16)
        if isinstance(node, Neuron):
            state[node.name] += node.initial[:, None, None]
    return state


def checked_state(
    model: IntegerModel, shapes: Mapping[str, Shape], state: Mapping[str, NDArray[np.int16]]
) -> dict[str, NDArray[np.int16]]:
    """Return copies of potentials that fit the network.

    Raises:
        ValueError: If a name, type or shape is wrong.
    """
    stateful = {node.name for node in model.nodes if isinstance(node, Neuron | Readout)}
    for name, values in state.items():
        if name not in stateful:
            raise ValueError(f"{name} has no potential; {', '.join(sorted(stateful)) or 'none'} do")
        if values.dtype != np.int16 or values.shape != shapes[name].array:
            raise ValueError(
                f"the potential of {name} is int16 of shape {shapes[name].array}, "
                f"got {values.dtype} of shape {values.shape}"
            )
    return {name: values.copy() for name, values in state.items()}


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
