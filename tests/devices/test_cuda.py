"""The cuda device computes what ONNX says; its calls are tried on the host, the rest on a GPU."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from eventvision.core import DeviceError, SessionOptions, load_card, load_golden  # noqa: E402
from eventvision.devices import StepTimer, find_device, open_session  # noqa: E402
from eventvision.devices._cuda._program import Runner, read_program  # noqa: E402

torch.set_num_threads(1)
CARD = load_card("digits-nano")
GOLDEN = load_golden(CARD)
HOST = torch.device("cpu")
HAS_GPU = find_device("cuda").probe().is_present
RNG = np.random.default_rng(3)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.array(values, np.int64)


X = floats(1, 4, 6, 8)
CASES = {
    "broadcast": ("Add", {}, [X, floats(4, 1, 1)]),
    "divide": ("Div", {}, [X, floats(8)]),
    "divide whole": ("Div", {}, [whole(7, -7), whole(2, 2)]),
    "mod": ("Mod", {}, [whole(7, -7), whole(3, 3)]),
    "most": ("Max", {}, [X, floats(8), floats(1)]),
    "clip": ("Clip", {}, [X, np.float32(-0.5), np.float32(0.5)]),
    "clip above": ("Clip", {}, [X, None, np.float32(0.5)]),
    "round half to even": ("Round", {}, [np.array([0.5, 1.5, 2.5, -0.5], np.float32)]),
    "where": ("Where", {}, [X > 0, X, floats(1)]),
    "cast": ("Cast", {"to": TensorProto.INT64}, [X * 9]),
    "cast bool": ("Cast", {"to": TensorProto.FLOAT}, [X > 0]),
    "leaky": ("LeakyRelu", {"alpha": 0.3}, [X]),
    "softmax": ("Softmax", {"axis": 1}, [X]),
    "mean": ("ReduceMean", {"keepdims": 1}, [X, whole(2, 3)]),
    "sum of all": ("ReduceSum", {"keepdims": 0}, [X]),
    "largest": ("ReduceMax", {}, [X, whole(1)]),
    "shape": ("Shape", {"start": 1, "end": 3}, [X]),
    "reshape": ("Reshape", {}, [X, whole(0, -1, 8)]),
    "expand": ("Expand", {}, [floats(4, 1), whole(3, 1, 5)]),
    "squeeze": ("Squeeze", {}, [X, whole(0)]),
    "unsqueeze": ("Unsqueeze", {}, [X, whole(0, 5)]),
    "flatten": ("Flatten", {"axis": 2}, [X]),
    "transpose": ("Transpose", {"perm": [0, 2, 3, 1]}, [X]),
    "transpose all": ("Transpose", {}, [X]),
    "concat": ("Concat", {"axis": -1}, [X, floats(1, 4, 6, 2)]),
    "slice": ("Slice", {}, [X, whole(1, 0), whole(-1, 1 << 40), whole(2, 3), whole(1, 2)]),
    "gather one": ("Gather", {"axis": 1}, [X, np.array(-1)]),
    "gather some": ("Gather", {"axis": 3}, [X, whole(7, 0, 3)]),
    "gather table": ("Gather", {"axis": 1}, [X, np.array([[0, 1], [2, 3]])]),
    "range": ("Range", {}, [np.array(2), np.array(9), np.array(3)]),
    "filled": ("ConstantOfShape", {"value": numpy_helper.from_array(floats(1))}, [whole(2, 3)]),
    "pad": ("Pad", {}, [X, whole(0, 0, 1, 2, 0, 0, 3, 4), np.float32(7)]),
    "pad axes": ("Pad", {}, [X, whole(1, 2, 3, 4), None, whole(-1, 2)]),
    "conv": ("Conv", {"pads": [1, 1, 1, 1], "strides": [2, 1]}, [X, floats(5, 4, 3, 3), floats(5)]),
    "conv groups": ("Conv", {"group": 4, "dilations": [2, 2]}, [X, floats(4, 1, 3, 3)]),
    "conv uneven": ("Conv", {"pads": [0, 1, 1, 2]}, [X, floats(2, 4, 3, 3)]),
    "average": ("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}, [X]),
    "average pad": (
        "AveragePool",
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        [X],
    ),
    "max pool": ("MaxPool", {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 0]}, [X]),
    "global": ("GlobalAveragePool", {}, [X]),
    "gemm": (
        "Gemm",
        {"transB": 1, "alpha": 0.5, "beta": 2.0},
        [floats(3, 4), floats(2, 4), floats(2)],
    ),
    "product": ("MatMul", {}, [floats(2, 3, 4), floats(4, 5)]),
    "depth first": ("DepthToSpace", {"blocksize": 2, "mode": "DCR"}, [X]),
    "column first": ("DepthToSpace", {"blocksize": 2, "mode": "CRD"}, [X]),
    "space": ("SpaceToDepth", {"blocksize": 2}, [X]),
    "nearest": (
        "Resize",
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        [X, None, np.array([1, 1, 2, 2], np.float32)],
    ),
    "nearest to size": (
        "Resize",
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        [X, None, None, whole(1, 4, 9, 13)],
    ),
    "linear": ("Resize", {"mode": "linear"}, [X, None, np.array([1, 1, 2, 2], np.float32)]),
}  # fmt: skip


def model_of(operator, attributes, inputs):
    """Return a graph of one node, whose inputs are all constants but the first."""
    names = [f"i{number}" if value is not None else "" for number, value in enumerate(inputs)]
    first = inputs[0]
    dtype = helper.np_dtype_to_tensor_dtype(first.dtype)
    count = 2 if operator == "Split" else 1
    graph = helper.make_graph(
        [helper.make_node(operator, names, [f"o{i}" for i in range(count)], **attributes)],
        "one",
        [helper.make_tensor_value_info(names[0], dtype, first.shape)],
        [helper.make_empty_tensor_value_info(f"o{i}") for i in range(count)],
        [
            numpy_helper.from_array(np.asarray(value), name)
            for name, value in zip(names[1:], inputs[1:], strict=True)
            if name
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def saved(model, folder):
    path = folder / "model.onnx"
    onnx.save(model, path)
    return dataclasses.replace(CARD, folder=folder, artifacts={"onnx": path.name})


@pytest.mark.parametrize("case", CASES)
def test_an_operator_does_what_onnx_says(tmp_path, case):
    operator, attributes, inputs = CASES[case]
    model = model_of(operator, attributes, inputs)
    (expected,) = reference.ReferenceEvaluator(model).run(None, {"i0": inputs[0]})
    runner = Runner(read_program(saved(model, tmp_path)), HOST)
    for _ in range(2):
        found = runner({"i0": torch.from_numpy(np.array(inputs[0]))})["o0"].numpy()
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=2e-6, rtol=1e-5)


def test_a_part_is_cut_off_at_sizes(tmp_path):
    for at, model in (
        (1, model_of("Split", {"axis": 1}, [X, whole(1, 3)])),
        (2, model_of("Split", {"axis": 1, "num_outputs": 2}, [X])),
    ):
        found = Runner(read_program(saved(model, tmp_path)), HOST)({"i0": torch.from_numpy(X)})
        np.testing.assert_array_equal(found["o1"], X[:, at:])


@pytest.mark.parametrize(
    ("operator", "attributes", "inputs"),
    [
        ("Pad", {"mode": "reflect"}, [X, whole(0, 0, 1, 1, 0, 0, 1, 1)]),
        ("Resize", {"mode": "cubic"}, [X, None, np.array([1, 1, 2, 2], np.float32)]),
        ("Conv", {"auto_pad": "SAME_UPPER"}, [X, floats(2, 4, 3, 3)]),
        ("Slice", {}, [X, whole(5), whole(0), whole(2), whole(-1)]),
    ],
)
def test_a_form_that_is_not_known_is_refused_rather_than_guessed(
    tmp_path, operator, attributes, inputs
):
    runner = Runner(read_program(saved(model_of(operator, attributes, inputs), tmp_path)), HOST)
    with pytest.raises(DeviceError, match="not known here"):
        runner({"i0": torch.from_numpy(X)})


def test_an_operator_that_is_not_known_is_named_before_anything_runs(tmp_path):
    card = saved(model_of("Hardmax", {}, [X]), tmp_path)
    fit = find_device("cuda").fits(card, SessionOptions())
    assert (fit.is_yes, fit.layer) == (False, "o0")
    assert "Hardmax" in fit.reason


@torch.no_grad()
def test_a_network_gives_its_golden_output():
    runner = Runner(read_program(CARD), HOST)
    states = {name: torch.zeros(spec.shape) for name, spec in CARD.states.items()}
    outputs = []
    for events in GOLDEN.inputs["events"]:
        found = runner({"events": torch.from_numpy(events), **states})
        states = {name: found[f"next.{name}"] for name in states}
        outputs.append(found["output"].numpy())
    np.testing.assert_allclose(
        np.stack(outputs), GOLDEN.outputs["output"], atol=CARD.tolerance["onnx"]
    )


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_without_a_gpu_it_says_what_is_missing():
    info = find_device("cuda").probe()
    assert info.remedy
    with pytest.raises(DeviceError, match=info.missing):
        open_session(CARD, "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="no CUDA device")
def test_a_gpu_gives_the_golden_output_and_its_time():
    with open_session(CARD, "cuda") as session:
        found = [session.step({"events": events})["output"] for events in GOLDEN.inputs["events"]]
        assert session.facet(StepTimer).read_us() > 0
    np.testing.assert_allclose(
        np.stack(found), GOLDEN.outputs["output"], atol=CARD.tolerance["onnx"]
    )


def test_events_are_rendered_where_the_network_runs(monkeypatch):
    """Under Triton's interpreter, on the host."""
    import importlib.util
    import sys

    pytest.importorskip("triton", reason="Triton is not installed here")
    from eventvision.core import EVENT_DTYPE, Events, SensorSize, Slice
    from eventvision.devices._cuda._events import EventRenderer
    from eventvision.representations import parse_representation

    name = "eventvision.kernels.gpu.scatter"
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("eventvision.devices._cuda._events._FIRST_ROOM", 8)
    sensor = SensorSize(12, 9)
    for text in ("voxel:3", "histogram"):
        representation = parse_representation(text, sensor)
        planes = torch.zeros(1, *representation.shape)
        renderer = EventRenderer(text, planes)
        for count, t0_us in ((5, 0), (0, 1_000), (40, 2_000)):
            data = np.zeros(count, EVENT_DTYPE)
            data["t"] = np.sort(RNG.integers(t0_us, t0_us + 1_000, count))
            data["x"], data["y"] = RNG.integers(0, 12, count), RNG.integers(0, 9, count)
            data["on"] = RNG.random(count) < 0.5
            renderer.render(data, t0_us, 1_000)
            slice_ = Slice(0, Events(data, sensor), t0_us, t0_us + 1_000, "time")
            expected = representation.render(slice_)
            np.testing.assert_allclose(planes[0].numpy(), expected, atol=1e-5)
