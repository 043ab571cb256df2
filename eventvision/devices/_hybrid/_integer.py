"""Parts an integer model where whole numbers from 0 to 255 go over: spikes, and no potentials."""

from __future__ import annotations

from pathlib import Path

from eventvision.core import ModelCard
from eventvision.devices._integer import IntegerBinding
from eventvision.spiking.integer import (
    Delay,
    Input,
    IntegerModel,
    Node,
    Output,
    Shape,
    inputs_of,
    load_model,
    save_model,
)

from ._heads import Steps, heads_of
from ._parts import ENCODER, FILES, HEADS, Parts, part_card, real_tensor

_HANDED = "handed."


def part_integer(card: ModelCard, sizes: dict[str, int], folder: Path) -> Parts | None:
    """Write the parts of a model's integer form; None if it has no encoder of its own.

    Args:
        card: The model, of one input.
        sizes: All its free sizes.
        folder: Gets a folder for each part.

    Raises:
        ModelError: If the model is damaged.
        ValueError: If a size does not fit it.
    """
    model = load_model(card.artifact("integer"))
    binding = IntegerBinding(card, model, sizes)
    shapes = model.shapes(binding.sizes)
    steps = Steps(
        {node.name: _read_by(node) for node in model.nodes},
        [node.name for node in model.outputs],
    )
    heads = heads_of(steps, lambda name: shapes[name].dtype == "uint8")
    encoder = [node for node in model.nodes if node.name not in heads]
    if all(isinstance(node, Input) for node in encoder):
        return None
    crossing = [
        node.name
        for node in encoder
        if any(node.name in _read_by(reader) for reader in model.nodes if reader.name in heads)
    ]
    handed = {_HANDED + name: name for name in crossing}
    first = IntegerModel([*encoder, *(Output(name=n, input=s) for n, s in handed.items())])
    incoming = [Input(name=name, channels=shapes[name].channels) for name in crossing]
    rest = [node for node in model.nodes if node.name in heads]
    second = IntegerModel([*incoming, *rest])
    for part, network in ((ENCODER, first), (HEADS, second)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        save_model(network, folder / part / FILES["integer"])
    tensors = {name: real_tensor(_batched(shapes[name])) for name in crossing}
    return Parts(
        encoder=part_card(
            card, folder, ENCODER, artifact="integer", inputs=card.inputs, states={},
            outputs={name: tensors[source] for name, source in handed.items()},
        ),
        heads=part_card(
            card, folder, HEADS, artifact="integer", inputs=tensors, outputs=card.outputs,
            states={},
        ),
        handed=handed,
    )  # fmt: skip


def example_sizes(card: ModelCard) -> dict[str, int]:
    """Return sizes for which a model can be parted, where none are known yet: any that it takes."""
    names = {name for spec in card.inputs.values() for name in spec.shape if isinstance(name, str)}
    side = -(-64 // card.multiple) * card.multiple
    known = {"height": side, "width": side}
    if card.sensor is not None:
        known = {"height": card.sensor.height, "width": card.sensor.width}
    return {name: known.get(name, side) for name in names}


def _read_by(node: Node) -> set[str]:
    """Return the nodes that a node reads, in this step or of the one before."""
    return {*inputs_of(node), *((node.input,) if isinstance(node, Delay) else ())}


def _batched(shape: Shape) -> tuple[int, ...]:
    return (1, *shape.array)
