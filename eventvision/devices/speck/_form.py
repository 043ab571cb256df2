"""The chip form of a model: the same network in numbers that a core has.

Integer models shift the sums of every channel by an amount of its own; a core adds weights as they
are, and all its neurons have one threshold. So each layer is scaled such that one threshold serves
all channels and the largest weight just has room in 8 bits. Where that is so already nothing
changes; else weights are rounded once more, and the new model has to be scored again.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    GoldenSample,
    ModelCard,
    ModelError,
    OutputError,
    load_card,
    load_golden,
    save_golden,
)
from eventvision.devices._integer import IntegerBinding
from eventvision.devices._tensors import sizes_of
from eventvision.spiking.integer import (
    Conv2d,
    IntegerModel,
    IntegerSimulator,
    Linear,
    Neuron,
    Node,
    load_model,
    save_model,
)

from ._chip import WEIGHT_RANGE
from ._layers import check_kinds
from ._nodes import check_units, neuron_of
from ._plan import MisfitError

_LARGEST_THRESHOLD = 2**15 - 1


def chip_form(model: IntegerModel) -> IntegerModel:
    """Return a model in numbers that a chip has; one that is in them already as it is.

    Raises:
        MisfitError: If the chip could not run it whatever its numbers.
    """
    check_kinds(model)
    nodes: dict[str, Node] = {node.name: node for node in model.nodes}
    for node in model.nodes:
        if isinstance(node, Conv2d | Linear):
            neuron = neuron_of(model, node)
            if not _is_in_form(node, neuron):
                nodes[node.name], nodes[neuron.name] = _scaled(node, neuron)
    return IntegerModel(nodes.values())


def write_chip_form(card: ModelCard | str, out: Path) -> None:
    """Copy a model with its integer form, and what that answers to the golden sample, made new.

    Args:
        card: The model, or its name or folder.
        out: A new folder.

    Raises:
        MisfitError: If the chip could not run it.
        ModelError: If it has no integer form.
        OutputError: If `out` is there already, or cannot be written.
    """
    card = card if isinstance(card, ModelCard) else load_card(card)
    model = chip_form(load_model(card.artifact("integer")))
    sample = _answered(card, model)
    try:
        shutil.copytree(card.folder, out)
        save_model(model, out / card.artifacts["integer"])
        save_golden(out / card.golden, sample)
    except FileExistsError as error:
        raise OutputError(out, "is there already", "name another folder") from error
    except OSError as error:
        raise OutputError(out, f"cannot be written ({error})", "name another folder") from error


def _answered(card: ModelCard, model: IntegerModel) -> GoldenSample:
    sample = load_golden(card)
    first = {name: values[0] for name, values in sample.inputs.items()}
    binding = IntegerBinding(card, model, sizes_of(card, first, {}))
    simulator = IntegerSimulator(model, binding.sizes)
    steps = []
    for index in range(sample.steps):
        given = {name: values[index] for name, values in sample.inputs.items()}
        steps.append(simulator.step(binding.to_model(given)))
    old = sample.integer_outputs
    if set(old) != set(card.outputs):
        problem = "its golden sample has no outputs of its integer form"
        raise ModelError(card.name, problem, "make it again with the model's recipe")
    names = [node.name for node in model.outputs]
    outputs = {
        outer: np.stack([step[inner] for step in steps]).reshape(old[outer].shape)
        for outer, inner in zip(card.outputs, names, strict=True)
    }
    return GoldenSample(inputs=sample.inputs, outputs=sample.outputs, integer_outputs=outputs)


def _is_in_form(node: Node, neuron: Node) -> bool:
    try:
        check_units(node)
        check_units(neuron)
    except MisfitError:
        return False
    return True


def _scaled(node: Conv2d | Linear, neuron: Neuron) -> tuple[Node, Node]:
    """Return a layer with one threshold and without shifts."""
    thresholds = np.ldexp(neuron.threshold.astype(np.float64), node.shift.astype(np.int64))
    flat = node.weight.reshape(len(thresholds), -1).astype(np.float64)
    largest = np.maximum(np.abs(flat).max(1), np.abs(node.bias))
    _, high = WEIGHT_RANGE
    room = thresholds * high / np.maximum(largest, 1)
    threshold = int(np.clip(room.min(), 1, _LARGEST_THRESHOLD))
    gain = threshold / thresholds
    weight = _rounded(flat * gain[:, None]).astype(np.int8).reshape(node.weight.shape)
    initial = neuron.initial * (threshold / neuron.threshold)
    return (
        replace(
            node,
            weight=weight,
            weight_bits=8,
            bias=_rounded(node.bias * gain).astype(np.int32),
            shift=np.zeros_like(node.shift),
        ),
        replace(
            neuron,
            threshold=np.full_like(neuron.threshold, threshold),
            initial=np.floor(initial + 0.5).astype(np.int16),
        ),
    )


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round halves up, within the range of weights."""
    return np.clip(np.floor(values + 0.5), *WEIGHT_RANGE)
