"""Integer models in files, and files that only pretend."""

from __future__ import annotations

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eventvision.core import FormatError, OutputError, SensorSize, SourceError, SourceNotFoundError
from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    IntegerSimulator,
    Linear,
    Neuron,
    Output,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    Upsample,
    load_model,
    model_from_bytes,
    model_to_bytes,
    save_model,
)
from eventvision.spiking.integer._packing import pack_weights, packed_size, unpack_weights


def zeros(count, dtype):
    return np.zeros(count, dtype)


def model_of_all_nodes(bits=8):
    rng = np.random.default_rng(0)
    low, high = {8: (-128, 127), 4: (-8, 7), 2: (-1, 1)}[bits]

    def weight(*shape):
        return rng.integers(low, high + 1, shape).astype(np.int8)

    return IntegerModel(
        [
            Input(name="x", channels=3, exponent=-2, normalise=True),
            Conv2d(
                name="c", input="x", weight=weight(5, 3, 3, 3), bias=np.arange(5, dtype=np.int32),
                shift=np.arange(-2, 3, dtype=np.int8), stride=(2, 1), padding=(1, 1),
                weight_bits=bits,
            ),
            Neuron(
                name="n", input="c", threshold=np.arange(1, 6).astype(np.int16) * 50, leak=3,
                levels=4, rounding=True, initial=np.arange(5).astype(np.int16),
            ),
            Pool(name="p", input="n", kind="sum", size=(2, 2), shift=1),
            Upsample(name="u", input="p", like="n"),
            Concat(name="cc", inputs=("u", "n")),
            Add(name="a", inputs=("u", "n"), shifts=(1, 0)),
            Linear(
                name="l", input="cc", weight=weight(2, 10 * 2 * 4), bias=zeros(2, np.int32),
                shift=zeros(2, np.int8), weight_bits=bits,
            ),
            Requantise(name="q", input="l", shift=2),
            Readout(name="r", input="l", leak=np.array([[1, 2], [3, -1]], np.int8)),
            Pool(name="g", input="a", kind="max", size=None),
            Delay(name="d", input="n", like="n", channels=5),
            Concat(name="dn", inputs=("d", "n", "n", "d")),
            PixelShuffle(name="s", input="dn"),
            Places(name="pl", inputs=("s", "d")),
            Output(name="v", input="pl", curve="sigmoid"),
            Output(name="y", input="r", exponent=-7),
            Output(name="z", input="q"),
            Output(name="w", input="g"),
        ]
    )  # fmt: skip


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_a_model_comes_back_as_it_was(tmp_path, bits):
    model, path = model_of_all_nodes(bits), tmp_path / "folder" / "model.safetensors"
    save_model(model, path)
    back = load_model(path)
    assert model_to_bytes(back) == model_to_bytes(model)
    size = SensorSize(4, 4)
    values = {"x": np.random.default_rng(1).integers(0, 99, (3, 4, 4)).astype(np.uint8)}
    one, other = (IntegerSimulator(m, size).step(values) for m in (model, back))
    for name in ("v", "y", "z", "w"):
        np.testing.assert_array_equal(one[name], other[name])


def test_fewer_bits_make_smaller_files():
    sizes = [len(model_to_bytes(model_of_all_nodes(bits))) for bits in (8, 4, 2)]
    assert sizes[0] - sizes[1] >= (5 * 27 + 2 * 80) // 2 - 16
    assert sizes[1] > sizes[2]


def test_the_container_is_read_by_its_own_library():
    library = pytest.importorskip("safetensors.numpy")
    tensors = library.load(model_to_bytes(model_of_all_nodes()))
    assert tensors["c.bias"].tolist() == [0, 1, 2, 3, 4]


