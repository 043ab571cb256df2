"""Convolutions and matrix products of a traced network, batch norm and scales folded in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, fx
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.tracing import Norm, folded

from ._layer import Layer
from ._neurons import NeuronForm, form_of
from ._plan import Units, Value
from ._scale import weight_exponents
from ._settings import conv_settings, unshuffled_settings
from ._walk import Walk
from ._weighted import Weighted

_NORMS = (torch_nn.BatchNorm1d, torch_nn.BatchNorm2d)


class Weighing(Walk):
    """Makes layers with weights."""

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

    def _last_of(self, node: fx.Node) -> fx.Node:
        """Return the batch norm after a layer, or the layer."""
        return next(iter(node.users)) if self._norm_after(node) is not None else node

    def _scaled_reader(self, node: fx.Node) -> NeuronForm | None:
        """Return the neuron that alone reads a layer, if the layer must scale for it."""
        users = list(self._last_of(node).users)
        module = self._modules.get(str(users[0].target)) if len(users) == 1 else None
        if not isinstance(module, nn.Neuron):
            return None
        form = form_of(str(users[0].target), module, self._wishes.leak_terms)
        return None if form.has_plain_gain else form

    def _weighted(
        self, node: fx.Node, path: str, layer: torch_nn.Conv2d | torch_nn.Linear
    ) -> Value:
        source, last = self._eight_bits(node), self._last_of(node)
        weight, bias = self._real_weights(node, layer)
        weight = weight * source.gain
        largest, name = self._ranges.largest[last.name], self._name(path)
        reader = self._scaled_reader(node)
        if reader is None:
            self._origins[name] = last.name
        else:
            gain = reader.gain.expand(len(weight))
            weight, bias = weight * gain.reshape(-1, *[1] * (weight.ndim - 1)), bias * gain
            largest *= float(gain.max())
        settings: dict[str, Any] = {}
        if isinstance(layer, torch_nn.Conv2d):
            settings = conv_settings(path, layer)
            weight, settings = unshuffled_settings(path, weight, settings, source.unshuffled)
        bits = self._wishes.bits.get(path, self._wishes.bits[""])
        steps, units = weight_exponents(weight, bits), Units()
        units.hold(largest)
        units.from_sums(int(steps.max()) + source.exponent)

        def make() -> Layer:
            return Weighted(
                name, source.layer, weight=weight, bias=bias, bits=bits, step_exponents=steps,
                input_exponent=source.exponent, exponent=units.exponent,
                learn_steps=self._wishes.learn_steps, **settings,
            )  # fmt: skip

        self._makers.append(make)
        return Value(name, "int16", len(weight), units=units, is_scaled=reader is not None)

    def _real_weights(
        self, node: fx.Node, layer: torch_nn.Conv2d | torch_nn.Linear
    ) -> tuple[Tensor, Tensor]:
        """Return weight and bias with the batch norm in them."""
        folded_weight, folded_bias = folded(layer, self._norm_after(node))
        weight = folded_weight.double()
        none = weight.new_zeros(len(weight))
        return weight, none if folded_bias is None else folded_bias.double()

    def _eight_bits(self, node: fx.Node) -> Value:
        """Return what a convolution reads; a current is narrowed first."""
        source = self._read(node)
        self._in_planes(node, replace(source, unshuffled=1))
        if not source.is_current:
            return source
        before = node.all_input_nodes[0]
        narrow = self._narrow(
            source, f"{source.layer}.narrow", "int8", self._ranges.largest[before.name]
        )
        return replace(narrow, unshuffled=source.unshuffled)
