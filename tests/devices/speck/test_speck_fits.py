"""What fits the chip and what does not: the layer is named, and why, before anything runs."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import PurePosixPath
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from eventvision.core import DeviceError, OutputError, SensorSize, SessionOptions, load_card
from eventvision.core import load_golden as golden_of
from eventvision.devices import find_device
from eventvision.devices.speck import (
    CORES,
    BoardNetwork,
    ChipLayer,
    Core,
    MisfitError,
    SpeckDevice,
    board_missing,
    chip_form,
    chip_plan,
    match,
    write_chip_form,
)
from eventvision.devices.speck import _board as board
from eventvision.spiking.integer import (
    Add,
    Conv2d,
    Input,
    IntegerModel,
    IntegerSimulator,
    Neuron,
    Output,
    Pool,
    Readout,
    Requantise,
    load_model,
)

SENSOR = SensorSize(11, 12)
KI = 1024


def changed(nodes, name, **settings):
    nodes[name] = dataclasses.replace(nodes[name], **settings)
    return IntegerModel(nodes.values())


REFUSED = {
    "leak": ("n1", {"leak": 3}, "n1", "leak"),
    "counts": ("n1", {"levels": 4, "rounding": True}, "n1", "numbers of 0 to 4"),
    "rounding": ("n2", {"rounding": True}, "n2", "half a threshold"),
    "shift": ("c1", {"shift": np.ones(6, np.int8)}, "c1", "shifted"),
    "thresholds": ("n1", {"threshold": np.arange(300, 306).astype(np.int16)}, "n1", "differ"),
    "bias": ("c1", {"bias": np.full(6, 128, np.int32)}, "c1", "more than 8 bits"),
    "largest": ("p1", {"kind": "max"}, "p1", "largest"),
    "overlap": ("p1", {"size": (3, 3), "stride": (2, 2)}, "p1", "overlap"),
    "pool of three": ("p1", {"size": (3, 3)}, "p1", "pools 3x3"),
    "oblong pool": ("p1", {"size": (1, 2)}, "p1", "pools 1x2"),
    "stride": ("c1", {"stride": (3, 1)}, "c1", "stride"),
    "padding": ("c1", {"padding": (8, 8)}, "c1", "padding"),
    "oblong": ("c1", {"weight": np.ones((6, 2, 3, 2), np.int8)}, "c1", "square"),
    "signed": ("in", {"dtype": "int8"}, "in", "signed"),
    "scaled": ("in", {"exponent": -3}, "in", "scaled"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "layer", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_the_chip_cannot_do_is_refused_by_name(small_nodes, name, settings, layer, reason):
    nodes = {each: node for each, node in small_nodes().items() if each not in {"p2", "l3", "n3"}}
    nodes["out"] = Output(name="out", input="n2")
    with pytest.raises(MisfitError, match=reason) as caught:
        chip_plan(changed(nodes, name, **settings), SensorSize(24, 24))
    assert caught.value.layer == layer
    assert caught.value.remedy


def ends(small_nodes, *nodes):
    """Return the small model, cut after its first layer, with another end."""
    kept = {name: node for name, node in small_nodes().items() if name in {"in", "c1", "n1"}}
    return IntegerModel([*kept.values(), *nodes])


@pytest.mark.parametrize(
    ("nodes", "layer", "reason"),
    [
        ((Add(name="sum", inputs=("n1", "n1")), Output(name="out", input="sum")),
         "sum", "residual"),
        ((Readout(name="read", input="c1"), Output(name="out", input="read")),
         "read", "potentials"),
        ((Requantise(name="q", input="c1"), Output(name="out", input="q")), "q", "currents"),
        ((Pool(name="p", input="n1"), Output(name="out", input="p")), "p", "output follows"),
        ((Output(name="out", input="c1"),), "c1", "one layer of neurons"),
        ((Output(name="one", input="n1"), Output(name="two", input="n1")), "two", "only one input"),
    ],
)  # fmt: skip
def test_ends_and_joins_that_the_chip_lacks_are_refused(small_nodes, nodes, layer, reason):
    with pytest.raises(MisfitError, match=reason) as caught:
        chip_plan(ends(small_nodes, *nodes), SENSOR)
    assert caught.value.layer == layer


def wide(channels, height, before="in", kernel=3):
    return (
        Conv2d(
            name=f"c{channels}",
            input=before,
            weight=np.ones((channels, 16, kernel, kernel), np.int8),
            bias=np.zeros(channels, np.int32),
            shift=np.zeros(channels, np.int8),
            padding=(kernel // 2,) * 2,
        ),
        Neuron(name="n", input=f"c{channels}", threshold=np.full(channels, 9, np.int16)),
        Output(name="out", input="n"),
    )


@pytest.mark.parametrize(
    ("channels", "side", "reason"),
    [
        (32, 64, r"131072 of neurons; no core has more than 65536 for neurons"),
        (1024, 4, r"262144 words of weights .*; no core has more than 65536 for weights"),
        (256, 16, r"65536 words of weights and 65536 of neurons; no core has both"),
        (8, 65, "its output is 65x65"),
        (8, 130, "its input is 130x130"),
    ],
)
def test_layers_that_no_core_holds_are_refused(channels, side, reason):
    model = IntegerModel((Input(name="in", channels=16), *wide(channels, side)))
    with pytest.raises(MisfitError, match=reason):
        chip_plan(model, SensorSize(side, side))


def layer_of(weights, neurons, name="x"):
    """Return a layer that takes so many words, which are powers of two."""
    return ChipLayer(
        name=name, neuron="n", source="", pool=1, input_shape=(weights, 1, 1),
        shape=(1, neurons, 1), weight=np.ones((1, weights, 1, 1), np.int8),
        bias=np.zeros(1, np.int8), threshold=1, levels=1, initial=np.zeros(1, np.int16),
        stride=(1, 1), padding=(0, 0),
    )  # fmt: skip


def is_possible(layers, cores):
    """Try all assignments."""
    if not layers:
        return True
    return any(
        layers[0].fits(core) and is_possible(layers[1:], [c for c in cores if c != core])
        for core in cores
    )


def test_a_matching_is_found_exactly_where_there_is_one():
    draw = np.random.default_rng(8)
    outcomes = set()
    for _ in range(120):
        cores = [Core(n, *(int(2 ** draw.integers(2, 6)) for _ in range(2))) for n in range(4)]
        layers = [layer_of(*(int(2 ** draw.integers(2, 6)) for _ in range(2)), f"l{n}")
                  for n in range(4)]  # fmt: skip
        try:
            found = match(layers, cores)
        except MisfitError:
            found = None
        assert (found is not None) == is_possible(layers, cores)
        outcomes.add(found is not None)
        if found is not None:
            assert len(set(found)) == len(layers)
            assert all(layer.fits(core) for layer, core in zip(layers, found, strict=True))
    assert outcomes == {True, False}


def test_layers_move_over_for_one_that_fits_one_core_only():
    small, large = Core(0, 16, 64), Core(1, 64, 16)
    flexible, narrow = layer_of(8, 8, "flexible"), layer_of(8, 64, "narrow")
    assert match([flexible, narrow], [small, large]) == (large, small)


def test_the_layers_that_share_too_few_cores_are_named():
    layers = [layer_of(64 * KI, 1, f"l{n}") for n in range(3)]
    with pytest.raises(MisfitError, match="l0, l1, l2 are 3 layers, and 2 cores have room"):
        match(layers)


def test_ten_layers_are_one_too_many():
    with pytest.raises(MisfitError, match="10 layers, and 9 cores") as caught:
        match([layer_of(1, 1, f"l{n}") for n in range(10)], CORES)
    assert caught.value.layer == "l9"


def test_a_third_reader_is_too_many(small_nodes):
    nodes = small_nodes()
    chain = [nodes[name] for name in ("in", "c1", "n1")]
    copies = [
        dataclasses.replace(each, **renamed)
        for n in range(3)
        for each, renamed in ((nodes["c2"], {"name": f"c2{n}", "input": "n1"}),
                              (nodes["n2"], {"name": f"n2{n}", "input": f"c2{n}"}))
    ]  # fmt: skip
    model = IntegerModel([*chain, *copies, Output(name="out", input="n20")])
    with pytest.raises(MisfitError, match="c1 would send to more than 2 cores"):
        chip_plan(model, SENSOR)


@pytest.fixture
def rough_nodes(small_nodes):
    """Nodes as the quantiser makes them: a shift for every channel, thresholds that differ."""
    nodes = small_nodes()
    draw = np.random.default_rng(4)
    for convolution, neuron in (("c1", "n1"), ("c2", "n2"), ("l3", "n3")):
        channels = len(nodes[convolution].bias)
        shift = draw.integers(-1, 3, channels).astype(np.int8)
        nodes[convolution] = dataclasses.replace(nodes[convolution], shift=shift)
        threshold = draw.integers(200, 400, channels).astype(np.int16)
        nodes[neuron] = dataclasses.replace(nodes[neuron], threshold=threshold)
    return nodes


def test_the_chip_form_fits_and_fires_nearly_alike(rough_nodes):
    rough = IntegerModel(rough_nodes.values())
    with pytest.raises(MisfitError, match="chip form"):
        chip_plan(rough, SENSOR)
    form = chip_form(rough)
    chip_plan(form, SENSOR)
    draw = np.random.default_rng(0)
    one, other = IntegerSimulator(rough, SENSOR), IntegerSimulator(form, SENSOR)
    fired = {"one": 0, "other": 0}
    for _ in range(20):
        given = {"in": draw.poisson(0.6, (2, 12, 11)).astype(np.uint8)}
        one.step(given)
        other.step(given)
        fired["one"] += int(one.tensor("n1").sum())
        fired["other"] += int(other.tensor("n1").sum())
    assert fired["other"] == pytest.approx(fired["one"], rel=0.02)


def test_a_written_chip_form_answers_its_own_golden_sample(tmp_path):
    out = tmp_path / "chip"
    write_chip_form("digits-nano", out)
    card = load_card(out)
    golden = golden_of(card)
    simulator = IntegerSimulator(load_model(card.artifact("integer")), SensorSize(34, 34))
    found = [simulator.step({"input": step[0]})["output"] for step in golden.inputs["events"]]
    expected = golden.expected("integer")["output"]
    np.testing.assert_array_equal(np.reshape(found, expected.shape), expected)
    with pytest.raises(OutputError, match="there already"):
        write_chip_form("digits-nano", out)


def test_digits_nano_fits_and_models_without_an_integer_form_do_not():
    card = load_card("digits-nano")
    device = find_device("speck")
    assert device.fits(card, SessionOptions()).is_yes
    other = dataclasses.replace(card, artifacts={"onnx": "model.onnx"})
    assert "takes integer" in device.fits(other, SessionOptions()).reason


def test_a_model_of_free_size_is_refused_before_its_size_is_known(small_nodes, tmp_path):
    from eventvision.spiking.integer import save_model

    path = tmp_path / "model.safetensors"
    save_model(changed(small_nodes(), "n1", leak=2), path)
    card = load_card("digits-nano")
    free = dataclasses.replace(card.inputs["events"], shape=(1, 2, "height", "width"))
    card = dataclasses.replace(
        card, folder=tmp_path, inputs={"events": free}, artifacts={"integer": path.name}
    )
    fit = SpeckDevice().fits(card, SessionOptions())
    assert (fit.layer, "leak" in fit.reason) == ("n1", True)


def test_a_board_that_does_not_exist_is_refused():
    with pytest.raises(DeviceError, match="no such board"):
        find_device("speck:speck9")


def packages(monkeypatch, **found):
    """Pretend that packages are installed with these files."""

    def distribution(name):
        if name not in found:
            raise PackageNotFoundError(name)
        return SimpleNamespace(version="1.0", files=[PurePosixPath(file) for file in found[name]])

    monkeypatch.setattr(board, "distribution", distribution)


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ({}, "samna is not installed"),
        ({"samna": ["samna/__init__.py"], "sinabs": []}, "placeholder"),
        ({"samna": ["samna/samna.cpython-311.so"]}, "sinabs is not installed"),
        ({"samna": ["samna/samna.cpython-311.so"], "sinabs": []}, ""),
    ],
)
def test_the_makers_package_is_known_by_its_metadata(monkeypatch, found, missing):
    packages(monkeypatch, **found)
    assert missing in board_missing()
    info = SpeckDevice("speck2fmodule").probe()
    assert info.is_present == (not missing)
    assert info.name == "speck:speck2fmodule"


def test_probing_imports_neither_samna_nor_torch():
    code = (
        "import sys; from eventvision.devices import find_device; find_device('speck').probe();"
        "find_device('speck:speck2fmodule').probe(); print(*sorted(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"samna", "sinabs", "torch"} & set(found.stdout.split())


class FakeNetwork:
    """Stands for sinabs' network: keeps what it was given and echoes two output spikes."""

    made: ClassVar[list[FakeNetwork]] = []

    def __init__(self, modules, *, input_shape, dvs_input, discretize):
        self.modules, self.input_shape = modules, input_shape
        self.dvs_input, self.discretize = dvs_input, discretize
        self.dynapcnn_layers = dict.fromkeys(range(3))
        self.device_input_graph = self.device_output_graph = SimpleNamespace(stop=lambda: None)
        self.answers = []
        self.samna_output_buffer = SimpleNamespace(get_events=lambda: self.answers)
        FakeNetwork.made.append(self)

    def to(self, **settings):
        self.settings = settings

    def __call__(self, events):
        self.sent = events
        core = self.settings["layer2core_map"][2]
        there = SimpleNamespace(layer=core, feature=3, x=0, y=0)
        self.answers = [there, there, SimpleNamespace(layer=core + 1, feature=0, x=0, y=0)]
        return self.answers

    def reset_states(self):
        self.was_reset = True