@given(
    bits=st.sampled_from([8, 4, 2]),
    raw=arrays(np.int8, st.integers(1, 40), elements=st.integers(-128, 127)),
)
def test_weights_survive_packing(bits, raw):
    low, high = {8: (-128, 127), 4: (-8, 7), 2: (-1, 1)}[bits]
    weights = np.clip(raw, low, high).astype(np.int8)
    packed = pack_weights(weights, bits)
    assert packed.size == packed_size(weights.size, bits)
    np.testing.assert_array_equal(unpack_weights(packed, weights.size, bits), weights)


def test_the_first_weight_lies_in_the_lowest_bits():
    assert pack_weights(np.array([-8, 7, 1], np.int8), 4).tolist() == [0x78, 0x01]
    assert pack_weights(np.array([1, -1, 0, 1, -1], np.int8), 2).tolist() == [0b01001101, 0b11]


def taken_apart():
    """Return header and arrays of a valid file, to be spoilt."""
    content = model_to_bytes(model_of_all_nodes())
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def with_graph(change):
    header, data = taken_apart()
    graph = json.loads(header["__metadata__"]["graph"])
    changed = change(graph)
    header["__metadata__"]["graph"] = json.dumps(graph if changed is None else changed)
    return put_together(header, data)


def with_header(change):
    header, data = taken_apart()
    change(header)
    return put_together(header, data)


def set_in(number, **settings):
    return lambda graph: graph[number].update(settings)


