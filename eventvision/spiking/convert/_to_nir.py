"""Networks as NIR graphs (Pedersen et al., "Neuromorphic intermediate representation", 2024).

NIR states neurons in continuous time; they are read back with Euler's rule and a step of `dt_s`.
A neuron of NIR resets to a value, one of ours may subtract its threshold instead, or send counts:
such things travel in the node's metadata, under `eventvision.`, for who can use them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx
from torch import nn as torch_nn

from eventvision.core import ConfigError, complete_file
from eventvision.spiking import nn
from eventvision.spiking.tracing import folded, traced

from ._stepper import one_step

PREFIX = "eventvision."
DT_S = 1e-4
"""The time step that tools around NIR take unless told otherwise."""


def to_nir(net: torch_nn.Module, example: Tensor, *, dt_s: float = DT_S) -> nir.NIRGraph:
    """Describe a network as a NIR graph.

    Convolutions, linear layers, batch norm behind them (folded in), average and sum pooling,
    flattening, additions, and the neurons IF, LIF, PLIF, ILIF, BurstIF and Readout can be
    described. The network comes back as it was.

    Args:
        net: A network that `torch.fx` can trace, with one input and one output.
        example: An input of one step, shape (1, ...); NIR states shapes.
        dt_s: Duration of a step in seconds, which gives time constants their unit.

    Raises:
        ConfigError: If NIR has no word for a part of the network; it is named.
    """
    with one_step(net):
        return _Writer(net, example, dt_s).graph()


def write_nir(
    net: torch_nn.Module, path: str | Path, example: Tensor, *, dt_s: float = DT_S
) -> None:
    """Write a network as a NIR file; see `to_nir`.

    Raises:
        ConfigError: If NIR has no word for a part of the network.
        OutputError: If the file cannot be written.
    """
    graph = to_nir(net, example, dt_s=dt_s)
    with complete_file(path) as part:
        nir.write(part, graph)


class _Writer:
    """Turns a traced network into nodes and edges.

    NIR adds what several edges bring to a node, so an addition is no node: its value is the list
    of the nodes to be added.
    """

    def __init__(self, net: torch_nn.Module, example: Tensor, dt_s: float) -> None:
        self._modules = dict(net.named_modules())
        self._traced = traced(net).graph
        self._shapes = _shapes(net, self._traced, example)
        self._dt_s = dt_s
        self._nodes: dict[str, Any] = {}
        self._edges: list[tuple[str, str]] = []
        self._sums: dict[fx.Node, list[str]] = {}
        self._norms: dict[fx.Node, fx.Node] = {}

    def graph(self) -> nir.NIRGraph:
        """Return the whole."""
        for node in self._traced.nodes:
            self._take(node)
        return nir.NIRGraph(self._nodes, self._edges, metadata={PREFIX + "dt_s": self._dt_s})

    def _take(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self._add(node, nir.Input({"input": self._shape(node)}), ())
        elif node.op == "output":
            (value,) = node.args
            if not isinstance(value, fx.Node):
                raise ConfigError("network", "several outputs", "one tensor, for NIR")
            self._add(node, nir.Output({"output": self._shape(value)}), self._sums[value])
        elif node.op == "call_module":
            self._take_module(node, self._modules[str(node.target)])
        elif node.op in {"call_function", "call_method"}:
            self._take_call(node)

    def _take_module(self, node: fx.Node, module: torch_nn.Module) -> None:
        (given,) = (value for value in node.args if isinstance(value, fx.Node))
        if isinstance(module, torch_nn.Identity | torch_nn.Dropout | torch_nn.Dropout2d):
            self._sums[node] = self._sums[given]
        elif isinstance(module, torch_nn.BatchNorm1d | torch_nn.BatchNorm2d):
            if self._norms.get(given) is not node:
                raise ConfigError("network", node.target, "batch norm right behind its layer")
            self._sums[node] = self._sums[given]
        elif isinstance(module, torch_nn.Conv2d | torch_nn.Linear):
            self._add(node, self._weights(node, module, given), self._sums[given])
        else:
            self._add(node, self._described(node, module, given), self._sums[given])

    def _take_call(self, node: fx.Node) -> None:
        name = getattr(node.target, "__name__", str(node.target))
        given = [value for value in node.args if isinstance(value, fx.Node)]
        if name in {"add", "iadd"} and len(given) == 2:
            both = [*self._sums[given[0]], *self._sums[given[1]]]
            if len(set(both)) < len(both):
                raise ConfigError("network", f"{node.name}: a value added to itself", "a scale")
            self._sums[node] = both
        elif name == "flatten":
            self._add(node, _flatten(self._shape(given[0])), self._sums[given[0]])
        else:
            raise ConfigError("network", f"{node.name} ({name})", "layers that NIR has")

    def _weights(self, node: fx.Node, module: Any, given: fx.Node) -> Any:
        norm = next((user for user in node.users if self._is_norm(user)), None)
        if norm is not None and len(node.users) == 1:
            self._norms[node] = norm
        else:
            norm = None
        batch_norm: Any = None if norm is None else self._modules[str(norm.target)]
        weight, bias = folded(module, batch_norm)
        matrix = _array(weight)
        vector = None if bias is None else _array(bias)
        if isinstance(module, torch_nn.Conv2d):
            matrix = _ungrouped(matrix, module.groups)
            size = tuple(int(n) for n in self._shape(given)[1:])
            zeros = np.zeros(matrix.shape[0], matrix.dtype)
            padding = module.padding if isinstance(module.padding, str) else tuple(module.padding)
            return nir.Conv2d(
                size, matrix, tuple(module.stride), padding, tuple(module.dilation), 1,
                zeros if vector is None else vector,
            )  # fmt: skip
        return nir.Linear(matrix) if vector is None else nir.Affine(matrix, vector)

    def _described(self, node: fx.Node, module: torch_nn.Module, given: fx.Node) -> Any:
        for kind, describe in _DESCRIBE.items():
            if isinstance(module, kind) and (type(module) is kind or not _is_neuron(kind)):
                return describe(module, self._shape(given), self._dt_s)
        name = f"{node.target} ({type(module).__name__})"
        raise ConfigError("network", name, "layers that NIR has")

    def _is_norm(self, node: fx.Node) -> bool:
        module = self._modules.get(str(node.target)) if node.op == "call_module" else None
        return isinstance(module, torch_nn.BatchNorm1d | torch_nn.BatchNorm2d)

    def _add(self, node: fx.Node, described: Any, sources: Any) -> None:
        name = node.name
        self._nodes[name] = described
        self._edges += [(source, name) for source in sources]
        self._sums[node] = [name]

    def _shape(self, node: fx.Node) -> NDArray[np.int64]:
        return np.array(self._shapes[node.name][1:])


def _shapes(net: torch_nn.Module, graph: fx.Graph, example: Tensor) -> dict[str, torch.Size]:
    """Return the shape of every value by its name, from a run on the example."""
    found: dict[str, torch.Size] = {}

    class Watch(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor):
                found[n.name] = value.shape
            return value

    Watch(fx.GraphModule(net, graph)).run(example)
    nn.reset(net)
    return found


def _is_neuron(kind: type) -> bool:
    """Tell whether a kind is meant exactly: a neuron of one's own steps differently."""
    return issubclass(kind, nn.Neuron)


