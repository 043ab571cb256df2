"""A model in two parts on two devices says what it says on one."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import DeviceError, GoldenSample, SessionOptions, load_card, save_golden
from eventvision.devices import ActivityMeter, compare_devices, find_device, open_session
from eventvision.spiking.integer import (
    Add,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    IntegerSimulator,
    Neuron,
    Output,
    save_model,
)

SIDE = 8
CARD = f"""
name = "branching"
summary = "A toy with two heads."
task = "perception"
representation = "histogram"
sensor = "{SIDE}x{SIDE}"
golden = "golden.npz"
licence = "CC0-1.0"
command = "none"
limits = []

[inputs.events]
shape = [1, 2, {SIDE}, {SIDE}]

[outputs.near]
shape = [1, 3, {SIDE}, {SIDE}]

[outputs.far]
shape = [1, 2, {SIDE}, {SIDE}]

[artifacts]
integer = "model.integer.safetensors"
"""


def conv(name, source, before, after, seed, size=3):
    draw = np.random.default_rng(seed)
    return Conv2d(
        name=name,
        input=source,
        weight=draw.integers(-30, 60, (after, before, size, size)).astype(np.int8),
        bias=draw.integers(-9, 9, after).astype(np.int32),
        shift=np.zeros(after, np.int8),
        padding=(size // 2, size // 2),
    )


def neuron(name, source, channels, **settings):
    return Neuron(name=name, input=source, threshold=np.full(channels, 90, np.int16), **settings)


def branching() -> IntegerModel:
    """Return a network whose heads read spikes, and potentials that both add to."""
    return IntegerModel(
        [
            Input(name="counts", channels=2),
            conv("stem", "counts", 2, 4, 1),
            neuron("fire", "stem", 4, levels=3, leak=2),
            conv("deep", "fire", 4, 4, 2),
            neuron("again", "deep", 4, levels=2),
            conv("mix", "again", 4, 3, 3, size=1),
            Delay(name="before", input="told", like="again", channels=3),
            conv("back", "before", 3, 3, 7, size=1),
            Add(name="both", inputs=("mix", "back")),
            neuron("told", "both", 3),
            conv("near_sum", "told", 3, 3, 4),
            Output(name="near", input="near_sum"),
            conv("far_sum", "again", 4, 2, 5),
            Output(name="far", input="far_sum"),
        ]
    )


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    folder = tmp_path_factory.mktemp("branching")
    model = branching()
    save_model(model, folder / "model.integer.safetensors")
    counts = np.random.default_rng(0).poisson(0.7, (6, 1, 2, SIDE, SIDE)).astype(np.float32)
    simulator = IntegerSimulator(model, {"counts": model_size()})
    steps = [simulator.step({"counts": each[0].astype(np.uint8)}) for each in counts]
    outputs = {name: np.stack([step[name] for step in steps]) for name in ("near", "far")}
    golden = GoldenSample(
        inputs={"events": counts},
        outputs={name: each[:, None].astype(np.float32) for name, each in outputs.items()},
        integer_outputs=outputs,
    )
    save_golden(folder / "golden.npz", golden)
    (folder / "card.toml").write_text(CARD)
    return load_card(folder)


def model_size():
    from eventvision.core import SensorSize

    return SensorSize(SIDE, SIDE)


@pytest.mark.parametrize("pair", ["cpu/reference", "reference/cpu", "cpu/cpu"])
def test_the_golden_output_comes_from_two_devices_as_from_one(card, pair):
    (found,) = compare_devices(card, [f"hybrid:{pair}"], rounds=1)
    assert (found.problem, found.difference, found.artifact) == ("", 0.0, "integer")


def test_what_crosses_are_spikes_and_each_part_remembers_its_own(card, tmp_path):
    from eventvision.devices._hybrid._integer import part_integer

    parts = part_integer(card, {}, tmp_path)
    assert parts.handed == {"handed.again": "again"}
    assert set(parts.encoder.outputs) == {"handed.again"}
    assert set(parts.heads.outputs) == {"near", "far"}


def test_a_reset_reaches_both_parts(card):
    events = np.random.default_rng(3).poisson(0.2, (1, 2, SIDE, SIDE)).astype(np.float32)
    with open_session(card, "hybrid:cpu/reference") as session:
        first = [session.step({"events": events})["near"] for _ in range(3)]
        session.reset()
        again = [session.step({"events": events})["near"] for _ in range(3)]
        assert session.facet(ActivityMeter) is not None
    assert not all(np.array_equal(first[0], each) for each in first[1:])
    np.testing.assert_array_equal(first, again)


def test_a_graph_with_state_and_free_sizes_is_parted_too(toy_models):
    card = load_card(toy_models.perception)
    random = np.random.default_rng(0)
    steps = random.normal(size=(3, 1, 5, 64, 96)).astype(np.float32)
    with (
        open_session(card, "onnx") as whole,
        open_session(card, "hybrid:onnx/onnx", sizes={"height": 64, "width": 96}) as parted,
    ):
        for step in steps:
            expected, found = whole.step({"events": step}), parted.step({"events": step})
            assert expected.keys() == found.keys()
            for name, values in expected.items():
                np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "pair", "said"),
    [
        ("digits-nano", "cpu/reference", "share no encoder"),
        ("digits-nano", "onnx/cpu", "no common form"),
    ],
)
def test_what_cannot_be_parted_says_why(model, pair, said):
    fit = find_device(f"hybrid:{pair}").fits(load_card(model), SessionOptions())
    assert not fit.is_yes
    assert said in fit.reason


@pytest.mark.parametrize("pair", ["cpu", "cpu/", "process:cpu/cpu", "cpu/abacus"])
def test_pairs_that_are_none_are_refused(pair):
    with pytest.raises(DeviceError):
        find_device(f"hybrid:{pair}")


def test_a_part_that_is_not_here_is_missed_by_name(card):
    from eventvision.devices import probe_devices

    absent = next((i.name for i in probe_devices() if not i.is_present and i.formats), None)
    if absent is None:
        pytest.skip("every device is here")
    info = find_device(f"hybrid:cpu/{absent}").probe()
    assert info.missing.startswith(absent)
