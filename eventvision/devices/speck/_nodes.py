"""What each node of an integer model is to a chip, or why it is nothing."""

from __future__ import annotations

import numpy as np

from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
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
)

from ._chip import WEIGHT_RANGE
from ._plan import MisfitError

ELSEWHERE = "run it on the device cpu, or train a network that is a chain of small spiking layers"
CONVERT = "write its chip form: python -m eventvision.devices.speck MODEL OUT"

_REASONS: dict[type[Node], str] = {
    Add: "it adds tensors up, as residual connections do; a core takes spikes of one layer",
    Concat: "it joins channels of several layers; a core takes spikes of one layer",
    Delay: "it feeds back what was given a step before; loops lock the chip up",
    Upsample: "it repeats values; the chip only makes pictures smaller",
    PixelShuffle: "it spreads channels over a finer picture; the chip only makes pictures smaller",
    Places: "it joins several pictures; the chip gives spikes of one layer",
    Readout: "it hands out potentials; the chip gives spikes only",
    Requantise: "it hands on currents as numbers; the chip knows spikes only",
}


def check_node(model: IntegerModel, node: Node) -> None:
    """Check what a node does.

    Raises:
        MisfitError: If the chip has nothing that does that.
    """
    if type(node) in _REASONS:
        raise MisfitError(node.name, _REASONS[type(node)], ELSEWHERE)
    match node:
        case Input():
            _need(node, node.dtype == "uint8", "its values are signed; events are counted")
            _need(node, not node.normalise and node.exponent == 0,
                  "its values are scaled; on the chip an event is a spike")  # fmt: skip
        case Pool():
            size = node.size or node.stride
            _need(node, node.kind == "sum", "it takes the largest value; the chip adds spikes up")
            _need(node, node.stride in {None, size} and node.padding == (0, 0) and not node.shift,
                  "its windows overlap, are padded or divided; the chip only adds")  # fmt: skip
            _need(node, all(not isinstance(each, Output) for each in model.readers(node.name)),
                  "nothing but an output follows; pools belong to the core behind")  # fmt: skip
        case Conv2d() | Linear():
            neuron_of(model, node)
        case Neuron():
            _check_neuron(node)
        case Output():
            _need(node, isinstance(model[node.input], Neuron), "what it hands out are no spikes")


def check_units(node: Node) -> None:
    """Check that a node's numbers are those of the chip, to the last unit.

    Raises:
        MisfitError: If they are not, and `chip_form` would make them.
    """
    if isinstance(node, Conv2d | Linear):
        shifted = bool(np.any(node.shift))
        _need(node, not shifted, "its sums are shifted, a core adds weights as they are", CONVERT)
        low, high = WEIGHT_RANGE
        in_range = not node.bias.size or (node.bias.min() >= low and node.bias.max() <= high)
        _need(node, bool(in_range), "a bias has more than 8 bits", CONVERT)
    if isinstance(node, Neuron):
        one = len(np.unique(node.threshold)) == 1
        _need(node, one, "its channels differ in threshold, a core has one", CONVERT)


def _check_neuron(node: Neuron) -> None:
    if node.rounding and node.levels > 1:
        reason = f"its neurons give numbers of 0 to {node.levels} (I-LIF); the chip's fire spikes"
        raise MisfitError(node.name, reason, ELSEWHERE)
    _need(node, not node.rounding, "its neurons fire at half a threshold")
    _need(node, node.leak is None, "its neurons leak; those of the chip integrate and fire")


def neuron_of(model: IntegerModel, node: Conv2d | Linear) -> Neuron:
    """Return the neurons that a layer's sums go to.

    Raises:
        MisfitError: If they go elsewhere.
    """
    readers = model.readers(node.name)
    if len(readers) == 1 and isinstance(readers[0], Neuron):
        return readers[0]
    for reader in readers:
        if type(reader) in _REASONS:
            raise MisfitError(reader.name, _REASONS[type(reader)], ELSEWHERE)
    raise MisfitError(node.name, "its sums do not go to one layer of neurons", ELSEWHERE)


def _need(node: Node, holds: bool, reason: str, remedy: str = ELSEWHERE) -> None:
    if not holds:
        raise MisfitError(node.name, reason, remedy)
