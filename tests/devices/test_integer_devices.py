"""Integer models keep the names, shapes and units of their card, on every integer device."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eventvision.core import (
    DeviceError,
    GoldenSample,
    ModelError,
    SensorSize,
    SessionOptions,
    TensorSpec,
    load_card,
    save_golden,
)
from eventvision.devices import (
    ActivityMeter,
    compare_devices,
    find_device,
    golden_outputs,
    open_session,
)
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    IntegerSimulator,
    Output,
    Readout,
    save_model,
)

DEVICES = ["cpu", "reference"]
EXPONENT = -3
"""One unit of the output is an eighth."""
SHAPE = (1, 1, 6, 8)
DIGITS = load_card("digits-nano")


def small_model(channels=1):
    weight = np.random.default_rng(0).integers(-20, 20, (2, channels, 3, 3), np.int8)
    return IntegerModel(
        [
            Input(name="counts", channels=channels),
            Conv2d(
                name="conv",
                input="counts",
                weight=weight,
                bias=np.zeros(2, np.int32),
                shift=np.zeros(2, np.int8),
                padding=(1, 1),
            ),
            Readout(name="potential", input="conv", leak=1),
            Output(name="picture", input="potential", exponent=EXPONENT),
        ]
    )


@pytest.fixture
def card(tmp_path):
    """A model whose card names tensors in its own way, and whose output is in eighths."""
    model = small_model()
    save_model(model, tmp_path / "model.safetensors")
    spec = TensorSpec((1, 1, "height", "width"), np.dtype(np.float32))
    picture = TensorSpec((1, 2, "height", "width"), np.dtype(np.float32))
    events = np.random.default_rng(1).poisson(0.6, (3, *SHAPE)).astype(np.float32)
    simulator = IntegerSimulator(model, SensorSize(8, 6))
    units = [simulator.step({"counts": step[0]})["picture"][None] for step in events]
    golden = GoldenSample(
        inputs={"events": events},
        outputs={"image": np.stack(units) * 2.0**EXPONENT},
        integer_outputs={"image": np.stack(units)},
    )
    save_golden(tmp_path / "golden.npz", golden)
    return dataclasses.replace(
        DIGITS,
        folder=tmp_path,
        name="small",
        sensor=None,
        inputs={"events": spec},
        outputs={"image": picture},
        states={},
        artifacts={"integer": "model.safetensors"},
        golden="golden.npz",
    )


@pytest.mark.parametrize("device", DEVICES)
def test_outputs_are_real_values_in_the_shapes_of_the_card(card, device):
    golden = golden_outputs(card, "integer")["image"]
    assert not np.array_equal(golden, np.rint(golden)), "eighths are what this is about"
    (comparison,) = compare_devices(card, [device], rounds=1)
    assert comparison.problem == ""
    assert (comparison.difference, comparison.tolerance) == (0.0, 0.0)


def test_threads_change_nothing(card):
    one, two = (open_session(card, "cpu", threads=threads) for threads in (1, 2))
    events = np.random.default_rng(2).poisson(0.6, (4, *SHAPE)).astype(np.float32)
    with one, two:
        for step in events:
            given = {"events": step}
            np.testing.assert_array_equal(one.step(given)["image"], two.step(given)["image"])


def test_work_is_counted(card):
    with open_session(card, "cpu") as session:
        session.step({"events": np.zeros(SHAPE)})
        nothing = session.facet(ActivityMeter).read()
        session.step({"events": np.ones(SHAPE)})
        everything = session.facet(ActivityMeter).read()
    assert (nothing.spikes, nothing.synaptic_operations) == (0, 0)
    assert everything.spikes == 48
    assert everything.synaptic_operations == everything.multiply_adds


@pytest.mark.parametrize("device", DEVICES)
def test_a_size_that_does_not_fit_names_the_layer(device):
    spec = TensorSpec((1, 2, 40, 40), np.dtype(np.float32))
    card = dataclasses.replace(DIGITS, inputs={"events": spec})
    fit = find_device(device).fits(card, SessionOptions())
    assert (fit.is_yes, fit.layer) == (False, "linear")
    with pytest.raises(DeviceError, match="layer linear: reads"):
        open_session(card, device)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inputs": dict.fromkeys(("a", "b"), DIGITS.inputs["events"])}, "has the inputs"),
        (
            {"inputs": {"events": TensorSpec((4, 2, 34, 34), np.dtype(np.float32))}},
            "one sample at a time",
        ),
    ],
)
def test_a_card_that_does_not_go_with_its_model_is_told(changes, told):
    card = dataclasses.replace(DIGITS, **changes)
    with pytest.raises(ModelError, match=told):
        open_session(card, "cpu")


def test_a_sample_without_integer_outputs_is_told(card):
    events = np.zeros((2, *SHAPE), np.float32)
    sample = GoldenSample(
        inputs={"events": events},
        outputs={"image": np.zeros((2, 1, 2, 6, 8), np.float32)},
        integer_outputs={},
    )
    save_golden(card.folder / "golden.npz", sample)
    with pytest.raises(ModelError, match="no outputs of its integer form"):
        golden_outputs(card, "integer")


STEP_US, STEPS = 20_000, 16


def pictures(collection, index):
    """Yield counts per pixel and polarity of each slice of a recording, shape (1, 2, 34, 34)."""
    start, end = collection["offsets"][index : index + 2]
    t, x, y, on = (collection[name][start:end] for name in ("t", "x", "y", "on"))
    for step in range(STEPS):
        counts = np.zeros(DIGITS.inputs["events"].shape, np.float32)
        inside = t // STEP_US == step
        np.add.at(counts, (0, on[inside].astype(int), y[inside], x[inside]), 1)
        yield counts


def test_the_kernels_are_exact_on_real_recordings(shared_recordings):
    """Ten recordings of N-MNIST, each from a fresh start."""
    fired = 0.0
    with (
        np.load(shared_recordings / "nmnist" / "nmnist_400.npz") as file,
        open_session(DIGITS, "cpu") as fast,
        open_session(DIGITS, "reference") as right,
    ):
        collection = dict(file)
        for index in range(0, 400, 40):
            fast.reset()
            right.reset()
            for counts in pictures(collection, index):
                given = {"events": counts}
                found = fast.step(given)["output"]
                np.testing.assert_array_equal(found, right.step(given)["output"])
                fired += float(found.sum())
    assert fired
