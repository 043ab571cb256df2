"""How large the values of a network become on sample recordings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.tracing import input_names

Sample = Tensor | Mapping[str, Tensor]
"""A sequence (T, N, C, H, W), or one for each input by name."""


@dataclass
class Ranges:
    """What was seen, by name of the node in the traced graph.

    Attributes:
        largest: Largest absolute value.
        potential: Largest absolute potential, of neurons.
        smallest: Smallest value.
        whole: Whether all values were whole numbers.
        channels: Channels of a value.
        area: Height times width of a value.
    """

    largest: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    potential: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    smallest: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    whole: dict[str, bool] = field(default_factory=lambda: defaultdict(lambda: True))
    channels: dict[str, int] = field(default_factory=dict)
    area: dict[str, int] = field(default_factory=dict)


def calibrate(graph: fx.GraphModule, samples: Iterable[Sample]) -> Ranges:
    """Run a network, step by step, and note how large its values become.

    Args:
        graph: The traced network, with neurons in single-step mode.
        samples: Recordings; the state starts anew for each.

    Raises:
        ConfigError: If there are no samples.
    """
    ranges = Ranges()
    observer = _Observer(graph, ranges)
    names = input_names(graph)
    seen = 0
    for sample in samples:
        nn.reset(graph)
        for step in zip(*(sequences(sample, names)), strict=True):
            observer.run(*step)
            seen += 1
    if not seen:
        raise ConfigError("samples", "none", "one sequence (T, N, C, H, W) or more")
    return ranges


def sequences(sample: Sample, names: list[str]) -> list[Tensor]:
    """Return the sequences of a sample in the order of a network's inputs.

    Raises:
        ConfigError: If names or axes are wrong.
    """
    if isinstance(sample, Tensor):
        sample = dict.fromkeys(names[:1], sample)
    if set(sample) != set(names):
        raise ConfigError("sample", ", ".join(sample), f"sequences for {', '.join(names)}")
    for name in names:
        if sample[name].ndim not in {3, 5}:
            shape = tuple(sample[name].shape)
            raise ConfigError(f"sample {name}", shape, "shape (T, N, C, H, W) or (T, N, C)")
    return [sample[name] for name in names]


class _Observer(fx.Interpreter):
    def __init__(self, graph: fx.GraphModule, ranges: Ranges) -> None:
        super().__init__(graph)
        self._ranges = ranges

    def run_node(self, n: fx.Node) -> Any:
        """Run a node and look at what it gives."""
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self._note(n.name, value)
        if n.op == "call_module":
            module = self.fetch_attr(str(n.target))
            if isinstance(module, nn.Neuron):
                self._note_potential(n.name, module)
        return value

    def _note(self, name: str, value: Tensor) -> None:
        ranges = self._ranges
        ranges.largest[name] = max(ranges.largest[name], float(value.abs().max()))
        ranges.smallest[name] = min(ranges.smallest[name], float(value.min()))
        ranges.whole[name] = ranges.whole[name] and bool((value == torch.floor(value)).all())
        ranges.channels[name] = value.shape[1]
        ranges.area[name] = value.shape[2:].numel()

    def _note_potential(self, name: str, neuron: nn.Neuron) -> None:
        state = neuron.state or {}
        largest = max((float(value.abs().max()) for value in state.values()), default=0.0)
        self._ranges.potential[name] = max(self._ranges.potential[name], largest)
