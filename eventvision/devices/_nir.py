"""NIR graphs in plain numpy: chains and branches of layers and of neurons that fire single spikes.

Time is discretised by Euler's rule with the step that the graph's metadata names. Where several
edges meet, their values are added. Neurons that this library wrote fire at their threshold and lose
it (their metadata says so); those of others fire above it and go back to their reset value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, Fit, ModelCard, ModelError

from ._tensors import Arrays

_PREFIX = "eventvision."
_DT_S = 1e-4
_REMEDY = "run its onnx or integer form"

Floats = NDArray[np.float32]
Layer = Callable[[Floats], Floats]


def nir_fit(card: ModelCard) -> Fit:
    """Say whether every node of a model's NIR form is known here."""
    try:
        NirSession(card, {name: spec.shape_for({}) for name, spec in card.outputs.items()})
    except _UnknownNodeError as error:
        return Fit(layer=error.layer, reason=error.reason, remedy=_REMEDY)
    except ValueError:
        return Fit(reason="NIR graphs have one size, the card leaves it free", remedy=_REMEDY)
    return Fit(artifact="nir")


class NirSession:
    """A NIR graph that runs.

    Args:
        card: The model, of one input and one output.
        shapes: Shape of each output.

    Raises:
        ModelError: If the file is damaged.
        DeviceError: If a node is not known.
    """

    def __init__(self, card: ModelCard, shapes: Mapping[str, tuple[int, ...]]) -> None:
        graph = _graph(card, card.artifact("nir"))
        ((self._name, self._shape),) = shapes.items()
        (self._input,) = card.inputs
        self._sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for start, end in graph.edges:
            self._sources[end].append(start)
        self._order = _ordered(self._sources)
        metadata = getattr(graph, "metadata", None) or {}
        step_s = float(metadata.get(_PREFIX + "dt_s", _DT_S))
        self._neurons: list[_Neuron] = []
        self._layers = {name: self._built(name, graph.nodes[name], step_s) for name in self._order}

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take a step."""
        values: dict[str, Floats] = {}
        last = np.asarray(inputs[self._input][0], np.float32)
        for name in self._order:
            sources = self._sources[name]
            given = (
                sum((values[each] for each in sources[1:]), values[sources[0]]) if sources else last
            )
            values[name] = self._layers[name](given)
        return {self._name: values[self._order[-1]].reshape(self._shape)}

    def reset(self) -> None:
        """Set all potentials back."""
        for neuron in self._neurons:
            neuron.v = None

    def close(self) -> None:
        """Nothing is held but memory."""

    def _built(self, name: str, node: Any, step_s: float) -> Layer:
        kind = type(node).__name__
        if kind in _PLAIN:
            return _PLAIN[kind](node)
        if kind not in {"IF", "LIF", "LI", "I"}:
            raise _UnknownNodeError(name, f"NIR's {kind} is not known here")
        neuron = _Neuron(name, node, step_s)
        self._neurons.append(neuron)
        return neuron


class _UnknownNodeError(DeviceError):
    def __init__(self, layer: str, reason: str) -> None:
        super().__init__("reference", f"layer {layer}: {reason}", _REMEDY)
        self.layer, self.reason = layer, reason


class _Neuron:
    """Potentials of a layer: v = decay * v + gain * x + leak, and spikes where there are any."""

    def __init__(self, name: str, node: Any, step_s: float) -> None:
        said = {
            key: value.decode() if isinstance(value, bytes) else value
            for key, value in (node.metadata or {}).items()
        }
        if said.get(_PREFIX + "neuron", "IF") not in {"IF", "LIF"}:
            raise _UnknownNodeError(name, f"its neurons are {said[_PREFIX + 'neuron']}")
        share = step_s / np.asarray(node.tau) if hasattr(node, "tau") else np.zeros(())
        gain = np.asarray(node.r) * (share if hasattr(node, "tau") else step_s)
        self._decay, self._gain = np.float32(1 - share), np.float32(gain)
        self._leak = np.float32(share * getattr(node, "v_leak", 0.0))
        self._fires = hasattr(node, "v_threshold")
        self._is_ours = _PREFIX + "neuron" in said
        self._is_soft = said.get(_PREFIX + "reset", "hard") == "soft"
        self._stays = said.get(_PREFIX + "reset", "hard") == "none"
        self._threshold = np.float32(getattr(node, "v_threshold", 0.0))
        self._after = np.float32(getattr(node, "v_reset", 0.0))
        initial: Floats = np.asarray(said.get(_PREFIX + "initial", 0.0), np.float32)
        self._initial = initial.reshape(-1, 1, 1) if initial.ndim and node.r.ndim > 1 else initial
        self.v: Floats | None = None

    def __call__(self, x: Floats) -> Floats:
        """Take a step."""
        before = np.broadcast_to(self._initial, x.shape) if self.v is None else self.v
        v = self._decay * before + (self._gain * x + self._leak)
        if not self._fires:
            self.v = v
            return v
        spikes = v >= self._threshold if self._is_ours else v > self._threshold
        if self._is_soft:
            v = v - spikes * (self._threshold - self._after)
        elif not self._stays:
            v = np.where(spikes, self._after, v)
        self.v = v.astype(np.float32)
        return spikes.astype(np.float32)


def _convolution(node: Any) -> Layer:
    weight: Floats = np.asarray(node.weight, np.float32)
    bias: Floats = np.asarray(node.bias, np.float32)
    groups, stride, dilation = int(node.groups), _pair(node.stride), _pair(node.dilation)
    padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if isinstance(padding, str):
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        sides = [(0, 0)] * 2 if padding == "valid" else [(r // 2, r - r // 2) for r in reach]
    else:
        sides = [(each, each) for each in _pair(padding)]

    def run(x: Floats) -> Floats:
        windows = _windows(np.pad(x, [(0, 0), *sides]), weight.shape[2:], stride, dilation)
        parts = zip(np.split(windows, groups), np.split(weight, groups), strict=True)
        found = [np.tensordot(w, part, ((1, 2, 3), (0, 3, 4))) for part, w in parts]
        return np.asarray(np.concatenate(found) + bias[:, None, None], np.float32)

    return run


def _pool(node: Any, *, mean: bool) -> Layer:
    size, stride, padding = _pair(node.kernel_size), _pair(node.stride), _pair(node.padding)

    def run(x: Floats) -> Floats:
        padded = np.pad(x, [(0, 0), *((each, each) for each in padding)])
        total = _windows(padded, size, stride, (1, 1)).sum((3, 4))
        return np.asarray(total / (size[0] * size[1]) if mean else total, np.float32)

    return run


def _windows(
    x: Floats, size: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> Floats:
    """Return the windows of a picture, (channels, rows, columns, *size)."""
    whole = tuple(d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(x, whole, (1, 2))
    steps = (slice(None), *(slice(None, None, each) for each in (*stride, *dilation)))
    return np.asarray(windows[steps])


def _flatten(node: Any) -> Layer:
    start, end = int(node.start_dim), int(node.end_dim)

    def run(x: Floats) -> Floats:
        last = end % x.ndim
        return x.reshape(*x.shape[:start], -1, *x.shape[last + 1 :])

    return run


def _product(node: Any) -> Layer:
    weight: Floats = np.asarray(node.weight, np.float32)
    bias: Floats = np.asarray(getattr(node, "bias", 0.0), np.float32)
    return lambda x: np.asarray(weight @ x + bias, np.float32)


_PLAIN: dict[str, Callable[[Any], Layer]] = {
    "Input": lambda _: lambda x: x,
    "Output": lambda _: lambda x: x,
    "Conv2d": _convolution,
    "Linear": _product,
    "Affine": _product,
    "SumPool2d": lambda node: _pool(node, mean=False),
    "AvgPool2d": lambda node: _pool(node, mean=True),
    "Flatten": _flatten,
    "Scale": lambda node: lambda x: np.asarray(x * np.float32(node.scale), np.float32),
    "Threshold": lambda node: lambda x: np.asarray(x > np.float32(node.threshold), np.float32),
}


def _ordered(sources: Mapping[str, list[str]]) -> list[str]:
    """Return nodes, each after its sources; a loop is not known here."""
    order: list[str] = []
    left = dict(sources)
    while left:
        ready = [name for name, before in left.items() if not set(before) & left.keys()]
        if not ready:
            raise _UnknownNodeError(next(iter(left)), "it is part of a loop")
        order += ready
        for name in ready:
            del left[name]
    outputs = set(sources) - {name for before in sources.values() for name in before}
    return sorted(order, key=lambda name: name in outputs)


def _graph(card: ModelCard, path: Path) -> Any:
    try:
        import nir
    except ImportError as error:
        raise DeviceError(
            "reference", f"reading NIR needs nir ({error})", "pip install nir"
        ) from None
    try:
        return nir.read(path)
    except Exception as error:  # h5py and nir raise what they like
        problem = f"cannot read {path.name} ({error})"
        raise ModelError(card.name, problem, "export the model again") from None


def _pair(value: Any) -> tuple[int, int]:
    numbers = np.broadcast_to(np.asarray(value), 2)
    return int(numbers[0]), int(numbers[1])