@pytest.fixture
def fake_board(monkeypatch):
    """Put stand-ins for sinabs in place; return what was closed."""
    torch = pytest.importorskip("torch")
    packages(monkeypatch, samna=["samna.so"], sinabs=[])
    closed = []

    class Neurons(torch.nn.Module):
        def __init__(self, **settings):
            super().__init__()
            self.settings = settings

    class SumPool(torch.nn.Module):
        def __init__(self, size):
            super().__init__()
            self.size = size

    class Factory:
        def __init__(self, name):
            self.name = name

        def xytp_to_events(self, table, *, layer, reset_timestamps):
            return [(layer, *row) for row in table.tolist()]

    modules = {
        "sinabs": {"layers": SimpleNamespace(IAFSqueeze=Neurons, SumPool2d=SumPool)},
        "sinabs.layers": {},
        "sinabs.backend": {},
        "sinabs.backend.dynapcnn": {"DynapcnnNetwork": FakeNetwork},
        "sinabs.backend.dynapcnn.chip_factory": {"ChipFactory": Factory},
        "sinabs.backend.dynapcnn.io": {"close_device": closed.append},
    }
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return closed


def test_a_board_is_given_the_plan_and_its_spikes_are_counted(small_model, fake_board):
    plan = chip_plan(small_model, SENSOR)
    network = BoardNetwork(plan, "speck2fmodule", 0.02)
    fake = FakeNetwork.made[-1]
    kinds = [type(module).__name__ for module in fake.modules]
    assert kinds == ["Conv2d", "Neurons", "SumPool", "Conv2d", "Neurons", "SumPool", "Conv2d",
                     "Neurons"]  # fmt: skip
    np.testing.assert_array_equal(fake.modules[0].weight.detach(), plan.layers[0].weight)
    assert float(fake.modules[1].settings["spike_threshold"]) == 300
    assert fake.settings["device"] == "speck2fmodule:0"
    assert list(fake.settings["layer2core_map"].values()) == [core.number for core in plan.cores]
    counts = np.zeros((2, 12, 11), np.uint8)
    counts[1, 4, 5] = 2
    outputs = network.step({"in": counts})
    assert outputs["out"].ravel().tolist() == [0, 0, 0, 2, 0]
    core = plan.cores[0].number
    assert fake.sent == [(core, 5, 4, 0, 1), (core, 5, 4, 10_000, 1)]
    network.reset()
    assert fake.was_reset
    network.close()
    network.close()
    assert fake_board == ["speck2fmodule:0"]


def test_a_live_chip_is_listened_to_step_by_step(small_model, fake_board):
    plan = chip_plan(small_model, SENSOR)
    network = BoardNetwork(plan, "speck2fmodule:1", 0.001, live=True)
    fake = FakeNetwork.made[-1]
    assert fake.dvs_input
    core = plan.cores[-1].number
    fake.answers = [SimpleNamespace(layer=core, feature=4, x=0, y=0)]
    steps = network.live()
    assert [next(steps)["out"].ravel().tolist() for _ in range(2)] == [[0, 0, 0, 0, 1]] * 2


def test_without_the_makers_packages_a_board_is_an_error_with_its_remedy(small_model, monkeypatch):
    packages(monkeypatch)
    with pytest.raises(DeviceError, match=r"samna is not installed; install samna"):
        BoardNetwork(chip_plan(small_model, SENSOR), "speck2fmodule", 0.02)
