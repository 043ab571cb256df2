"""A quantised network: trainable, and equal to the integer model that it becomes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from eventvision.core import ConfigError
from eventvision.spiking import integer
from eventvision.spiking.integer import IntegerModel

from ._layer import Layer
from ._placing import Places
from ._rounding import round_half_up, saturate
from ._stateful import Delay

_LIMITS = {"uint8": (0.0, 255.0), "int8": (-128.0, 127.0)}


class QuantisedNetwork(nn.Module):
    """What `quantise` makes of a network.

    Its layers compute with whole numbers held in floating point, and gradients pass through their
    rounding, so that it is trained like any network. `forward` takes one step and carries the
    state; `sequence` takes many.

    Args:
        inputs: The input nodes.
        layers: In order.
        outputs: The output nodes.
        origins: Nodes of the traced graph that layers stand for, by name of the layer.
    """

    def __init__(
        self,
        inputs: tuple[integer.Input, ...],
        layers: list[Layer],
        *,
        outputs: tuple[integer.Output, ...],
        origins: Mapping[str, str],
    ) -> None:
        super().__init__()
        self.input_nodes, self.output_nodes, self.origins = inputs, outputs, dict(origins)
        self.layers = nn.ModuleList(layers)

    def layer(self, name: str) -> Layer:
        """Return a layer by the name of its node.

        Raises:
            KeyError: If there is none.
        """
        for layer in self.ordered():
            if layer.node_name == name:
                return layer
        raise KeyError(name)

    def ordered(self) -> list[Layer]:
        """Return all layers in order."""
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def forward(self, inputs: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Take one step.

        Args:
            inputs: Real values (N, C, H, W) of the only input, or of each input by name.

        Returns:
            Real values (N, C, H, W) of each output by name, as `IntegerModel.decode` gives them;
            (N, places, C) of `Places`.
        """
        values = self.values(inputs)
        return {node.name: self._decoded(node, values[node.input]) for node in self.output_nodes}

    def values(self, inputs: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Take one step, and return the units of all layers by name."""
        values = self._units_of(inputs)
        for layer in self.ordered():
            values[layer.node_name] = layer(*(values[name] for name in layer.inputs))
        for layer in self.ordered():
            if isinstance(layer, Delay):
                layer.keep(values[layer.source])
        return values

    def sequence(self, inputs: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Take all steps of sequences (T, N, C, H, W) and return those of the outputs."""
        by_name = {self.input_nodes[0].name: inputs} if isinstance(inputs, Tensor) else inputs
        steps = [
            self(dict(zip(by_name, step, strict=True)))
            for step in zip(*by_name.values(), strict=True)
        ]
        names = [node.name for node in self.output_nodes]
        return {name: torch.stack([step[name] for step in steps]) for name in names}

    def reset(self) -> None:
        """Forget the state of all layers."""
        for layer in self.ordered():
            layer.reset()

    def detach(self) -> None:
        """Cut the state off from the graph that made it."""
        for layer in self.ordered():
            layer.detach()

    def to_integer(self) -> IntegerModel:
        """Return the integer model; it gives the same numbers."""
        nodes = [layer.integer_node() for layer in self.ordered()]
        return IntegerModel([*self.input_nodes, *nodes, *self.output_nodes])

    def _decoded(self, node: integer.Output, units: Tensor) -> Tensor:
        real = units * 2.0**node.exponent
        real = real.sigmoid() if node.curve == "sigmoid" else real
        is_places = isinstance(self.layer(node.input), Places)
        return real[..., 0].transpose(1, 2) if is_places else real

    def _units_of(self, inputs: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        names = [node.name for node in self.input_nodes]
        given = dict.fromkeys(names[:1], inputs) if isinstance(inputs, Tensor) else dict(inputs)
        if set(given) != set(names):
            raise ConfigError("inputs", ", ".join(given), f"values for {', '.join(names)}")
        return {
            node.name: saturate(
                round_half_up(_planes(given[node.name]) * 2.0**-node.exponent),
                *_LIMITS[node.dtype],
            )
            for node in self.input_nodes
        }


def _planes(x: Tensor) -> Tensor:
    """Return vectors (N, C) as planes of one pixel."""
    return x[..., None, None] if x.ndim == 2 else x
