"""Tiny models with random weights and the interfaces of the large ones, made in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OBJECTS = ("vehicle", "pedestrian")
SURFACES = ("sky", "road", "other")
BINS, CHANNELS, STRIDES = 5, 4, (8, 16, 32)

_CARD = """\
name = "{name}"
summary = "A toy."
task = "{task}"
representation = "voxel:5"
sensor = "any"
multiple = {multiple}
golden = "golden.npz"
licence = "CC0-1.0"
command = "make toy"

[inputs.events]
shape = [1, 5, "height", "width"]

{tensors}
[artifacts]
onnx = "model.onnx"
"""
_PERCEPTION = f"""\
[outputs.detection]
shape = [1, "21*height*width/1024", {5 + len(OBJECTS)}]
classes = ["vehicle", "pedestrian"]

[outputs.segmentation]
shape = [1, {len(SURFACES)}, "height/4", "width/4"]
classes = ["sky", "road", "other"]

[outputs.depth]
shape = [1, 2, "height/4", "width/4"]

[states.v]
shape = [1, {CHANNELS}, "height/4", "width/4"]
"""
_RECONSTRUCTION = """\
[outputs.image]
shape = [1, 1, "height", "width"]

[states.v]
shape = [1, 1, "height", "width"]
"""


def perception(folder: Path, *, seed: int = 0, name: str = "toy-perception") -> Path:
    """Write a spiking layer and three heads; return the folder of the model."""
    graph = _Graph(seed)
    x = graph.conv("events", BINS, CHANNELS, 4)
    spikes = graph.fire(x)
    graph.conv(spikes, CHANNELS, len(SURFACES), 1, output="segmentation")
    graph.conv(spikes, CHANNELS, 2, 1, output="depth")
    rows = [graph.rows(spikes, stride // 4, 5 + len(OBJECTS)) for stride in STRIDES]
    graph.add("Concat", rows, output="detection", axis=1)
    shapes = {
        "detection": [1, "places", 5 + len(OBJECTS)],
        "segmentation": [1, len(SURFACES), "h4", "w4"],
        "depth": [1, 2, "h4", "w4"],
    }
    state = [1, CHANNELS, "h4", "w4"]
    card = _CARD.format(name=name, task="perception", multiple=32, tensors=_PERCEPTION)
    return _write(folder / name, graph, shapes, state, card)


def reconstruction(folder: Path, *, name: str = "toy-reconstruction") -> Path:
    """Write a leaky sum of the events as a picture; return the folder of the model."""
    graph = _Graph(0)
    total = graph.add("ReduceMean", ["events", graph.constant(np.array([1]))], keepdims=1)
    leaky = graph.add("Mul", ["v", graph.constant(np.float32(0.5))])
    graph.add("Add", [leaky, total], output="next.v")
    graph.add("Sigmoid", ["next.v"], output="image")
    shapes = {"image": [1, 1, "height", "width"]}
    card = _CARD.format(name=name, task="reconstruction", multiple=8, tensors=_RECONSTRUCTION)
    return _write(folder / name, graph, shapes, [1, 1, "height", "width"], card)


class _Graph:
    """Nodes, and weights at random."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(seed)

    def constant(self, value: Any) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], *, output: str = "", **settings: Any) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **settings))
        return output

    def conv(self, x: str, before: int, after: int, size: int, *, output: str = "") -> str:
        weight = self._rng.normal(size=(after, before, size, size)).astype(np.float32)
        return self.add("Conv", [x, self.constant(weight)], output=output, strides=[size, size])

    def fire(self, x: str) -> str:
        leaky = self.add("Mul", ["v", self.constant(np.float32(0.5))])
        potential = self.add("Add", [leaky, x])
        limits = [self.constant(np.float32(bound)) for bound in (0, 4)]
        spikes = self.add("Floor", [self.add("Clip", [potential, *limits])])
        self.add("Sub", [potential, spikes], output="next.v")
        return spikes

    def rows(self, x: str, size: int, fields: int) -> str:
        pooled = self.add("AveragePool", [x], kernel_shape=[size, size], strides=[size, size])
        shape = self.constant(np.array([1, fields, -1]))
        flat = self.add("Reshape", [self.conv(pooled, CHANNELS, fields, 1), shape])
        return self.add("Transpose", [flat], perm=[0, 2, 1])


def _write(
    folder: Path, graph: _Graph, shapes: dict[str, list[Any]], state: list[Any], card: str
) -> Path:
    def value(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [value("events", [1, BINS, "height", "width"]), value("v", state)]
    outputs = [value(name, shape) for name, shape in {**shapes, "next.v": state}.items()]
    made = helper.make_graph(graph.nodes, "toy", inputs, outputs, graph.weights)
    folder.mkdir(parents=True, exist_ok=True)
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(made, opset_imports=opset, ir_version=9), folder / "model.onnx")
    (folder / "card.toml").write_text(card, encoding="utf-8")
    return folder
