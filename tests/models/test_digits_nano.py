"""digits-nano: every form gives the golden output, fits small chips, and reads digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import SensorSize, load_card, load_golden
from eventvision.spiking import nn
from eventvision.spiking.convert import NEXT, read_nir
from eventvision.spiking.integer import IntegerNetwork, IntegerSimulator, load_model
from eventvision.training.classification import (
    folds,
    load_classifier,
    load_recipe,
    load_recordings,
    score_integer,
    score_spiking,
)

torch.set_num_threads(1)

CARD = load_card("digits-nano")
SENSOR = SensorSize(34, 34)
LEFT_OUT = 0
"""The fold that the shipped weights did not learn from."""


@pytest.fixture(scope="module")
def golden():
    return load_golden(CARD)


@pytest.fixture(scope="module")
def net():
    return load_classifier(CARD)


def run_onnx(events: np.ndarray) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(CARD.artifact("onnx")))
    state = {name: np.zeros(spec.shape, np.float32) for name, spec in CARD.states.items()}
    names = [output.name for output in session.get_outputs()]
    outputs = []
    for step in events:
        found = dict(zip(names, session.run(None, {"events": step, **state}), strict=True))
        outputs.append(found["output"])
        state = {name: found[NEXT + name] for name in state}
    return np.stack(outputs)


@torch.no_grad()
def run_torch(net: torch_nn.Module, events: np.ndarray) -> np.ndarray:
    nn.reset(net)
    return net(torch.from_numpy(events)).numpy()


def run_integer(kind: type, events: np.ndarray) -> np.ndarray:
    model = load_model(CARD.artifact("integer"))
    network = kind(model, SENSOR)
    (source,), (output,) = model.inputs, model.outputs
    steps = [network.step({source.name: step})[output.name] for step in events[:, 0]]
    return np.stack([step.reshape(1, -1) for step in steps])


@pytest.mark.parametrize("form", ["onnx", "safetensors", "nir"])
def test_every_form_gives_the_golden_output(form, golden, net):
    events = golden.inputs["events"]
    if form == "onnx":
        found = run_onnx(events)
    else:
        found = run_torch(net if form == "safetensors" else read_nir(CARD.artifact("nir")), events)
    np.testing.assert_allclose(found, golden.expected(form)["output"], atol=CARD.tolerance[form])


@pytest.mark.parametrize("kind", [IntegerSimulator, IntegerNetwork])
def test_the_integer_form_gives_the_golden_output_exactly(kind, golden):
    found = run_integer(kind, golden.inputs["events"])
    np.testing.assert_array_equal(found, golden.expected("integer")["output"])


def test_onnx_is_exact_over_a_hundred_steps(net):
    events = np.random.default_rng(0).poisson(0.2, (100, 1, 2, 34, 34)).astype(np.float32)
    expected = run_torch(net, events)
    assert expected.any()
    np.testing.assert_array_equal(run_onnx(events), expected)


def test_the_card_states_the_shapes_of_the_network(golden, net):
    run_torch(net, golden.inputs["events"])
    found = {name: tuple(value.shape) for name, value in nn.states(net).items()}
    nn.reset(net)
    assert found == {name: spec.shape for name, spec in CARD.states.items()}
    assert golden.inputs["events"].shape[1:] == CARD.inputs["events"].shape


def test_it_keeps_to_what_a_small_neuromorphic_chip_holds(net):
    """The limits of a Speck core: kernel up to 16, no bias, sum pooling of 1, 2 or 4."""
    assert not [name for name, _ in net.named_parameters() if name.endswith("bias")]
    cores = 0
    channels, height, width = 2, *SENSOR.shape
    for layer in net:
        if isinstance(layer, torch_nn.Conv2d):
            kernel, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
            assert kernel <= 16
            assert stride in {1, 2, 4, 8}
            assert padding <= 7
            weights = channels * 2 ** (
                np.ceil(np.log2(kernel**2)) + np.ceil(np.log2(layer.out_channels))
            )
            channels = layer.out_channels
            height, width = ((n + 2 * padding - kernel) // stride + 1 for n in (height, width))
            neurons = channels * 2 ** (np.ceil(np.log2(height)) + np.ceil(np.log2(width)))
            assert max(height, width) <= 64
            assert weights <= 16 * 1024
            assert neurons <= 16 * 1024
            cores += 1
        elif isinstance(layer, nn.SumPool2d):
            assert layer.kernel_size in {1, 2, 4}
            height, width = height // layer.kernel_size, width // layer.kernel_size
        elif isinstance(layer, torch_nn.Linear):
            assert layer.in_features * 2 ** np.ceil(np.log2(layer.out_features)) <= 64 * 1024
            cores += 1
    assert cores <= 9


def test_it_reads_digits_that_it_did_not_learn_from(shared_recordings, net):
    recipe = load_recipe(CARD.folder / "recipe.toml")
    recordings = load_recordings(shared_recordings / "nmnist" / "nmnist_400.npz")
    _, test = list(folds(len(recordings), 8, seed=1000))[LEFT_OUT]
    unknown = recordings.select(test)
    spiking = score_spiking(net, recipe, unknown)
    assert spiking.accuracy >= 0.9
    assert abs(score_integer(CARD, recipe, unknown).right - spiking.right) <= 2
