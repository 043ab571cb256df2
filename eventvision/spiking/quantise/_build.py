"""Turn a spiking network into layers of integers.

A first walk along the traced graph makes a plan: which nodes become one layer, and which currents
meet in a sum and so must share their units. When all is known, exponents are chosen and the layers
are made.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError
from eventvision.spiking import integer, nn
from eventvision.spiking.tracing import Norm, folded

from ._calibrate import Ranges
from ._layer import Layer
from ._network import QuantisedNetwork
from ._neurons import form_of
from ._plan import Kind, Units, Value, in_units, named, small_exponent
from ._scale import weight_exponents
from ._settings import conv_settings, window_of
from ._stateful import Neuron, Readout
from ._stateless import Add, Concat, Pool, Requantise, Upsample
from ._weighted import Weighted

_NORMS = (torch_nn.BatchNorm1d, torch_nn.BatchNorm2d)
_PASSING = (torch_nn.Identity, torch_nn.Dropout, torch_nn.Dropout2d, torch_nn.Flatten)
_ADDITIONS = {operator.add, torch.add, operator.iadd}
_CURRENT_UNITS = 32_767

Maker = Callable[[], Layer]


class Builder:
    """Builds a quantised network from a traced one.

    Args:
        graph: The traced network.
        ranges: What calibration saw.
        bits: Bits of weights by path of the layer; the key "" is for all others.
        input_exponents: Exponents of inputs by name; others are chosen.
        learn_steps: Whether training may change weight steps.
    """

    def __init__(
        self,
        graph: fx.GraphModule,
        ranges: Ranges,
        *,
        bits: Mapping[str, int],
        input_exponents: Mapping[str, int],
        learn_steps: bool,
    ) -> None:
        self._graph, self._ranges = graph, ranges
        self._bits, self._input_exponents = bits, input_exponents
        self._learn_steps = learn_steps
        self._modules = dict(graph.named_modules())
        self._values: dict[fx.Node, Value] = {}
        self._makers: list[Maker] = []
        self._names: set[str] = set()
        self._inputs: list[integer.Input] = []
        self._outputs: dict[str, Value] = {}
        self._origins: dict[str, str] = {}

    def build(self) -> QuantisedNetwork:
        """Return the quantised network.

        Raises:
            ConfigError: If the network has a part that integers do not have.
        """
        for node in self._graph.graph.nodes:
            self._visit(node)
        layers = [make() for make in self._makers]
        return QuantisedNetwork(
            tuple(self._inputs),
            layers,
            outputs={name: value.layer for name, value in self._outputs.items()},
            output_exponents={name: value.in_use for name, value in self._outputs.items()},
            origins=self._origins,
        )

    def _visit(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self._values[node] = self._input(node)
        elif node.op == "output":
            self._end(node.args[0])
        elif node.op == "call_module":
            self._values[node] = self._module(node, self._modules[str(node.target)])
        else:
            self._values[node] = self._operation(node)

    def _name(self, wish: str) -> str:
        """Return a name for a layer that is like its path, valid, and not taken yet."""
        name = wish if wish[:1].isalpha() or wish[:1] == "_" else f"layer{wish}"
        number = 1
        while name in self._names:
            number += 1
            name = f"{wish}_{number}"
        self._names.add(name)
        return name

    def _read(self, node: fx.Node, place: int = 0) -> Value:
        return self._values[node.all_input_nodes[place]]

    def _input(self, node: fx.Node) -> Value:
        ranges, name = self._ranges, self._name(str(node.target))
        kind: Kind = "int8" if ranges.smallest[node.name] < 0 else "uint8"
        largest = ranges.largest[node.name]
        exponent = small_exponent(largest, kind)
        if ranges.whole[node.name] and exponent <= 0:
            exponent = 0
        exponent = self._input_exponents.get(name, exponent)
        channels = ranges.channels[node.name]
        self._inputs.append(
            integer.Input(name=name, channels=channels, dtype=kind, exponent=exponent)
        )
        return Value(name, kind, channels, exponent)

    def _module(self, node: fx.Node, module: torch_nn.Module) -> Value:
        path = str(node.target)
        if isinstance(module, _NORMS):
            return self._folded_norm(node, path)
        if isinstance(module, _PASSING):
            return self._read(node)
        if isinstance(module, torch_nn.Conv2d | torch_nn.Linear):
            return self._weighted(node, path, module)
        if isinstance(module, nn.Neuron):
            return self._neuron(node, path, module)
        if isinstance(module, torch_nn.ReLU):
            return self._narrowed(node, path, "uint8")
        if isinstance(module, nn.Upsample):
            return self._upsampled(node, path, module.factor)
        return self._pooled(node, path, module)

    def _operation(self, node: fx.Node) -> Value:
        if node.target in _ADDITIONS or (node.op, node.target) == ("call_method", "add"):
            return self._sum(node)
        if node.target in {torch.cat, torch.concat}:
            return self._row(node)
        if node.target in {functional.relu, torch.relu}:
            return self._narrowed(node, node.name, "uint8")
        if node.target in {torch.flatten, "flatten"}:
            return self._read(node)
        raise ConfigError(f"operation {node.name}", str(node.target), "add, cat, relu or flatten")

    def _folded_norm(self, node: fx.Node, path: str) -> Value:
        before = node.all_input_nodes[0]
        if self._norm_after(before) is not self._modules[path]:
            raise ConfigError(f"layer {path}", "batch norm", "one right after a convolution")
        return self._values[before]

    def _norm_after(self, node: fx.Node) -> Norm | None:
        """Return the batch norm that is the only reader of a layer."""
        if node.op != "call_module" or len(node.users) != 1:
            return None
        (reader,) = node.users
        if reader.op != "call_module":
            return None
        module = self._modules[str(reader.target)]
        weighted = isinstance(self._modules[str(node.target)], torch_nn.Conv2d | torch_nn.Linear)
        return module if weighted and isinstance(module, _NORMS) else None

    def _seen(self, node: fx.Node) -> float:
        """Return the largest value of a layer's output, after its batch norm."""
        last = next(iter(node.users)) if self._norm_after(node) is not None else node
        return self._ranges.largest[last.name]

    def _weighted(
        self, node: fx.Node, path: str, layer: torch_nn.Conv2d | torch_nn.Linear
    ) -> Value:
        source = self._eight_bits(node)
        folded_weight, folded_bias = folded(layer, self._norm_after(node))
        weight = folded_weight.double()
        bias = weight.new_zeros(len(weight)) if folded_bias is None else folded_bias.double()
        bits = self._bits.get(path, self._bits[""])
        steps = weight_exponents(weight * source.gain, bits)
        units = Units()
        units.hold(self._seen(node))
        units.from_sums(int(steps.max()) + source.exponent)
        name = self._name(path)
        settings: dict[str, Any] = {}
        if isinstance(layer, torch_nn.Conv2d):
            settings = conv_settings(path, layer)

        def make() -> Layer:
            return Weighted(
                name, source.layer, weight=weight * source.gain, bias=bias, bits=bits,
                step_exponents=steps, input_exponent=source.exponent, exponent=units.exponent,
                learn_steps=self._learn_steps, **settings,
            )  # fmt: skip

        last = next(iter(node.users)) if self._norm_after(node) is not None else node
        self._origins[name] = last.name
        self._makers.append(make)
        return Value(name, "int16", len(weight), units=units)

    def _eight_bits(self, node: fx.Node) -> Value:
        """Return what a convolution reads; a current is narrowed first."""
        source = self._read(node)
        if not source.is_current:
            return source
        before = node.all_input_nodes[0]
        return self._narrow(
            source, f"{source.layer}.narrow", "int8", self._ranges.largest[before.name]
        )

    def _narrowed(self, node: fx.Node, path: str, kind: Kind) -> Value:
        source = self._current(node)
        return self._narrow(source, path, kind, self._ranges.largest[node.name])

    def _narrow(self, source: Value, path: str, kind: Kind, largest: float) -> Value:
        exponent = small_exponent(largest, kind)
        source.units.narrow_to(exponent)
        name = self._name(path)
        self._makers.append(
            lambda: Requantise(
                name, source.layer, exponent, shift=exponent - source.units.exponent,
                is_signed=kind == "int8",
            )
        )  # fmt: skip
        return Value(name, kind, source.channels, exponent)

    def _current(self, node: fx.Node) -> Value:
        source = self._plain(node, self._read(node))
        if not source.is_current:
            raise ConfigError(f"layer {node.name}", f"reads {source.layer}", "a current to read")
        return source

    def _plain(self, node: fx.Node, value: Value) -> Value:
        """Return a value that may be used like any other."""
        if value.gain_exponent or value.gain != 1:
            raise ConfigError(
                f"layer {node.name}", f"reads {value.layer}, which is scaled",
                "a mean to be read by convolutions only, a readout by an output only",
            )  # fmt: skip
        return value

    def _neuron(self, node: fx.Node, path: str, neuron: nn.Neuron) -> Value:
        source, form = self._current(node), form_of(path, neuron)
        source.units.hold(self._ranges.potential[node.name] * 2.0**-form.gain_exponent)
        if path in self._names:
            raise ConfigError(f"neuron {path}", "used twice", "a neuron of its own for each place")
        name = self._name(path)
        self._origins[name] = node.name
        if form.threshold is None:
            gain = 2.0**form.gain_exponent
            self._makers.append(
                lambda: Readout(name, source.layer, source.units.exponent, form.leak, gain)
            )
            return Value(
                name, "int16", source.channels, units=source.units, gain_exponent=form.gain_exponent
            )
        threshold = form.threshold
        source.units.hold(float(threshold.max()) * (form.levels + 1) / 2)

        def make() -> Layer:
            unit, channels = 2.0**source.units.exponent, source.channels
            whole = in_units(threshold, unit, channels).clamp(1, _CURRENT_UNITS)
            return Neuron(
                name, source.layer, threshold=whole, initial=in_units(form.initial, unit, channels),
                leak=form.leak, levels=form.levels, rounding=form.rounding,
            )  # fmt: skip

        self._makers.append(make)
        return Value(name, "uint8", source.channels)

    def _sum(self, node: fx.Node) -> Value:
        if len(node.args) != 2 or not all(isinstance(arg, fx.Node) for arg in node.args):
            raise ConfigError(f"sum {node.name}", str(node.args), "two tensors")
        terms = [self._plain(node, self._values[arg]) for arg in node.args]  # type: ignore[index]
        kinds = {term.kind for term in terms}
        if len(kinds) > 1 or "int8" in kinds:
            raise ConfigError(f"sum {node.name}", " and ".join(sorted(kinds)), "spikes or currents")
        name, sources = self._name(node.name), tuple(term.layer for term in terms)
        self._origins[name] = node.name
        channels, first = terms[0].channels, terms[0]
        if not first.is_current:
            exponent = min(term.exponent for term in terms)
            shifts = tuple(term.exponent - exponent for term in terms)
            self._makers.append(lambda: Add(name, sources, exponent, shifts=shifts, is_spikes=True))
            return Value(name, "uint8", channels, exponent)
        for term in terms[1:]:
            first.units.join(term.units)
        units = first.units
        units.hold(self._ranges.largest[node.name])
        self._makers.append(
            lambda: Add(name, sources, units.exponent, shifts=(0, 0), is_spikes=False)
        )
        return Value(name, "int16", channels, units=units)

    def _row(self, node: fx.Node) -> Value:
        parts = [self._plain(node, self._values[arg]) for arg in node.all_input_nodes]
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        if dim not in {1, -3} or len(parts) < 2:
            raise ConfigError(f"cat {node.name}", f"along axis {dim}", "channels of two tensors")
        first = parts[0]
        if len({(part.kind, part.exponent) for part in parts}) > 1:
            raise ConfigError(f"cat {node.name}", "unlike tensors", "all spikes or all currents")
        for part in parts[1:]:
            first.units.join(part.units)
        name, sources = self._name(node.name), tuple(part.layer for part in parts)
        self._origins[name] = node.name
        self._makers.append(
            lambda: Concat(name, sources, first.in_use, is_current=first.is_current)
        )
        channels = sum(part.channels for part in parts)
        return Value(name, first.kind, channels, first.exponent, units=first.units)

    def _upsampled(self, node: fx.Node, path: str, factor: int) -> Value:
        source, name = self._plain(node, self._read(node)), self._name(path)
        like = node.kwargs.get("like", node.args[1] if len(node.args) > 1 else None)
        sources: tuple[str, ...] = (source.layer,)
        if isinstance(like, fx.Node):
            sources = (source.layer, self._values[like].layer)
        self._origins[name] = node.name
        self._makers.append(
            lambda: Upsample(name, sources, source.in_use, factor, is_current=source.is_current)
        )
        return Value(name, source.kind, source.channels, source.exponent, units=source.units)

    def _pooled(self, node: fx.Node, path: str, module: torch_nn.Module) -> Value:
        source, window = self._read(node), window_of(path, module)
        if source.kind != "uint8":
            raise ConfigError(f"layer {path}", f"pools {source.layer}", "spikes to pool")
        before = node.all_input_nodes[0].name
        size = window.size
        area = self._ranges.area[before] if size is None else size[0] * size[1]
        largest = self._ranges.largest[before] * (1 if window.is_max else area)
        shift = max(0, small_exponent(largest, "uint8") - source.exponent)
        name, exponent = self._name(path), source.exponent + shift
        gain = source.gain / area if window.is_mean else source.gain
        self._origins[name] = node.name
        self._makers.append(
            lambda: Pool(
                name, source.layer, exponent, is_max=window.is_max, size=size,
                stride=window.stride, padding=window.padding, shift=shift, gain=gain,
            )
        )  # fmt: skip
        return Value(name, "uint8", source.channels, exponent, gain)

    def _end(self, given: Any) -> None:
        for name, node in named(given).items():
            value = self._values[node]
            if value.gain != 1:
                raise ConfigError(f"output {name}", f"a mean, {value.layer}", "a layer after it")
            self._outputs[self._name(name)] = value