HOSTILE = {
    "empty": b"",
    "short": b"\x01\x02",
    "huge header": struct.pack("<Q", 2**63) + b"{}",
    "header past the end": struct.pack("<Q", 100) + b"{}",
    "not json": struct.pack("<Q", 4) + b"{{{{",
    "not text": struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
    "a list": struct.pack("<Q", 2) + b"[]",
    "deeply nested": struct.pack("<Q", 2_000_000) + b"[" * 2_000_000,
    "pickle": b"\x80\x04\x95" + b"\x00" * 50,
    "twin names": struct.pack("<Q", 15) + b'{"a":1, "a": 2}',
    "no metadata": with_header(lambda h: h.pop("__metadata__")),
    "metadata no texts": with_header(lambda h: h["__metadata__"].update(graph=3)),
    "other format": with_header(lambda h: h["__metadata__"].update(format="pt")),
    "other version": with_header(lambda h: h["__metadata__"].update(version="2")),
    "no graph": with_header(lambda h: h["__metadata__"].pop("graph")),
    "trailing bytes": model_to_bytes(model_of_all_nodes()) + b"\0",
    "cut off": model_to_bytes(model_of_all_nodes())[:-1],
    "overlap": with_header(lambda h: h["c.bias"].update(data_offsets=[0, 20])),
    "negative offset": with_header(lambda h: h["c.bias"].update(data_offsets=[-20, 0])),
    "huge shape": with_header(lambda h: h["c.bias"].update(shape=[2**62, 2**62])),
    "negative shape": with_header(lambda h: h["c.bias"].update(shape=[-5])),
    "many dimensions": with_header(lambda h: h["c.bias"].update(shape=[5] + [1] * 40)),
    "float array": with_header(lambda h: h["c.bias"].update(dtype="F32")),
    "type no text": with_header(lambda h: h["c.bias"].update(dtype=["I32"])),
    "no shape": with_header(lambda h: h["c.bias"].pop("shape")),
    "wrong type of bias": with_header(lambda h: h["c.bias"].update(dtype="U8", shape=[20])),
    "array unused": with_header(lambda h: h.update({"c.bias2": h.pop("c.bias")})),
    "graph no list": with_graph(lambda _: {"a": 1}),
    "node no object": with_graph(lambda graph: graph.insert(0, 7)),
    "node without kind": with_graph(lambda graph: graph[0].pop("node")),
    "unknown node": with_graph(set_in(0, node="os.system")),
    "unknown setting": with_graph(set_in(0, colour=1)),
    "missing setting": with_graph(lambda graph: graph[0].pop("channels")),
    "number as text": with_graph(set_in(0, channels="3")),
    "number as flag": with_graph(set_in(0, channels=True)),
    "name as number": with_graph(set_in(0, name=1)),
    "name with slash": with_graph(set_in(0, name="../x")),
    "huge channels": with_graph(set_in(0, channels=10**30)),
    "stride none": with_graph(set_in(1, stride=None)),
    "stride of three": with_graph(set_in(1, stride=[1, 1, 1])),
    "stride zero": with_graph(set_in(1, stride=[0, 1])),
    "huge padding": with_graph(set_in(1, padding=[10**9, 1])),
    "zero groups": with_graph(set_in(1, groups=0)),
    "three bits": with_graph(set_in(1, weight_bits=3)),
    "huge weights": with_graph(set_in(1, shape=[2**40, 3, 3, 3])),
    "empty weights": with_graph(set_in(1, shape=[0, 3, 3, 3])),
    "no weights": with_graph(set_in(1, shape=[])),
    "leak too large": with_graph(set_in(2, leak=16)),
    "leak of other channels": with_header(lambda h: h["r.leak"].update(shape=[4, 1])),
    "leak of another type": with_header(lambda h: h["r.leak"].update(dtype="U8")),
    "array beside a number": with_graph(lambda graph: graph[9].update(leak=3)),
    "normalise a number": with_graph(set_in(0, normalise=1)),
    "curve unknown": with_graph(lambda graph: graph[-1].update(curve="tanh")),
    "delay of a text": with_graph(lambda graph: graph[11].update(input=3)),
    "leak fraction": with_graph(set_in(2, leak=1.5)),
    "no levels": with_graph(set_in(2, levels=0)),
    "rounding a number": with_graph(set_in(2, rounding=1)),
    "reads itself": with_graph(set_in(2, input="n")),
    "reads nothing": with_graph(set_in(2, input="nobody")),
    "name twice": with_graph(set_in(2, name="c")),
    "inputs a text": with_graph(set_in(5, inputs="un")),
    "one input": with_graph(set_in(5, inputs=["u"])),
    "huge shift": with_graph(set_in(6, shifts=[40, 0])),
    "no output": with_graph(lambda graph: graph[:-4]),
    "too many nodes": with_graph(
        lambda graph: graph + [{"node": "Output", "name": f"o{i}", "input": "x", "exponent": 0}
                               for i in range(5000)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_gives_one_clear_error(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"no valid integer model: .*; export the model again"):
        load_model(path)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), header_only=st.booleans())
def test_a_flipped_byte_gives_a_model_or_a_clear_error(place, value, header_only):
    content = bytearray(model_to_bytes(model_of_all_nodes()))
    (length,) = struct.unpack_from("<Q", content)
    content[place % (8 + length if header_only else len(content))] = value
    with contextlib.suppress(ValueError):
        assert model_from_bytes(bytes(content)).outputs


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(SourceNotFoundError, match="no such file"):
        load_model(tmp_path / "nobody")
    with pytest.raises(SourceError, match="cannot be read"):
        load_model(tmp_path)
    with pytest.raises(OutputError, match="is a folder"):
        save_model(model_of_all_nodes(), tmp_path)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_model(model_of_all_nodes(), path)
    before = path.read_bytes()
    monkeypatch.setattr("eventvision.spiking.integer._files.model_to_bytes", lambda _model: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_model(model_of_all_nodes(4), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


ONE = np.ones(1, np.int8)


def conv(**changed):
    given = {
        "name": "c", "input": "x", "weight": np.ones((2, 1, 1, 1), np.int8),
        "bias": zeros(2, np.int32), "shift": zeros(2, np.int8),
    }  # fmt: skip
    return Conv2d(**given | changed)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: conv(weight=np.ones((2, 1, 1, 1))), "weight must be an array of int8"),
        (lambda: conv(bias=zeros(3, np.int32)), "bias needs one value per out channel"),
        (lambda: conv(shift=np.full(2, 32, np.int8)), "shift must be -8 to 31"),
        (lambda: conv(shift=np.full(2, -9, np.int8)), "shift must be -8 to 31"),
        (lambda: conv(weight=np.full((2, 1, 1, 1), 8, np.int8), weight_bits=4), "outside -8..7"),
        (lambda: conv(weight=np.full((2, 1, 1, 1), -2, np.int8), weight_bits=2), "outside -1..1"),
        (lambda: conv(bias=np.full(2, 2**31 - 1, np.int32)), "overflow the 32-bit accumulator"),
        (lambda: conv(groups=3), "groups must divide"),
        (lambda: Neuron(name="n", input="c", threshold=np.array([0], np.int16)), "above zero"),
        (lambda: Neuron(name="n", input="c", threshold=zeros(0, np.int16)), "above zero"),
        (lambda: Input(name="x", channels=0), "channels must be 1 to 65536"),
        (lambda: Input(name="x", channels=1, dtype="int16"), "dtype must be uint8 or int8"),
        (lambda: Pool(name="p", input="x", size=None, padding=(1, 1)), "whole plane"),
        (lambda: Pool(name="p", input="x", kind="max", shift=1), "only sums are shifted"),
        (lambda: Upsample(name="u", input="x", factor=1), "factor must be 2 to 64"),
    ],
)
def test_nodes_that_make_no_sense_are_refused(make, problem):
    with pytest.raises(ValueError, match=problem):
        make()


