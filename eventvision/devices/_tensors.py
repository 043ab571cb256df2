"""Tensors that go in and out of a session, held against the card of its model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, DeviceError, ModelCard, ModelError, TensorSpec

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]


def free_sizes(specs: Iterable[TensorSpec]) -> tuple[str, ...]:
    """Return the names of the sizes that are free, in order of their first appearance."""
    names = [str(size) for spec in specs for size in spec.shape if _is_free(size)]
    return tuple(dict.fromkeys(names))


def unknown_sizes(card: ModelCard, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return which free sizes of the card's inputs are not given.

    Raises:
        ConfigError: If a size is given that is not free.
    """
    free = free_sizes(card.inputs.values())
    for name in sizes:
        if name not in free:
            expected = f"a free size of {card.name}: {', '.join(free) or 'it has none'}"
            raise ConfigError("size", name, expected)
    return tuple(name for name in free if name not in sizes)


def sizes_of(card: ModelCard, inputs: Arrays, known: Mapping[str, int]) -> dict[str, int]:
    """Return all free sizes, those that are not known from the shapes of inputs.

    Raises:
        ConfigError: If the inputs are not those of the card.
    """
    _check_names(card, inputs)
    sizes = dict(known)
    for name, spec in card.inputs.items():
        shape = np.shape(inputs[name])
        if len(shape) != len(spec.shape):
            raise _wrong_shape(card, name, shape, {})
        for size, length in zip(spec.shape, shape, strict=True):
            if _is_free(size):
                sizes.setdefault(str(size), length)
    return sizes


def checked_inputs(card: ModelCard, inputs: Arrays, sizes: Mapping[str, int]) -> Arrays:
    """Return inputs as the card has them: contiguous, of its types.

    Raises:
        ConfigError: If a name, a shape or a type is another.
    """
    _check_names(card, inputs)
    checked = {}
    for name, spec in card.inputs.items():
        values = np.asarray(inputs[name])
        if values.shape != spec.shape_for(sizes):
            raise _wrong_shape(card, name, values.shape, sizes)
        if not np.can_cast(values.dtype, spec.dtype, "same_kind"):
            raise ConfigError(f"input {name}", str(values.dtype), f"{spec.dtype} for {card.name}")
        checked[name] = np.ascontiguousarray(values, spec.dtype)
    return checked


def checked_outputs(
    card: ModelCard, device: str, outputs: Arrays, sizes: Mapping[str, int]
) -> dict[str, NDArray[np.generic]]:
    """Return outputs as the card has them.

    Raises:
        DeviceError: If one is missing, of another shape, or not finite.
    """
    checked = {}
    for name, spec in card.outputs.items():
        wanted = shape_of(card, f"output {name}", spec, sizes)
        found = np.asarray(outputs[name]) if name in outputs else np.empty(0)
        if found.shape != wanted:
            problem = f"output {name} has the shape {found.shape} instead of {wanted}"
            raise DeviceError(device, problem, "the device or its driver is faulty")
        checked[name] = found.astype(spec.dtype, copy=False)
        if not np.isfinite(found).all():
            problem = f"output {name} is not finite"
            raise DeviceError(device, problem, "see whether the input is")
    return checked


def zeros(
    specs: Mapping[str, TensorSpec], sizes: Mapping[str, int]
) -> dict[str, NDArray[np.generic]]:
    """Return an array of zeros for each tensor."""
    return {name: np.zeros(spec.shape_for(sizes), spec.dtype) for name, spec in specs.items()}


def shape_of(
    card: ModelCard, name: str, spec: TensorSpec, sizes: Mapping[str, int]
) -> tuple[int, ...]:
    """Return the shape of an output or a state.

    Raises:
        ModelError: If the card has sizes in it that no input has.
    """
    try:
        return spec.shape_for(sizes)
    except ValueError as error:
        raise ModelError(card.name, f"{name}: {error}", "correct its card") from error


def _is_free(size: int | str) -> bool:
    return isinstance(size, str) and size.isidentifier()


def _check_names(card: ModelCard, inputs: Arrays) -> None:
    if set(inputs) != set(card.inputs):
        found = ", ".join(inputs) or "none"
        raise ConfigError("inputs", found, f"{', '.join(card.inputs)} for {card.name}")


def _wrong_shape(
    card: ModelCard, name: str, shape: tuple[int, ...], sizes: Mapping[str, int]
) -> ConfigError:
    wanted = tuple(sizes.get(str(size), size) for size in card.inputs[name].shape)
    return ConfigError(f"input {name}", tuple(shape), f"shape {wanted} for {card.name}")
