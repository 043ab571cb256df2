"""NIR graphs as torch networks that run on our neurons.

Time is discretised by Euler's rule with a step of `dt_s`. Where several edges meet, their values
are added. An edge that closes a loop brings what its node gave at the step before, zeros at first.
A neuron of NIR fires above its threshold; those that we wrote fire at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError, ModelError
from eventvision.spiking import nn

from ._to_nir import DT_S, PREFIX

Array = NDArray[np.floating[Any]]
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
            self.layers[_key(name)] = _build(name, graph.nodes[name], dt_s)
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
            if isinstance(module, _Delay):
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


class _Merged(torch_nn.Module):
    """Runs a layer without state on all steps of a sequence at once."""

    def __init__(self, layer: torch_nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])  # type: ignore[no-any-return]


class _Linear(torch_nn.Module):
    """A matrix on the last axis of the input, or one matrix for each of the axes before it."""

    def __init__(self, weight: Array, bias: Array | None = None) -> None:
        super().__init__()
        self.weight = torch_nn.Parameter(_tensor(weight))
        self.bias = None if bias is None else torch_nn.Parameter(_tensor(bias))

    def forward(self, x: Tensor) -> Tensor:
        product = (self.weight @ x[..., None])[..., 0]
        return product if self.bias is None else product + self.bias


class _Conv(torch_nn.Module):
    """A convolution over one or two axes."""

    def __init__(self, node: Any) -> None:
        super().__init__()
        self.weight = torch_nn.Parameter(_tensor(node.weight))
        self.bias = torch_nn.Parameter(_tensor(node.bias))
        flat = self.weight.ndim == 3
        self._conv = torch_nn.functional.conv1d if flat else torch_nn.functional.conv2d
        padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        self._options = {
            "padding": padding if isinstance(padding, str) else _numbers(padding),
            "stride": _numbers(node.stride), "dilation": _numbers(node.dilation),
            "groups": int(node.groups),
        }  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self._conv(x, self.weight, self.bias, **self._options)


class _SumPool(torch_nn.Module):
    def __init__(self, node: nir.SumPool2d) -> None:
        super().__init__()
        self._pool = _average(node)
        self._cells = int(np.prod(node.kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        return self._pool(x) * self._cells  # type: ignore[no-any-return]


class _Flatten(torch_nn.Module):
    """Flattens axes counted without that of the samples."""

    def __init__(self, node: nir.Flatten) -> None:
        super().__init__()
        start, end = int(node.start_dim), int(node.end_dim)
        self._start, self._end = (axis + (axis >= 0) for axis in (start, end))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(self._start, self._end)


class _Scale(torch_nn.Module):
    def __init__(self, scale: Array) -> None:
        super().__init__()
        self.register_buffer("scale", _tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        scale: Tensor = self.scale  # type: ignore[assignment]
        return x * scale


class _Threshold(torch_nn.Module):
    """One where the input exceeds a value, else zero."""

    def __init__(self, threshold: Array) -> None:
        super().__init__()
        self.register_buffer("threshold", _tensor(threshold))

    def forward(self, x: Tensor) -> Tensor:
        threshold: Tensor = self.threshold  # type: ignore[assignment]
        return (x > threshold).to(x.dtype)


class _Delay(torch_nn.Module):
    """Gives what came in a number of steps ago, zeros at first."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps
        self._kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        before = x.new_zeros(self._steps, *x.shape[1:]) if self._kept is None else self._kept
        line = torch.cat([before, x])
        self._kept = line[x.shape[0] :]
        return line[: x.shape[0]]

    def reset(self) -> None:
        self._kept = None


