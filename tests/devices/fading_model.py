"""A small ONNX model with state and free sizes, written by hand into a folder of its own."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from eventvision.core import GoldenSample, load_card, save_golden

CARD = """
name = "fading"
summary = "Halves a picture and lets what it saw fade."
task = "reconstruction"
representation = "histogram"
sensor = "any"
golden = "golden.npz"
licence = "Apache-2.0"
command = "none"
multiple = 2
limits = []
{states}
[inputs.events]
shape = [1, 1, "height", "width"]

[outputs.image]
shape = [1, 1, "height/2", "width/2"]

[artifacts]
onnx = "model.onnx"

[tolerance]
onnx = 1e-6

[[data]]
name = "none"
licence = "none"
origin = "none"
"""
STATE = """
[states.v]
shape = [1, 1, "height/2", "width/2"]
"""


def write_model(folder, *, state=STATE, state_name="v", height="height", width="width"):
    """Write the model; return its card. `state` is what the card says of it."""
    folder.mkdir(exist_ok=True)
    half = [None if isinstance(each, str) else each // 2 for each in (height, width)]
    nodes = [
        helper.make_node("AveragePool", ["events"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Mul", [state_name, "leak"], ["left"]),
        helper.make_node("Add", ["small", "left"], ["image"]),
        helper.make_node("Identity", ["image"], [f"next.{state_name}"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "fading",
        [
            value("events", TensorProto.FLOAT, [1, 1, height, width]),
            value(state_name, TensorProto.FLOAT, [1, 1, *half]),
        ],
        [
            value("image", TensorProto.FLOAT, [1, 1, *half]),
            value(f"next.{state_name}", TensorProto.FLOAT, [1, 1, *half]),
        ],
        [helper.make_tensor("leak", TensorProto.FLOAT, [], [0.5])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    (folder / "card.toml").write_text(CARD.format(states=state))
    events = np.random.default_rng(0).poisson(0.5, (4, 1, 1, 6, 10)).astype(np.float32)
    golden = GoldenSample(
        inputs={"events": events}, outputs={"image": expected(events)}, integer_outputs={}
    )
    save_golden(folder / "golden.npz", golden)
    return load_card(folder)


def expected(events):
    """Return what the model answers to a stream, shape (steps, 1, 1, height, width)."""
    steps, _, _, height, width = events.shape
    small = events.reshape(steps, 1, 1, height // 2, 2, width // 2, 2).mean((4, 6))
    state, images = np.zeros_like(small[0]), []
    for each in small:
        state = each + np.float32(0.5) * state
        images.append(state)
    return np.stack(images)
