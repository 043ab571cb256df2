"""Activity is counted as a patient person would count it, spike by spike."""

from __future__ import annotations

import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.activity import AC_PJ, MAC_PJ, measure_activity


def counted_one_by_one(conv: torch_nn.Conv2d, spikes: torch.Tensor) -> int:
    """Let each spike travel along each synapse that exists."""
    height, width = conv(spikes).shape[-2:]
    (kh, kw), (sh, sw), (ph, pw) = conv.kernel_size, conv.stride, conv.padding
    fan_out, total = conv.out_channels // conv.groups, 0
    for _, _, y, x in spikes.nonzero().tolist():
        for row in range(height):
            for column in range(width):
                inside = 0 <= y + ph - row * sh < kh and 0 <= x + pw - column * sw < kw
                total += fan_out * inside
    return total


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 5, "stride": 2},
        {"kernel_size": 3, "padding": 1, "groups": 4},
        {"kernel_size": 1, "groups": 2},
    ],
)
def test_each_spike_is_followed_along_its_synapses(options):
    conv = torch_nn.Conv2d(4, 8, bias=False, **options)
    torch.manual_seed(3)
    spikes = (torch.rand(2, 4, 7, 9) < 0.2).float()
    report = measure_activity(torch_nn.Sequential(conv), [spikes])
    (layer,) = report.layers
    assert layer.synaptic_operations == counted_one_by_one(conv, spikes) / 2
    assert layer.macs == counted_one_by_one(conv, torch.ones(1, 4, 7, 9))
    assert layer.parameters == conv.weight.numel()


def test_counts_of_an_integer_neuron_are_so_many_spikes():
    linear = torch_nn.Linear(3, 5)
    report = measure_activity(torch_nn.Sequential(linear), [torch.tensor([[0.0, 3.0, 1.0]])])
    assert report.synaptic_operations == 4 * 5
    assert (report.macs, report.dense_macs) == (15, 0)


def test_an_input_that_is_not_spikes_costs_multiplications():
    linear = torch_nn.Linear(4, 2)
    halves = torch.full((1, 4), 0.5)
    report = measure_activity(torch_nn.Sequential(linear), [torch.ones(1, 4), halves])
    assert report.layers[0].synaptic_operations is None
    assert report.energy_nj == pytest.approx(8 * MAC_PJ / 1e3)
    assert report.energy_nj == report.dense_energy_nj


def test_energy_follows_from_the_counts_and_the_constants():
    net = torch_nn.Sequential(torch_nn.Linear(4, 10), nn.IF(step_mode="s"), torch_nn.Linear(10, 3))
    with torch.no_grad():
        net[0].weight.fill_(1)
        net[0].bias.fill_(0)
    report = measure_activity(net, [torch.ones(1, 4)] * 2)
    assert report.synaptic_operations == 4 * 10 + 10 * 3
    assert report.energy_nj == pytest.approx(70 * AC_PJ / 1e3)


class Constant(torch_nn.Module):
    """Gives each channel of the neurons behind it a certain current."""

    def __init__(self, currents):
        super().__init__()
        self.currents = torch.tensor(currents)

    def forward(self, x):
        return x + self.currents.reshape(-1, 1, 1)


@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_dead_and_saturated_channels_are_named(step_mode):
    net = torch_nn.Sequential(Constant([0.0, 2.0, 0.5, -1.0]), nn.IF(step_mode=step_mode))
    steps = torch.zeros(6, 1, 4, 2, 3)
    report = measure_activity(net, steps if step_mode == "s" else [steps])
    (layer,) = report.neurons
    assert (layer.dead, layer.saturated, layer.channels) == ((0, 3), (1,), 4)
    assert layer.neurons == 24
    assert layer.rate == pytest.approx((6 + 3) / 6 / 4)
    assert layer.silent_share == pytest.approx(1 - layer.rate)
    assert report.steps == 6


def test_integer_neurons_saturate_at_their_highest_count():
    net = torch_nn.Sequential(Constant([9.0, 2.0]), nn.ILIF(levels=4, step_mode="s"))
    report = measure_activity(net, torch.zeros(5, 1, 2, 1, 1))
    assert report.neurons[0].saturated == (0,)
    assert report.neurons[0].spikes > 4


def test_readouts_do_not_fire_and_are_left_out():
    net = torch_nn.Sequential(torch_nn.Linear(2, 2), nn.Readout(step_mode="s"))
    assert measure_activity(net, [torch.ones(1, 2)]).neurons == ()


def test_the_network_is_left_without_state_and_in_its_mode():
    net = torch_nn.Sequential(torch_nn.Linear(2, 2), nn.LIF(step_mode="s")).train()
    measure_activity(net, [torch.ones(1, 2)])
    assert net.training
    assert nn.states(net) == {}
    assert not net[0]._forward_hooks


def test_the_report_reads_as_tables_with_the_constants():
    net = torch_nn.Sequential(torch_nn.Linear(2, 3), nn.IF(step_mode="s"))
    text = str(measure_activity(net, [torch.ones(1, 2)] * 3))
    assert "mean of 3" in text
    assert f"{AC_PJ} pJ per addition, {MAC_PJ} pJ per MAC" in text
    assert "an estimate" in text
    assert max(len(line) for line in text.splitlines()[:-2]) <= 100


def test_no_inputs_is_an_error():
    with pytest.raises(ConfigError, match="inputs"):
        measure_activity(torch_nn.Linear(2, 2), [])