class _Driven(torch_nn.Module):
    """A neuron whose input is scaled and offset, and whose potential is shown as another zero.

    Attributes:
        neuron: The neuron, in sequences.
    """

    def __init__(self, neuron: nn.Neuron, gain: Array, offset: Array, zero: float = 0.0) -> None:
        super().__init__()
        self.neuron = neuron
        self.register_buffer("gain", _tensor(gain))
        self.register_buffer("offset", _tensor(offset))
        self._plain = bool((gain == 1).all() and (offset == 0).all())
        self._zero = zero

    def forward(self, x: Tensor) -> Tensor:
        if not self._plain:
            gain: Tensor = self.gain  # type: ignore[assignment]
            offset: Tensor = self.offset  # type: ignore[assignment]
            x = _along_channels(gain, x) * x + _along_channels(offset, x)
        y: Tensor = self.neuron(x)
        return y + self._zero if self._zero else y


def _along_channels(value: Tensor, x: Tensor) -> Tensor:
    return value if value.ndim == 0 else value.reshape(-1, *[1] * (x.ndim - 3))


def _tensor(value: Any) -> Tensor:
    return torch.from_numpy(np.array(value, np.float32))


def _numbers(value: Any) -> Any:
    array = np.asarray(value)
    return int(array) if array.ndim == 0 else tuple(int(number) for number in array)


def _average(node: Any) -> torch_nn.AvgPool2d:
    sizes = (_numbers(value) for value in (node.kernel_size, node.stride, node.padding))
    return torch_nn.AvgPool2d(*sizes)


def _channels(name: str, **values: Any) -> dict[str, Array]:
    """Reduce the parameters of a layer to one number, or one for each channel.

    Raises:
        ConfigError: If they differ within a channel.
    """
    found: dict[str, Array] = {}
    for what, value in values.items():
        array = np.asarray(value, np.float64)
        flat = array.reshape(array.shape[0], -1) if array.ndim else array.reshape(1, 1)
        if (flat != flat[:, :1]).any():
            raise ConfigError("NIR graph", f"{name}: {what} differs within a channel", "channels")
        column = flat[:, 0]
        found[what] = column[0] if (column == column[0]).all() else column
    return found


def _spiking(name: str, node: Any, decay: Array, gain: Array, leak: Array) -> torch_nn.Module:
    """Build a neuron, shifted so that its reset is 0: v = decay * v + gain * x + leak."""
    said = _said(node)
    p = _channels(name, threshold=node.v_threshold, reset=node.v_reset)
    threshold = _tensor(p["threshold"] - p["reset"])
    if PREFIX + "neuron" not in said:
        threshold = torch.nextafter(threshold, torch.tensor(torch.inf))
    options: dict[str, Any] = {
        "threshold": threshold,
        "initial": _tensor(said.get(PREFIX + "initial", -p["reset"])),
    }
    # With v' = v - reset: decay * v = decay * v' + decay * reset.
    offset = leak - (1 - decay) * p["reset"]
    kind = str(said.get(PREFIX + "neuron", ""))
    if PREFIX + "levels" in said:
        options["levels"] = int(said[PREFIX + "levels"])
    if kind == "BurstIF":
        return _Driven(nn.BurstIF(**options), gain, offset)
    if kind == "ILIF":
        integer = nn.ILIF(decay=_tensor(decay), decay_input=False, **options)
        return _Driven(integer, gain, offset)
    options["reset"] = str(said.get(PREFIX + "reset", "hard"))
    if np.all(decay == 1):
        return _Driven(nn.IF(**options), gain, offset)
    leaky = nn.LIF(decay=_tensor(decay), decay_input=False, **options)
    return _Driven(leaky, gain, offset)


def _said(node: Any) -> dict[str, Any]:
    """Return a node's metadata, with text as text."""
    return {
        key: value.decode() if isinstance(value, bytes) else value
        for key, value in (node.metadata or {}).items()
    }


def _if(name: str, node: nir.IF, dt_s: float) -> torch_nn.Module:
    p = _channels(name, r=node.r)
    one, zero = np.ones(()), np.zeros(())
    return _spiking(name, node, one, p["r"] * dt_s, zero)


