"""What a placement needs to know of a network: its layers, their sizes, who sends to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eventvision.core import ConfigError, ModelCard, SensorSize
from eventvision.devices._integer import IntegerBinding
from eventvision.devices._tensors import unknown_sizes
from eventvision.spiking.integer import (
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    Linear,
    Node,
    Upsample,
    load_model,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeshLayer:
    """A layer of neurons with its weights.

    Attributes:
        name: Name.
        shape: Of its neurons, (channels, height, width).
        channel_weights: Bytes of weights that one of its channels takes.
        sources: Names of the layers before it whose spikes come in; none for the input.
        reach: Rows of a source that its windows reach beyond their own share, up and down.
        spikes: Spikes that it fires in a step.
        is_whole: Whether each neuron sees all of its sources, as in a matrix product.
    """

    name: str
    shape: tuple[int, int, int]
    channel_weights: int
    sources: tuple[str, ...]
    spikes: float
    reach: int = 0
    is_whole: bool = False

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or min(self.channel_weights, self.reach, self.spikes) < 0:
            raise ValueError(f"layer {self.name}: a size or number is negative, or a side is zero")


def layers_of(
    model: IntegerModel,
    sizes: SensorSize | Mapping[str, SensorSize],
    *,
    rate: float = 0.1,
    rates: Mapping[str, float] | None = None,
) -> tuple[MeshLayer, ...]:
    """Return the layers of an integer model: its nodes with weights.

    What lies between them, such as sums and pools, is done where spikes arrive. Loops are left out:
    what comes from the step before goes the same way.

    Args:
        model: The network.
        sizes: Size of its inputs.
        rate: Spikes of a neuron in a step, where nothing better is known.
        rates: Measured ones by name of the node with the weights.

    Raises:
        ValueError: If a size does not fit the network, or a rate is negative.
    """
    known = dict(rates or {})
    if min((rate, *known.values())) < 0:
        raise ValueError("rates must not be negative")
    shapes = model.shapes(sizes)
    before: dict[str, tuple[str, ...]] = {}
    layers = []
    for node in model.nodes:
        sources = tuple(dict.fromkeys(name for each in _read(node) for name in before[each]))
        before[node.name] = sources
        if isinstance(node, Conv2d | Linear):
            before[node.name] = (node.name,)
            layers.append(
                _layer(node, shapes[node.name].array, sources, known.get(node.name, rate))
            )
    return tuple(layers)


def _layer(
    node: Conv2d | Linear, shape: tuple[int, int, int], sources: tuple[str, ...], rate: float
) -> MeshLayer:
    channels, height, width = shape
    return MeshLayer(
        name=node.name,
        shape=shape,
        channel_weights=int(node.weight[0].size) * node.weight_bits // 8,
        sources=sources,
        spikes=rate * channels * height * width,
        reach=node.weight.shape[2] // 2 if isinstance(node, Conv2d) else 0,
        is_whole=isinstance(node, Linear),
    )


def _read(node: Node) -> tuple[str, ...]:
    """Return the nodes whose values a node takes in the same step."""
    if isinstance(node, Input | Delay):
        return ()
    if isinstance(node, Upsample):
        return (node.input,)
    several: tuple[str, ...] | None = getattr(node, "inputs", None)
    return several if several is not None else (node.input,)  # type: ignore[union-attr]


def layers_of_card(
    card: ModelCard, sizes: Mapping[str, int], *, rate: float = 0.1
) -> tuple[MeshLayer, ...]:
    """Return the layers of a model's integer form.

    Args:
        card: The model.
        sizes: All free sizes of the card.
        rate: Spikes of a neuron in a step.

    Raises:
        ModelError: If the model has no integer form, or it is damaged.
        ConfigError: If a size is missing, unknown, or does not fit the network.
        ValueError: If the rate is negative.
    """
    if missing := unknown_sizes(card, sizes):
        raise ConfigError("size", missing[0], f"a number, as {card.name} takes any")
    model = load_model(card.artifact("integer"))
    binding = IntegerBinding(card, model, sizes)
    try:
        model.shapes(binding.sizes)
    except ValueError as error:
        raise ConfigError("size", dict(sizes), f"what fits the network ({error})") from error
    return layers_of(model, binding.sizes, rate=rate)
