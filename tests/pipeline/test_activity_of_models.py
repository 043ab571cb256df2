"""Activity on a recording: shipped models and modules, by library and command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from eventvision_apps.cli.activity import run
from torch import nn as torch_nn

from eventvision.core import EVENT_DTYPE, ConfigError, ModelError, SensorSize
from eventvision.pipeline import activity
from eventvision.spiking import nn
from eventvision.spiking.activity import measure_activity
from eventvision.spiking.counting import INTEGER_AC_PJ, INTEGER_MAC_PJ, IntegerCounter
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    IntegerNetwork,
    Neuron,
    Output,
)


def written(path, *, sensor=(34, 34), count=4000):
    """Write events that come evenly over 200 ms."""
    rng = np.random.default_rng(0)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.arange(count) * 200_000 // max(count, 1)
    events["x"], events["y"] = (rng.integers(0, size, count) for size in sensor)
    events["on"] = rng.random(count) < 0.5
    np.savez(path, **{name: events[name] for name in ("t", "x", "y", "on")}, sensor=sensor)
    return path


@pytest.fixture
def recording(tmp_path):
    return written(tmp_path / "noise.npz")


def test_a_shipped_model_is_counted_on_its_own_slices(recording):
    report = activity("digits-nano", recording)
    assert report.steps == 10
    assert [layer.name for layer in report.neurons] == ["fire1", "fire2", "fire3", "fire"]
    assert all(layer.synaptic_operations is not None for layer in report.layers)
    assert 0 < report.synaptic_operations < report.macs
    assert report.energy_nj == pytest.approx(report.synaptic_operations * INTEGER_AC_PJ / 1e3)
    assert report.dense_energy_nj == pytest.approx(report.macs * INTEGER_MAC_PJ / 1e3)


def test_other_slices_and_fewer_of_them_can_be_asked_for(recording):
    assert activity("digits-nano", recording, slicer="time:50ms").steps == 4
    assert activity("digits-nano", recording, steps=3).steps == 3


def test_a_module_is_counted_on_what_it_takes(recording):
    net = torch_nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.IF())
    nn.set_step_mode(net, "s")
    report = activity(net, recording, representation="histogram", slicer="time:20ms")
    (layer,) = report.layers
    assert report.steps == 10
    assert layer.macs == 2 * 3 * 34 * 34 * 9 - 2 * 3 * (4 * 34 * 3 - 4)
    events = 400
    assert 0.9 * 27 * events < layer.synaptic_operations < 27 * events


def test_integer_and_torch_forms_agree():
    weight = torch.randint(-20, 20, (4, 2, 3, 3)).float()
    conv = torch_nn.Conv2d(2, 4, 3, padding=1, bias=False)
    conv.weight.data = weight
    net = torch_nn.Sequential(conv, nn.IF(threshold=30.0, step_mode="s"))
    nodes = [
        Input(name="x", channels=2),
        Conv2d(
            name="c", input="x", weight=weight.numpy().astype(np.int8), padding=(1, 1),
            bias=np.zeros(4, np.int32), shift=np.zeros(4, np.int8),
        ),
        Neuron(name="n", input="c", threshold=np.full(4, 30, np.int16)),
        Output(name="y", input="n"),
    ]  # fmt: skip
    network = IntegerNetwork(IntegerModel(nodes), SensorSize(6, 5))
    counter = IntegerCounter(network)
    slices = [torch.poisson(torch.full((1, 2, 5, 6), 0.4)) for _ in range(4)]
    for values in slices:
        network.step({"x": values[0].numpy().astype(np.uint8)})
        counter.count()
    ours, real = counter.report(), measure_activity(net, slices)
    assert ours.synaptic_operations == pytest.approx(real.synaptic_operations)
    assert ours.macs == real.macs
    for one, other in zip(ours.neurons, real.neurons, strict=True):
        assert one.spikes == pytest.approx(other.spikes)
        assert (one.dead, one.saturated, one.channels) == (
            other.dead, other.saturated, other.channels,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "error", "problem"),
    [
        ({"model": "digits-nano", "steps": 0}, ConfigError, "steps"),
        ({"model": "digits-nano", "representation": "histogram"}, ConfigError, "its own"),
        ({"model": torch_nn.Identity()}, ConfigError, "representation"),
        ({"model": "nobody"}, ModelError, "no such model"),
    ],
)
def test_what_cannot_be_counted_is_named(recording, settings, error, problem):
    with pytest.raises(error, match=problem):
        activity(settings.pop("model"), recording, **settings)


def test_a_recording_of_another_sensor_is_refused(tmp_path):
    with pytest.raises(ModelError, match="34x34"):
        activity("digits-nano", written(tmp_path / "wide.npz", sensor=(40, 34)))


def test_a_counter_that_saw_nothing_says_so():
    nodes = [Input(name="x", channels=1), Output(name="y", input="x")]
    network = IntegerNetwork(IntegerModel(nodes), SensorSize(2, 2))
    with pytest.raises(ValueError, match="no step"):
        IntegerCounter(network).report()


def test_the_command_prints_work_spikes_and_constants(recording, capsys):
    assert run("digits-nano", str(recording)) == 0
    shown = capsys.readouterr().out
    for words in ("conv1", "fire3", "dead", "saturated", "0.1 pJ per addition", "mean of 10 steps"):
        assert words in shown


def test_the_command_prints_json(recording, capsys):
    assert run("digits-nano", str(recording), steps=2, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 2
    assert told["energy_nj"] > 0
    assert {layer["name"] for layer in told["neurons"]} == {"fire", "fire1", "fire2", "fire3"}
