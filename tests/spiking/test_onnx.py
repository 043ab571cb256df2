"""Networks exported to ONNX do the same step for step, their state outside of them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError, OutputError
from eventvision.spiking import nn
from eventvision.spiking.convert import NEXT, export_onnx

STEPS = 100


class TwoHeads(torch_nn.Module):
    """A network with two inputs, two named outputs and a neuron that starts half charged."""

    def __init__(self) -> None:
        super().__init__()
        self.even = torch_nn.Conv2d(2, 6, 3, stride=2, padding=1)
        self.norm = torch_nn.BatchNorm2d(6)
        self.lif = nn.LIF(3.0, step_mode="s")
        self.count = nn.ILIF(2.0, step_mode="s")
        self.burst = nn.BurstIF(initial=0.5, step_mode="s")
        self.mix = torch_nn.Conv2d(6, 6, 3, padding=1)
        self.out = nn.Readout(8.0, step_mode="s")

    def forward(self, x, light):
        spikes = self.lif(self.norm(self.even(x)))
        counts = self.count(3 * self.mix(spikes) + light)
        return {"picture": self.out(counts), "burst": self.burst(counts)}


def run_both(net, path, inputs):
    """Return the largest difference between a network and its file over many steps."""
    session = onnxruntime.InferenceSession(path)
    names = [value.name for value in session.get_inputs()][len(inputs) :]
    shapes = {value.name: value.shape for value in session.get_inputs()}
    outputs = [value.name for value in session.get_outputs()]
    differences, spikes = [], 0.0
    net.eval()
    nn.reset(net)
    state = None
    for step in range(STEPS):
        given = {name: make(step) for name, make in inputs.items()}
        with torch.no_grad():
            expected = net(*(torch.from_numpy(value) for value in given.values()))
        expected = expected if isinstance(expected, dict) else {"output": expected}
        if state is None:
            live = nn.states(net)
            state = {name: np.zeros(live[name].shape, np.float32) for name in names}
            assert all(len(shapes[name]) == state[name].ndim for name in names)
        found = dict(zip(outputs, session.run(None, {**given, **state}), strict=True))
        state = {name: found[NEXT + name] for name in names}
        spikes += sum(float(value.abs().sum()) for value in expected.values())
        differences += [abs(found[name] - value.numpy()).max() for name, value in expected.items()]
    assert spikes > STEPS, "the network must have done something"
    return max(differences)


def random_inputs(shape, seed):
    random = np.random.default_rng(seed)
    return lambda _step: random.normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(1)
    net = TwoHeads()
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    example = {"x": torch.zeros(1, 2, 16, 20), "light": torch.zeros(1, 6, 8, 10)}
    return net, path, export_onnx(net, path, example, any_size=True)


def test_a_file_agrees_with_its_network_over_a_hundred_steps(exported):
    net, path, _ = exported
    inputs = {"x": random_inputs((1, 2, 16, 20), 0), "light": random_inputs((1, 6, 8, 10), 1)}
    assert run_both(net, path, inputs) < 1e-5


def test_a_file_for_any_size_runs_another_size(exported):
    net, path, _ = exported
    inputs = {"x": random_inputs((1, 2, 24, 14), 0), "light": random_inputs((1, 6, 12, 7), 1)}
    assert run_both(net, path, inputs) < 1e-5


def test_a_file_names_its_parts(exported):
    _, path, stepper = exported
    session = onnxruntime.InferenceSession(path)
    states = ["lif.v", "count.v", "burst.v", "out.v"]
    assert [value.name for value in session.get_inputs()] == ["x", "light", *states]
    found = [value.name for value in session.get_outputs()]
    assert found == ["picture", "burst", *(NEXT + name for name in states)]
    assert (stepper.inputs, stepper.outputs) == (("x", "light"), ("picture", "burst"))
    assert list(stepper.states) == states


def test_exporting_leaves_the_network_as_it_was(tmp_path):
    net = torch_nn.Sequential(torch_nn.Linear(3, 4), nn.LIF(step_mode="m"))
    net.train()
    before = net(torch.ones(2, 1, 3))
    state = nn.states(net)
    export_onnx(net, tmp_path / "net.onnx", torch.zeros(1, 3))
    assert net.training
    assert net[1].step_mode == "m"
    torch.testing.assert_close(nn.states(net), state)
    nn.reset(net)
    torch.testing.assert_close(net(torch.ones(2, 1, 3)), before)


def test_what_cannot_be_named_or_written_is_said(tmp_path, monkeypatch):
    class Odd(torch_nn.Module):
        def forward(self, x):
            return x, "words"

    with pytest.raises(ConfigError, match="output of the network"):
        export_onnx(Odd(), tmp_path / "odd.onnx", torch.zeros(1, 3))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(OutputError, match=r"eventvision\[train\]"):
        export_onnx(torch_nn.Identity(), tmp_path / "net.onnx", torch.zeros(1, 3))


def test_pooling_with_a_divisor_of_its_own_is_refused(tmp_path):
    pool = torch_nn.AvgPool2d(2, divisor_override=1)
    with pytest.raises(OutputError, match="divisor"):
        export_onnx(pool, tmp_path / "net.onnx", torch.zeros(1, 1, 4, 4))
    assert not (tmp_path / "net.onnx").exists()


def test_files_do_not_tell_of_the_machine_that_wrote_them(tmp_path):
    path = tmp_path / "net.onnx"
    export_onnx(TwoHeads(), path, {"x": torch.ones(1, 2, 8, 8), "light": torch.ones(1, 6, 4, 4)})
    assert b".py" not in path.read_bytes()


def test_each_part_keeps_its_mode(tmp_path):
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), nn.IF())
    net[1].eval()
    before = net[1].running_mean.clone()
    export_onnx(net, tmp_path / "net.onnx", torch.ones(1, 2, 8, 8))
    assert [part.training for part in net] == [True, False, True]
    assert net.training
    torch.testing.assert_close(net[1].running_mean, before)