def _lif(name: str, node: nir.LIF, dt_s: float) -> torch_nn.Module:
    p = _channels(name, tau=node.tau, r=node.r, leak=node.v_leak)
    share = dt_s / p["tau"]
    return _spiking(name, node, 1 - share, share * p["r"], share * p["leak"])


def _i(name: str, node: nir.I, dt_s: float) -> torch_nn.Module:
    gain = _channels(name, r=node.r)["r"] * dt_s
    return _Driven(nn.Readout(decay=1.0, decay_input=False), gain, np.zeros(()))


def _li(name: str, node: nir.LI, dt_s: float) -> torch_nn.Module:
    p = _channels(name, tau=node.tau, r=node.r, leak=node.v_leak)
    share = dt_s / p["tau"]
    readout = nn.Readout(decay=_tensor(1 - share), decay_input=False)
    return _Driven(readout, share * p["r"], share * p["leak"])


def _synapse(name: str, node: Any, dt_s: float) -> torch_nn.Module:
    """Build the current of a current-based neuron, itself a leaky integrator."""
    p = _channels(name, tau=node.tau_syn, w=node.w_in)
    share = dt_s / p["tau"]
    readout = nn.Readout(decay=_tensor(1 - share), decay_input=False)
    return _Driven(readout, share * p["w"], np.zeros(()))


def _cuba_li(name: str, node: nir.CubaLI, dt_s: float) -> torch_nn.Module:
    membrane = nir.LI(node.tau_mem, node.r, node.v_leak)
    return torch_nn.Sequential(_synapse(name, node, dt_s), _li(name, membrane, dt_s))


def _cuba_lif(name: str, node: nir.CubaLIF, dt_s: float) -> torch_nn.Module:
    membrane = nir.LIF(node.tau_mem, node.r, node.v_leak, node.v_threshold, node.v_reset)
    membrane.metadata = node.metadata
    return torch_nn.Sequential(_synapse(name, node, dt_s), _lif(name, membrane, dt_s))


def _delay(name: str, node: nir.Delay, dt_s: float) -> torch_nn.Module:
    steps = _channels(name, delay=node.delay)["delay"] / dt_s
    if np.ndim(steps):
        raise ConfigError("NIR graph", f"{name}: delays that differ", "one delay for the layer")
    return _Delay(round(float(steps)))


_BUILD: dict[type, Callable[[str, Any, float], torch_nn.Module]] = {
    nir.Input: lambda _name, _node, _dt_s: torch_nn.Identity(),
    nir.Output: lambda _name, _node, _dt_s: torch_nn.Identity(),
    nir.Affine: lambda _name, node, _dt_s: _Linear(node.weight, node.bias),
    nir.Linear: lambda _name, node, _dt_s: _Linear(node.weight),
    nir.Conv1d: lambda _name, node, _dt_s: _Merged(_Conv(node)),
    nir.Conv2d: lambda _name, node, _dt_s: _Merged(_Conv(node)),
    nir.AvgPool2d: lambda _name, node, _dt_s: _Merged(_average(node)),
    nir.SumPool2d: lambda _name, node, _dt_s: _Merged(_SumPool(node)),
    nir.Flatten: lambda _name, node, _dt_s: _Merged(_Flatten(node)),
    nir.Scale: lambda _name, node, _dt_s: _Scale(node.scale),
    nir.Threshold: lambda _name, node, _dt_s: _Threshold(node.threshold),
    nir.Delay: _delay,
    nir.I: _i,
    nir.IF: _if,
    nir.LI: _li,
    nir.LIF: _lif,
    nir.CubaLI: _cuba_li,
    nir.CubaLIF: _cuba_lif,
}


def _build(name: str, node: Any, dt_s: float) -> torch_nn.Module:
    build = _BUILD.get(type(node))
    if build is None:
        names: Iterable[str] = sorted(kind.__name__ for kind in _BUILD)
        kind = type(node).__name__
        raise ConfigError("NIR graph", f"{name} ({kind})", f"one of {', '.join(names)}")
    return build(name, node, dt_s)
