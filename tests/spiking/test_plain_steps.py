"""Neurons in plain operations do what they do otherwise, and leave runtimes little to do."""

from __future__ import annotations

import onnx
import pytest
import torch
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.convert import export_onnx
from eventvision.spiking.convert._plain_steps import plain_steps

CHANNELS = 3
NEURONS = {
    "IF": lambda: nn.IF(reset="hard"),
    "LIF": lambda: nn.LIF(3.0),
    "PLIF": lambda: nn.PLIF(3.0, channels=CHANNELS),
    "ILIF": lambda: nn.ILIF(2.0, learn_decay=True, channels=CHANNELS, decay_input=False),
    "ALIF": lambda: nn.ALIF(4.0),
    "BurstIF": lambda: nn.BurstIF(initial=0.5),
    "SignedIF": nn.SignedIF,
    "ResonateFire": nn.ResonateFire,
    "Readout": lambda: nn.Readout(5.0),
}


@pytest.mark.parametrize("make", NEURONS.values(), ids=NEURONS)
def test_a_neuron_gives_the_same_in_plain_operations(make):
    torch.manual_seed(0)
    neuron = make().eval()
    nn.set_step_mode(neuron, "s")
    inputs = 2 * torch.randn(20, 1, CHANNELS, 4, 5)
    expected = [neuron(x) for x in inputs]
    ended = nn.states(neuron)
    nn.reset(neuron)
    with torch.no_grad(), plain_steps(neuron):
        found = [neuron(x) for x in inputs]
    torch.testing.assert_close(torch.stack(found), torch.stack(expected).detach())
    torch.testing.assert_close(nn.states(neuron), {k: v.detach() for k, v in ended.items()})
    assert torch.stack(found).any()


def test_a_neuron_takes_time_again_when_its_steps_are_no_longer_plain():
    neuron = nn.LIF(2.0)
    with plain_steps(neuron):
        pass
    assert neuron(torch.ones(7, 1, 2)).shape == (7, 1, 2)


def test_an_exported_neuron_passes_over_its_tensor_six_times(tmp_path):
    net = torch_nn.Sequential(
        torch_nn.Conv2d(2, 4, 3, padding=1, bias=False),
        torch_nn.BatchNorm2d(4),
        nn.ILIF(2.0, learn_decay=True, channels=4, decay_input=False, step_mode="s"),
    )
    path = tmp_path / "net.onnx"
    export_onnx(net, path, torch.zeros(1, 2, 8, 8), any_size=True)
    nodes = [node.op_type for node in onnx.load(path).graph.node]
    assert sorted(nodes) == ["Add", "Add", "Clip", "Conv", "Floor", "Mul", "Sub"]
