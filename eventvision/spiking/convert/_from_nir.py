"""NIR graphs as torch networks that run on our neurons.

Time is discretised by Euler's rule with a step of `dt_s`. Where several edges meet, their values
are added. An edge that closes a loop brings what its node gave at the step before, zeros at first.
A neuron of NIR fires above its threshold; those that we wrote fire at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import nir
import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError, ModelError
from eventvision.spiking import nn

from ._nir_modules import Delay
from ._nir_neurons import build
from ._to_nir import DT_S, PREFIX

StepMode = Literal["m", "s"]


def from_nir(graph: nir.NIRGraph, *, dt_s: float | None = None) -> NirNetwork:
    """Build a network from a NIR graph.

    Args:
        graph: A graph with one input and one output, without graphs inside it, of the nodes
            Affine, AvgPool2d, Conv1d, Conv2d, CubaLI, CubaLIF, Delay, Flatten, I, IF, LI, LIF,
            Linear, Scale, SumPool2d and Threshold. The parameters of a neuron may differ from
            channel to channel, not within a channel.
        dt_s: Duration of a step in seconds; None for what the graph says, else 100 us.

    Raises:
        ConfigError: If a node is of another kind, or edges lead nowhere; it is named.
    """
    return NirNetwork(graph, _step_of(graph) if dt_s is None else dt_s)


def read_nir(path: str | Path, *, dt_s: float | None = None) -> NirNetwork:
    """Read a NIR file as a network; see `from_nir`.

    Raises:
        ModelError: If there is no such file or it is not a NIR file.
        ConfigError: If it has nodes that cannot be run.
    """
    if not Path(path).is_file():
        raise ModelError(path, "is not there", "name a NIR file")
    try:
        graph = nir.read(path)
    except Exception as error:
        problem = f"is not a readable NIR file ({type(error).__name__}: {error})"
        raise ModelError(path, problem, "write it anew") from None
    return from_nir(graph, dt_s=dt_s)


class NirNetwork(torch_nn.Module):
    """A NIR graph that runs.

    Inputs are sequences (T, N, ...) in step mode "m", the default, and single steps (N, ...) in
    step mode "s". Without loops, a layer runs a whole sequence at once.

    Args:
        graph: The graph.
        dt_s: Duration of a step in seconds.
        step_mode: "m" or "s".
    """

    def __init__(
        self, graph: nir.NIRGraph, dt_s: float, *, step_mode: Literal["m", "s"] = "m"
    ) -> None:
        super().__init__()
        if not dt_s > 0:
            raise ConfigError("dt_s", dt_s, "a positive number of seconds")
        self._input = _only(graph, nir.Input)
        self._output = _only(graph, nir.Output)
        self._sources = _sources(graph)
        self._order, self._loops = _ordered(self._sources, self._input)
        self.layers = torch_nn.ModuleDict()
        for name in self._order:
            self.layers[_key(name)] = build(name, graph.nodes[name], dt_s)
        self.step_mode = step_mode
        self._looped: dict[str, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Run a sequence or a step, and carry the state."""
        if self.step_mode == "s":
            return self._run(x[None])[0]
        if not self._loops:
            return self._run(x)
        return torch.cat([self._run(step[None]) for step in x])

    def reset(self) -> None:
        """Forget the state of neurons, delays and loops."""
        nn.reset(self)
        self._looped = {}
        for module in self.modules():
            if isinstance(module, Delay):
                module.reset()

    def _run(self, x: Tensor) -> Tensor:
        values = {self._input: x}
        for name in self._order:
            if name != self._input:
                values[name] = self.layers[_key(name)](self._gathered(name, values))
        self._looped = {name: values[name] for name in self._loops}
        return values[self._output]

    def _gathered(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        """Add what all edges to a node bring: from this step, or round a loop from the last one."""
        total: Tensor | None = None
        for source in self._sources[name]:
            value = values.get(source, self._looped.get(source))
            if value is not None:
                total = value if total is None else total + value
        if total is None:
            raise ConfigError("NIR graph", f"node {name} has no input", "an edge from the input")
        return total


def _step_of(graph: nir.NIRGraph) -> float:
    return float(graph.metadata.get(PREFIX + "dt_s", DT_S))


def _key(name: str) -> str:
    """Return a name that torch takes for a module."""
    return "n_" + name.replace(".", "/")


def _only(graph: nir.NIRGraph, kind: type) -> str:
    found = [name for name, node in graph.nodes.items() if isinstance(node, kind)]
    if len(found) != 1:
        raise ConfigError("NIR graph", f"{len(found)} {kind.__name__} nodes", "one")
    return str(found[0])


def _sources(graph: nir.NIRGraph) -> dict[str, list[str]]:
    """Return the nodes from which edges lead to each node."""
    sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for start, end in graph.edges:
        if start not in sources or end not in sources:
            raise ConfigError("NIR graph", f"edge {start} to {end}", "edges between its nodes")
        sources[end].append(start)
    return sources


def _ordered(sources: Mapping[str, list[str]], first: str) -> tuple[list[str], set[str]]:
    """Return the nodes so that each comes after its sources, and those whose edges close a loop.

    Nodes are visited along edges from the input; an edge to a node that is being visited closes a
    loop. Nodes that the input does not reach come last.
    """
    users: dict[str, list[str]] = {name: [] for name in sources}
    for end, starts in sources.items():
        for start in starts:
            users[start].append(end)
    done: list[str] = []
    open_nodes: set[str] = set()
    loops: set[str] = set()
    for root in (first, *(name for name in sources if name != first)):
        stack: list[tuple[str, int]] = [] if root in done else [(root, 0)]
        open_nodes.update(name for name, _ in stack)
        while stack:
            name, position = stack.pop()
            if position < len(users[name]):
                stack.append((name, position + 1))
                user = users[name][position]
                if user in open_nodes:
                    loops.add(name)
                elif user not in done:
                    stack.append((user, 0))
                    open_nodes.add(user)
            else:
                open_nodes.discard(name)
                done.append(name)
    return done[::-1], loops