def _array(value: Tensor) -> NDArray[np.floating[Any]]:
    return value.detach().cpu().numpy()


def _ungrouped(weight: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return the weights of a grouped convolution as one of all channels, zeros between groups.

    Files with groups fail the check of shapes that readers of NIR do.
    """
    if groups == 1:
        return weight
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    whole = np.zeros((weight.shape[0], inputs * groups, *weight.shape[2:]), weight.dtype)
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        whole[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return whole


def _spread(value: Any, shape: NDArray[np.int64]) -> NDArray[np.float64]:
    """Repeat a number, or one number per channel, for all neurons of a layer."""
    numbers = np.asarray(_array(value) if isinstance(value, Tensor) else value, np.float64)
    column = numbers.reshape(-1, *[1] * (len(shape) - 1)) if numbers.ndim else numbers
    return np.broadcast_to(column, tuple(shape)).copy()


def _firing(module: Any) -> dict[str, Any]:
    """Return what NIR cannot say about a neuron, as metadata."""
    more: dict[str, Any] = {PREFIX + "reset": module.options.get("reset", "soft")}
    more[PREFIX + "neuron"] = type(module).__name__
    if hasattr(module, "levels"):
        more[PREFIX + "levels"] = module.levels
    if module.initial_v.any():
        more[PREFIX + "initial"] = _array(module.initial_v)
    return more


def _integrator(module: Any, shape: NDArray[np.int64], dt_s: float) -> Any:
    node = nir.IF(_spread(1 / dt_s, shape), _spread(module.threshold, shape))
    node.metadata = _firing(module)
    return node


def _constants(
    module: Any, shape: NDArray[np.int64], dt_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return time constants and resistances."""
    left = 1 - _spread(module.decay, shape)
    if not left.all():
        raise ConfigError("network", "a leak of zero", "IF in place of LIF, for NIR")
    gain = np.ones_like(left) if module.options["decay_input"] else 1 / left
    return dt_s / left, gain


def _leaky(module: Any, shape: NDArray[np.int64], dt_s: float) -> Any:
    tau, gain = _constants(module, shape, dt_s)
    node = nir.LIF(tau, gain, np.zeros_like(tau), _spread(module.threshold, shape))
    node.metadata = _firing(module)
    return node


def _readout(module: Any, shape: NDArray[np.int64], dt_s: float) -> Any:
    tau, gain = _constants(module, shape, dt_s)
    return nir.LI(tau, gain, np.zeros_like(tau))


def _pooled(module: Any) -> tuple[NDArray[np.int64], ...]:
    return tuple(
        np.array(value if isinstance(value, tuple) else (value, value))
        for value in (module.kernel_size, module.stride, getattr(module, "padding", 0))
    )


def _summed(module: nn.SumPool2d) -> Any:
    size = np.array([module.kernel_size] * 2)
    return nir.SumPool2d(size, size, np.zeros(2, np.int64))


def _flatten(shape: NDArray[np.int64]) -> Any:
    return nir.Flatten({"input": shape}, start_dim=0, end_dim=-1)


_DESCRIBE: dict[type, Callable[[Any, NDArray[np.int64], float], Any]] = {
    nn.IF: _integrator,
    nn.BurstIF: _integrator,
    nn.LIF: _leaky,
    nn.PLIF: _leaky,
    nn.ILIF: _leaky,
    nn.Readout: _readout,
    nn.SumPool2d: lambda module, _shape, _dt_s: _summed(module),
    torch_nn.AvgPool2d: lambda module, _shape, _dt_s: nir.AvgPool2d(*_pooled(module)),
    torch_nn.Flatten: lambda _module, shape, _dt_s: _flatten(shape),
}