def network(*nodes):
    last = nodes[-1].name
    return IntegerModel([Input(name="x", channels=1), *nodes, Output(name="y", input=last)])


def fire(source, count, name="n"):
    return Neuron(name=name, input=source, threshold=np.ones(count, np.int16))


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([conv(), conv(name="d", input="c")], "d: reads int16; put a Neuron"),
        ([conv(weight=np.ones((2, 2, 1, 1), np.int8))], "c: reads 1 channels, its weight is for 2"),
        ([fire("x", 1)], "n: reads uint8; it needs an int16 current"),
        ([conv(), fire("c", 3)], "n: reads 2 channels, has 3 thresholds"),
        ([conv(), Pool(name="p", input="c")], "p: reads int16; only uint8 is pooled"),
        ([conv(), Add(name="a", inputs=("c", "x"))], "a: its inputs differ in type or channels"),
        ([conv(), Concat(name="a", inputs=("c", "x"))], "a: its inputs differ in type"),
        ([Readout(name="r", input="x")], "r: reads uint8"),
        ([Requantise(name="r", input="x")], "r: reads uint8; only int16 is requantised"),
    ],
)
def test_networks_that_do_not_fit_together_are_refused(nodes, problem):
    with pytest.raises(ValueError, match=problem):
        network(*nodes)


@pytest.mark.parametrize(
    ("nodes", "size", "problem"),
    [
        ([conv(weight=np.ones((2, 1, 5, 5), np.int8))], SensorSize(4, 9), "window is larger"),
        (
            [Linear(name="l", input="x", weight=np.ones((1, 6), np.int8),
                    bias=zeros(1, np.int32), shift=zeros(1, np.int8))],
            SensorSize(2, 2), "reads 4 values, its weight is for 6",
        ),
        (
            [Pool(name="p", input="x"), Add(name="a", inputs=("x", "p"))],
            SensorSize(4, 4), "its inputs differ in size",
        ),
        (
            [Pool(name="p", input="x", size=(4, 4)), Upsample(name="u", input="p", like="x")],
            SensorSize(8, 8), "does not cover x closely",
        ),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_refused(nodes, size, problem):
    with pytest.raises(ValueError, match=problem):
        network(*nodes).shapes(size)


def test_each_input_needs_a_size():
    model = IntegerModel([Input(name="x", channels=1), Output(name="y", input="x")])
    with pytest.raises(ValueError, match="no size given for input x"):
        model.shapes({})
