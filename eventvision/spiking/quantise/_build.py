"""Turn a spiking network into layers of integers.

A first walk along the traced graph makes a plan: which nodes become one layer, and which currents
meet in a sum and so must share their units. When all is known, exponents are chosen and the layers
are made.
"""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from typing import Any

import torch
from torch import fx
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError
from eventvision.spiking import integer, nn

from ._arrange import Arranging
from ._calibrate import Ranges
from ._layer import Layer
from ._leaks import for_channels
from ._network import QuantisedNetwork
from ._neurons import NeuronForm, form_of
from ._plan import Kind, Value, in_units, named, small_exponent
from ._stateful import Delay, Neuron, Readout
from ._walk import Wishes
from ._weigh import Weighing

_PASSING = (torch_nn.Identity, torch_nn.Dropout, torch_nn.Dropout2d, torch_nn.Flatten)
_ADDITIONS = {operator.add, torch.add, operator.iadd, "add"}
_CURRENT_UNITS = 32_767


class Builder(Arranging, Weighing):
    """Builds a quantised network from a traced one.

    Args:
        graph: The traced network.
        ranges: What calibration saw.
        wishes: Options.
    """

    def __init__(self, graph: fx.GraphModule, ranges: Ranges, wishes: Wishes) -> None:
        super().__init__(graph, ranges, wishes)
        self._inputs: list[integer.Input] = []
        self._outputs: dict[str, Value] = {}
        self._delayed: dict[str, str] = {}

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
            outputs=tuple(
                integer.Output(
                    name=name, input=value.layer, exponent=value.in_use, curve=value.curve
                )
                for name, value in self._outputs.items()
            ),
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

    def _input(self, node: fx.Node) -> Value:
        ranges, name = self._ranges, self._name(str(node.target))
        kind: Kind = "int8" if ranges.smallest[node.name] < 0 else "uint8"
        exponent = small_exponent(ranges.largest[node.name], kind)
        if ranges.whole[node.name] and exponent <= 0:
            exponent = 0
        exponent = self._wishes.input_exponents.get(name, exponent)
        channels = ranges.channels[node.name]
        self._inputs.append(
            integer.Input(
                name=name, channels=channels, dtype=kind, exponent=exponent,
                normalise=name in self._wishes.normalised,
            )
        )  # fmt: skip
        return Value(name, kind, channels, exponent)

    def _module(self, node: fx.Node, module: torch_nn.Module) -> Value:
        path = str(node.target)
        match module:
            case torch_nn.BatchNorm1d() | torch_nn.BatchNorm2d():
                return self._folded_norm(node, path)
            case torch_nn.Conv2d() | torch_nn.Linear():
                return self._weighted(node, path, module)
            case nn.Delayed():
                return self._delay_before(node, path)
            case nn.Delay():
                return self._delay(node, path)
            case nn.Neuron():
                return self._neuron(node, path, module)
            case torch_nn.ReLU():
                return self._narrowed(node, path, "uint8")
            case torch_nn.Sigmoid():
                return self._curved(node)
            case nn.Upsample():
                return self._upsampled(node, path, module.factor)
            case torch_nn.PixelShuffle():
                return self._shuffled(node, path, module.upscale_factor)
            case torch_nn.PixelUnshuffle():
                return self._unshuffled(node, module.downscale_factor)
            case _ if isinstance(module, _PASSING):
                return self._read(node)
        return self._pooled(node, path, module)

    def _operation(self, node: fx.Node) -> Value:
        target: Any = node.target
        if target in _ADDITIONS:
            return self._sum(node)
        if target in {torch.cat, torch.concat}:
            return self._row(node)
        if target in {functional.relu, torch.relu, "relu"}:
            return self._narrowed(node, node.name, "uint8")
        if target in {torch.flatten, "flatten"}:
            return self._flattened(node)
        if target in {torch.transpose, "transpose"}:
            return self._transposed(node)
        if target in {torch.sigmoid, "sigmoid"}:
            return self._curved(node)
        if target is functional.interpolate:
            return self._repeated(node)
        if target is functional.pixel_shuffle:
            return self._shuffled(node, node.name, _second(node))
        if target is functional.pixel_unshuffle:
            return self._unshuffled(node, _second(node))
        known = "add, cat, relu, sigmoid, flatten, interpolate or pixel_shuffle"
        raise ConfigError(f"operation {node.name}", str(target), known)

    def _narrowed(self, node: fx.Node, path: str, kind: Kind) -> Value:
        source = self._current(node)
        return self._narrow(source, path, kind, self._ranges.largest[node.name])

    def _neuron(self, node: fx.Node, path: str, neuron: nn.Neuron) -> Value:
        source = self._current(node)
        form = form_of(path, neuron, self._wishes.leak_terms, is_scaled=source.is_scaled)
        source.units.hold(self._ranges.potential[node.name] / float(form.gain.min()))
        if path in self._names:
            raise ConfigError(f"neuron {path}", "used twice", "a neuron of its own for each place")
        name, leak = self._name(path), for_channels(form.leak, source.channels)
        self._origins[name] = node.name
        if form.threshold is None:
            return self._readout(path, name, source, form)
        threshold = form.threshold
        source.units.hold(float(threshold.max()) * (form.levels + 1) / 2)

        def make() -> Layer:
            unit, channels = 2.0**source.units.exponent, source.channels
            whole = in_units(threshold, unit, channels).clamp(1, _CURRENT_UNITS)
            return Neuron(
                name, source.layer, threshold=whole, initial=in_units(form.initial, unit, channels),
                leak=leak, levels=form.levels, rounding=form.rounding,
            )  # fmt: skip

        self._makers.append(make)
        return Value(name, "uint8", source.channels)

    def _readout(self, path: str, name: str, source: Value, form: NeuronForm) -> Value:
        if not form.has_plain_gain:
            raise ConfigError(
                f"readout {path}", "scales its input by what no shift is",
                "a convolution before it that it alone reads, or decay_input=False",
            )  # fmt: skip
        gain, leak = float(form.gain), for_channels(form.leak, source.channels)
        self._makers.append(
            lambda: Readout(name, source.layer, source.units.exponent, leak, gain, source.channels)
        )
        return Value(
            name, "int16", source.channels, units=source.units, gain_exponent=round(math.log2(gain))
        )

    def _delay_before(self, node: fx.Node, path: str) -> Value:
        """Read what came in the step before."""
        name, like = self._name(path.rpartition(".")[0]), self._read(node)
        channels = self._ranges.channels[node.name]
        self._origins[name] = node.name
        self._makers.append(lambda: Delay(name, self._delayed[name], like.layer, channels))
        self._delayed[name] = ""
        return Value(name, "uint8", channels)

    def _delay(self, node: fx.Node, path: str) -> Value:
        """Keep something for the next step."""
        source = self._in_planes(node, self._read(node))
        if source.kind != "uint8" or source.exponent or self._delayed.get(path) != "":
            raise ConfigError(
                f"delay {path}", f"keeps {source.layer}", "spikes, read by last before"
            )
        self._delayed[path] = source.layer
        return source

    def _curved(self, node: fx.Node) -> Value:
        return replace(self._read(node), curve="sigmoid")

    def _end(self, given: Any) -> None:
        for name, node in named(given).items():
            value = self._values[node]
            if value.gain != 1 or value.axes == "flat" or value.unshuffled > 1:
                raise ConfigError(
                    f"output {name}", f"a mean or flat, {value.layer}", "a layer after it"
                )
            if value.axes == "places" and node.target not in {torch.cat, torch.concat}:
                value = self._places(node, [value])
            self._outputs[self._name(name)] = value


def _second(node: fx.Node) -> int:
    """Return the factor by which a function shuffles."""
    factor = node.args[1] if len(node.args) > 1 else next(iter(node.kwargs.values()))
    return int(factor)  # type: ignore[arg-type]
