"""What every step of building a quantised network needs: names, values, narrowing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import fx

from eventvision.core import ConfigError

from ._calibrate import Ranges
from ._layer import Layer
from ._plan import Kind, Value, small_exponent
from ._stateless import Requantise

Maker = Callable[[], Layer]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is left to whoever quantises.

    Attributes:
        bits: Bits of weights by path of the layer; the key "" is for all others.
        input_exponents: Exponents of inputs by name; others are chosen.
        normalised: Names of inputs that the integer model normalises.
        leak_terms: Most shifts of a leak.
        learn_steps: Whether training may change weight steps.
    """

    bits: Mapping[str, int]
    input_exponents: Mapping[str, int]
    normalised: frozenset[str]
    leak_terms: int
    learn_steps: bool


class Walk:
    """The way along a traced graph: what it has met, and how to make the layers.

    Args:
        graph: The traced network.
        ranges: What calibration saw.
        wishes: Options.
    """

    def __init__(self, graph: fx.GraphModule, ranges: Ranges, wishes: Wishes) -> None:
        self._graph, self._ranges, self._wishes = graph, ranges, wishes
        self._modules = dict(graph.named_modules())
        self._values: dict[fx.Node, Value] = {}
        self._makers: list[Maker] = []
        self._names: set[str] = set()
        self._origins: dict[str, str] = {}

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
        return self._in_planes(node, value)

    def _in_planes(self, node: fx.Node, value: Value) -> Value:
        """Return a value that lies as pictures, every pixel for itself."""
        if value.axes != "planes" or value.curve != "linear":
            what = "is flattened" if value.curve == "linear" else "went through a curve"
            raise ConfigError(
                f"layer {node.name}", f"reads {value.layer}, which {what}", "that at an output only"
            )
        if value.unshuffled > 1:
            raise ConfigError(
                f"layer {node.name}", f"reads {value.layer}, unshuffled", "a convolution there"
            )
        return value
