"""Layers without weights or potentials: sums, rows of channels, other places, pools."""

from __future__ import annotations

from dataclasses import replace

from torch import fx
from torch import nn as torch_nn

from eventvision.core import ConfigError

from ._placing import Concat, PixelShuffle, Places, Upsample
from ._plan import Value, small_exponent
from ._settings import window_of
from ._stateless import Add, Pool
from ._walk import Walk


class Arranging(Walk):
    """Adds, joins, enlarges, shuffles, flattens and pools."""

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
        parts = [self._values[arg] for arg in node.all_input_nodes]
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        if {part.axes for part in parts} == {"places"} and dim in {1, -2}:
            return self._places(node, parts)
        parts = [self._plain(node, part) for part in parts]
        if dim not in {1, -3} or len(parts) < 2:
            raise ConfigError(f"cat {node.name}", f"along axis {dim}", "channels of two tensors")
        self._unite(node, parts)
        first = parts[0]
        name, sources = self._name(node.name), tuple(part.layer for part in parts)
        self._origins[name] = node.name
        self._makers.append(
            lambda: Concat(name, sources, first.in_use, is_current=first.is_current)
        )
        channels = sum(part.channels for part in parts)
        return Value(name, first.kind, channels, first.exponent, units=first.units)

    def _unite(self, node: fx.Node, parts: list[Value]) -> None:
        """Let values share their units."""
        if len({(part.kind, part.exponent) for part in parts}) > 1:
            raise ConfigError(f"cat {node.name}", "unlike tensors", "all spikes or all currents")
        for part in parts[1:]:
            parts[0].units.join(part.units)

    def _places(self, node: fx.Node, parts: list[Value]) -> Value:
        """Put all places of some values into one column."""
        self._unite(node, parts)
        first, name = parts[0], self._name(node.name)
        sources = tuple(part.layer for part in parts)
        self._makers.append(
            lambda: Places(name, sources, first.in_use, is_current=first.is_current)
        )
        return replace(first, layer=name, axes="places")

    def _flattened(self, node: fx.Node) -> Value:
        """Flatten all of a tensor, or its planes."""
        value = self._values[node.all_input_nodes[0]]
        start = node.kwargs.get("start_dim", node.args[1] if len(node.args) > 1 else 0)
        return replace(self._plain(node, value), axes="flat") if start in {2, -2} else value

    def _transposed(self, node: fx.Node) -> Value:
        value = self._values[node.all_input_nodes[0]]
        if value.axes != "flat" or {axis % 3 for axis in node.args[1:]} != {1, 2}:  # type: ignore[operator]
            raise ConfigError(
                f"operation {node.name}", "transpose", "flatten(2).transpose(1, 2) at an output"
            )
        return replace(value, axes="places")

    def _repeated(self, node: fx.Node) -> Value:
        """Enlarge by `functional.interpolate`."""
        settings = {"mode": "nearest", **node.kwargs}
        factor = settings.pop("scale_factor", node.args[2] if len(node.args) > 2 else None)
        others = {name: value for name, value in settings.items() if value not in {None, False}}
        if others != {"mode": "nearest"} or not isinstance(factor, int | float) or factor % 1:
            raise ConfigError(
                f"operation {node.name}", str(dict(node.kwargs)), "a whole scale_factor and nearest"
            )
        return self._upsampled(node, node.name, int(factor))

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

    def _shuffled(self, node: fx.Node, path: str, factor: int) -> Value:
        source, name = self._read(node), self._name(path)
        self._in_planes(node, source)
        self._origins[name] = node.name
        self._makers.append(
            lambda: PixelShuffle(
                name, source.layer, source.in_use, factor, is_current=source.is_current
            )
        )
        return replace(source, layer=name, channels=source.channels // factor**2)

    def _unshuffled(self, node: fx.Node, factor: int) -> Value:
        """Let the convolution that reads it take larger steps instead."""
        source = self._plain(node, self._read(node))
        return replace(source, channels=source.channels * factor**2, unshuffled=factor)

    def _pooled(self, node: fx.Node, path: str, module: torch_nn.Module) -> Value:
        source, window = self._in_planes(node, self._read(node)), window_of(path, module)
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
