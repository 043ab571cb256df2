"""Integer models behind the names, shapes and units of their card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, Fit, ModelCard, ModelError, SensorSize, SessionOptions
from eventvision.spiking.integer import IntegerModel, load_model

from ._tensors import Arrays, shape_of, unknown_sizes

_VECTOR = 2
"""Axes of an input without height and width: batch, channels."""


class Network(Protocol):
    """What runs an integer model: `IntegerSimulator`, `IntegerNetwork`, a chip."""

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.integer]]:
        """Take one step; arrays have the shape (channels, height, width)."""

    def reset(self) -> None:
        """Put all potentials back to where they start."""


class IntegerBinding:
    """How the tensors of an integer model go by the names and shapes of its card.

    The card has a batch axis of one in front, and lacks height and width where they are one.
    Inputs and outputs of the same names belong together; else they do in order.

    Args:
        card: The card.
        model: The integer model that lies beside it.
        sizes: All free sizes of the card.

    Raises:
        ModelError: If they do not belong together.
    """

    def __init__(self, card: ModelCard, model: IntegerModel, sizes: Mapping[str, int]) -> None:
        self.card, self.model = card, model
        self._inputs = _pairs(card, "inputs", [node.name for node in model.inputs])
        self._outputs = _pairs(card, "outputs", [node.name for node in model.outputs])
        self.sizes = {
            inner: _plane(card, outer, card.inputs[outer].shape_for(sizes))
            for outer, inner in self._inputs.items()
        }
        self._shapes = {
            name: shape_of(card, f"output {name}", spec, sizes)
            for name, spec in card.outputs.items()
        }

    def to_model(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Return inputs as the model takes them."""
        return {
            inner: inputs[outer].reshape(-1, *self.sizes[inner].shape)
            for outer, inner in self._inputs.items()
        }

    def to_card(self, outputs: Mapping[str, NDArray[np.integer]]) -> dict[str, NDArray[np.generic]]:
        """Return outputs as the card has them, in real values."""
        return {outer: self.real(outer, outputs[inner]) for outer, inner in self._outputs.items()}

    def real(self, output: str, units: NDArray[np.integer]) -> NDArray[np.generic]:
        """Return what units of one of the card's outputs stand for."""
        values = self.model.decode(self._outputs[output], units)
        return values.reshape(self._shapes[output]).astype(self.card.outputs[output].dtype)


class IntegerSession:
    """A session of an integer model."""

    def __init__(self, binding: IntegerBinding, network: Network) -> None:
        self._binding, self._network = binding, network

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Quantise, step, and give real values."""
        return self._binding.to_card(self._network.step(self._binding.to_model(inputs)))

    def reset(self) -> None:
        """Set all potentials back."""
        self._network.reset()

    def close(self) -> None:
        """Nothing is held but memory."""


def integer_fit(card: ModelCard, options: SessionOptions) -> Fit:
    """Say whether an integer model is sound for the sizes, as far as they are known."""
    model = load_model(card.artifact("integer"))
    if unknown_sizes(card, options.sizes):
        return Fit(artifact="integer")
    return _sound(IntegerBinding(card, model, options.sizes))


def bound_integer(device: str, card: ModelCard, options: SessionOptions) -> IntegerBinding:
    """Load the integer form of a model.

    Raises:
        DeviceError: If the sizes do not fit it.
        ModelError: If card and model do not belong together.
    """
    binding = IntegerBinding(card, load_model(card.artifact("integer")), options.sizes)
    fit = _sound(binding)
    if not fit.is_yes:
        raise DeviceError(device, f"layer {fit.layer}: {fit.reason}", fit.remedy)
    return binding


def _sound(binding: IntegerBinding) -> Fit:
    try:
        binding.model.shapes(binding.sizes)
    except ValueError as error:
        layer, _, reason = str(error).removeprefix("node ").partition(": ")
        return Fit(layer=layer, reason=reason, remedy="give it inputs of another size")
    return Fit(artifact="integer")


def _pairs(card: ModelCard, kind: str, inner: list[str]) -> dict[str, str]:
    outer = list(getattr(card, kind))
    if set(outer) == set(inner):
        return dict(zip(outer, outer, strict=True))
    if len(outer) != len(inner):
        problem = f"its integer form has the {kind} {', '.join(inner)}, the card {', '.join(outer)}"
        raise ModelError(card.name, problem, "export the model again")
    return dict(zip(outer, inner, strict=True))


def _plane(card: ModelCard, name: str, shape: tuple[int, ...]) -> SensorSize:
    if shape[0] != 1:
        problem = f"input {name} has the shape {shape}, integer models take one sample at a time"
        raise ModelError(card.name, problem, "state 1 as the first size in its card")
    if len(shape) == _VECTOR:
        return SensorSize(1, 1)
    return SensorSize(shape[-1], shape[-2])
