"""What quantisation does to each layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.convert import one_step
from eventvision.spiking.tracing import traced

from ._calibrate import Sample, sequences
from ._layer import INT16, Layer
from ._network import QuantisedNetwork
from ._weighted import Weighted


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerReport:
    """What quantisation did to a layer.

    Attributes:
        name: Of the layer.
        kind: Of its node.
        bits: Of its weights; 0 if it has none.
        exponent: A unit of its output stands for 2 ** this.
        saturated: Share of its output at a limit of the type.
        weight_error: Root mean square error of the weights, relative to that of the weights.
        error: Root mean square difference from the real network, relative to its root mean square.
    """

    name: str
    kind: str
    bits: int
    exponent: int
    saturated: float
    weight_error: float
    error: float

    def __str__(self) -> str:
        bits = f"{self.bits} bits" if self.bits else ""
        return (
            f"{self.name:<32} {self.kind:<10} {bits:<7} 2^{self.exponent:<4} "
            f"saturated {self.saturated:7.2%}  weights {self.weight_error:7.2%}  "
            f"output {self.error:7.2%}"
        )


def compare(
    net: torch_nn.Module, quantised: QuantisedNetwork, samples: Iterable[Sample]
) -> list[LayerReport]:
    """Run a network and its quantised form side by side.

    Args:
        net: What `quantise` was given.
        quantised: What it gave.
        samples: Recordings, as for `quantise`.

    Returns:
        A report on each layer that has a counterpart in the network, in order.
    """
    graph = traced(net)
    observer = _Values(graph)
    sums = {name: torch.zeros(4, dtype=torch.float64) for name in quantised.origins}
    was_training = quantised.training
    quantised.eval()
    with one_step(graph):
        for sample in samples:
            nn.reset(graph)
            quantised.reset()
            names = [node.name for node in quantised.input_nodes]
            for step in zip(*sequences(sample, names), strict=True):
                observer.run(*step)
                values = quantised.values(dict(zip(names, step, strict=True)))
                for name, origin in quantised.origins.items():
                    sums[name] += _compared(
                        quantised.layer(name), values[name], observer.seen[origin]
                    )
    quantised.reset()
    quantised.train(was_training)
    return [_report(quantised.layer(name), total) for name, total in sums.items()]


class _Values(fx.Interpreter):
    """Keeps what every node of a network gives."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.seen: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run a node and keep its value."""
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.seen[n.name] = value
        return value


def _compared(layer: Layer, units: Tensor, real: Tensor) -> Tensor:
    """Return squared difference, squared reference, saturated values, all values."""
    ours = units.double().flatten() * 2.0**layer.exponent
    reference = real.double().flatten() / layer.gain
    full = units.abs() >= (INT16[1] if layer.is_current else 255)
    return torch.tensor(
        [
            float((ours - reference).square().sum()),
            float(reference.square().sum()),
            float(full.sum()),
            units.numel(),
        ],
        dtype=torch.float64,
    )


def _report(layer: Layer, sums: Tensor) -> LayerReport:
    difference, reference, full, count = sums.tolist()
    return LayerReport(
        name=layer.node_name,
        kind=type(layer.integer_node()).__name__,
        bits=layer.bits if isinstance(layer, Weighted) else 0,
        exponent=layer.exponent,
        saturated=full / max(count, 1),
        weight_error=layer.weight_error() if isinstance(layer, Weighted) else 0.0,
        error=(difference / reference) ** 0.5 if reference else difference**0.5,
    )
