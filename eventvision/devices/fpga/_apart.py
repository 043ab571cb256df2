"""The layers of a model that is no chain, each on an accelerator of its own.

Encoders with shortcuts do not run whole; their layers do, one by one: convolution and the neurons
that alone read it, or where something else reads it, the sums as they are. Each sees in simulation
what it sees within the model, and has to give the same, spikes and potentials, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    IntegerSimulator,
    Linear,
    Neuron,
    Node,
    Output,
    Readout,
)

from ._accelerator import Accelerator
from ._device import simulated
from ._lower import plan_for
from ._parts import Part, check_part
from ._plan import MisfitError, Plan

_INPUT, _OUTPUT = "seen", "said"

Inputs = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class ApartLayer:
    """A layer as a model of its own.

    Attributes:
        name: The node with the weights.
        source: The node whose tensor it sees.
        tells: The node whose tensor it gives.
        model: The model.
        size: Height and width of what it sees.
    """

    name: str
    source: str
    tells: str
    model: IntegerModel
    size: SensorSize


@dataclass(frozen=True, slots=True)
class ApartCheck:
    """What came of a layer.

    Attributes:
        layer: Its name.
        misfit: Why it does not fit; empty if it does, else nothing below is known.
        steps: Steps that were compared.
        spikes: Values other than zero that it saw.
        cycles: Clock cycles of all steps.
        is_same: Whether every number was right.
    """

    layer: str
    misfit: str = ""
    steps: int = 0
    spikes: int = 0
    cycles: int = 0
    is_same: bool = False


def layers_apart(
    model: IntegerModel, sizes: SensorSize | Mapping[str, SensorSize]
) -> Iterator[ApartLayer]:
    """Yield the layers of a model that see spikes or counts; one that sees signed numbers is none.

    Args:
        model: The network.
        sizes: Size of its inputs.

    Raises:
        ValueError: If a size does not fit the network.
    """
    shapes = model.shapes(sizes)
    for node in model.nodes:
        if not isinstance(node, Conv2d | Linear) or shapes[node.input].dtype != "uint8":
            continue
        seen = shapes[node.input]
        follower = _follower(model, node)
        nodes: list[Node] = [
            Input(name=_INPUT, channels=seen.channels),
            replace(node, input=_INPUT),
        ]
        if follower is not None:
            nodes.append(follower)
        tells = nodes[-1].name
        nodes.append(Output(name=_OUTPUT, input=tells))
        size = SensorSize(seen.width, seen.height)
        yield ApartLayer(node.name, node.input, tells, IntegerModel(nodes), size)


def check_apart(
    model: IntegerModel,
    sizes: SensorSize | Mapping[str, SensorSize],
    steps: Sequence[Inputs],
    part: Part,
    *,
    simulate: Callable[[IntegerModel, Plan], Accelerator] = simulated,
) -> Iterator[ApartCheck]:
    """Run each layer on an accelerator of its own, and compare it with the integer simulator.

    Args:
        model: The network.
        sizes: Size of its inputs.
        steps: Inputs of each step, as `IntegerSimulator.step` takes them.
        part: What each layer has to fit.
        simulate: Makes the accelerator of a layer.

    Raises:
        DeviceError: If a tool is missing or fails.
    """
    layers = list(layers_apart(model, sizes))
    recorded = _recorded(model, sizes, steps, layers)
    for layer in layers:
        try:
            plan = plan_for(layer.model, layer.size)
            check_part(plan, part)
        except MisfitError as error:
            yield ApartCheck(layer.name, misfit=str(error))
            continue
        accelerator = simulate(layer.model, plan)
        try:
            yield _checked(layer, accelerator, recorded)
        finally:
            accelerator.close()


@dataclass(frozen=True, slots=True)
class _Recorded:
    """Tensors by node and step, and the last potentials by node."""

    tensors: dict[str, list[NDArray[np.integer]]]
    state: dict[str, NDArray[np.integer]]


def _recorded(
    model: IntegerModel,
    sizes: SensorSize | Mapping[str, SensorSize],
    steps: Sequence[Inputs],
    layers: Sequence[ApartLayer],
) -> _Recorded:
    simulator = IntegerSimulator(model, sizes)
    names = {name for layer in layers for name in (layer.source, layer.tells)}
    tensors: dict[str, list[NDArray[np.integer]]] = {name: [] for name in names}
    for inputs in steps:
        simulator.step(inputs)
        for name in names:
            tensors[name].append(simulator.tensor(name).copy())
    return _Recorded(tensors, simulator.state)


def _checked(layer: ApartLayer, accelerator: Accelerator, recorded: _Recorded) -> ApartCheck:
    seen = recorded.tensors[layer.source]
    found = accelerator.run([values.astype(np.uint8) for values in seen])
    cycles = accelerator.step_cycles
    same = np.array_equal(found, recorded.tensors[layer.tells])
    for node, potential in accelerator.state.items():
        same = same and np.array_equal(potential, recorded.state[node])
    spikes = sum(int(np.count_nonzero(values)) for values in seen)
    return ApartCheck(layer.name, "", len(seen), spikes, cycles, same)


def _follower(model: IntegerModel, node: Conv2d | Linear) -> Neuron | Readout | None:
    """Return the neurons that alone read a node's sums."""
    readers = model.readers(node.name)
    alone = readers[0] if len(readers) == 1 else None
    return alone if isinstance(alone, Neuron | Readout) else None
