"""Networks go to NIR and back without changing what they do; other tools' graphs run too."""

from __future__ import annotations

import itertools
import math

import nir
import numpy as np
import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError, ModelError
from eventvision.spiking import nn
from eventvision.spiking.convert import from_nir, read_nir, to_nir, write_nir

STEPS = 100
DT_S = 1e-4


class Residual(torch_nn.Module):
    """A convolution with batch norm, a branch that is added, pooling, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch_nn.Conv2d(2, 6, 3, stride=2, padding=1, bias=False)
        self.norm = torch_nn.BatchNorm2d(6)
        self.first = nn.PLIF(3.0, channels=6)
        self.branch = torch_nn.Conv2d(6, 6, 3, padding=1, groups=3)
        self.second = nn.ILIF(2.0, levels=4)
        self.pool = nn.SumPool2d(2)
        self.third = nn.IF(threshold=torch.linspace(0.5, 2.0, 6))
        self.flat = torch_nn.Flatten()
        self.head = torch_nn.Linear(6 * 12, 5)
        self.out = nn.Readout(6.0)

    def forward(self, x):
        h = self.first(self.norm(self.stem(x)))
        h = self.second(self.branch(h) + h)
        return self.out(self.head(self.flat(self.third(self.pool(h)))))


def residual():
    torch.manual_seed(2)
    net = Residual()
    with torch.no_grad():
        net.norm.running_mean.uniform_(-0.2, 0.2)
        net.norm.running_var.uniform_(0.5, 2)
        net.norm.weight.uniform_(1, 4)
        net.norm.bias.uniform_(0, 0.5)
    return net.eval()


def both(net, other, shape):
    """Run two networks side by side; return outputs, of shape (STEPS, ...)."""
    nn.set_step_mode(net, "s")
    torch.manual_seed(5)
    x = torch.randn(STEPS, 1, *shape)
    nn.reset(net)
    with torch.no_grad():
        return torch.stack([net(step) for step in x]), other(x)


def test_a_network_comes_back_from_a_file_the_same(tmp_path):
    net = residual()
    nn.set_step_mode(net, "s")
    write_nir(net, tmp_path / "net.nir", torch.zeros(1, 2, 16, 12))
    expected, found = both(net, read_nir(tmp_path / "net.nir"), (2, 16, 12))
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("reset", ["soft", "hard"])
@pytest.mark.parametrize(
    "make",
    [
        lambda options: nn.IF(threshold=1.3, **options),
        lambda options: nn.LIF(2.5, **options),
        lambda options: nn.LIF(decay=0.77, decay_input=False, **options),
        lambda options: nn.PLIF(4.0, **options),
    ],
)
def test_each_neuron_fires_the_same_spikes(make, reset):
    neuron = make({"reset": reset})
    nn.set_step_mode(neuron, "s")
    torch.manual_seed(3)
    net = torch_nn.Sequential(torch_nn.Linear(4, 7), neuron)
    with torch.no_grad():
        net[0].weight *= 6
    expected, found = both(net, from_nir(to_nir(net, torch.zeros(1, 4))), (4,))
    assert expected.sum() > 10
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("steps", [1, 7])
def test_a_burst_neuron_that_starts_charged_comes_back(steps):
    burst = nn.BurstIF(threshold=0.7, initial=0.35, levels=3, step_mode="s")
    net = torch_nn.Sequential(torch_nn.Linear(3, 5), burst)
    network = from_nir(to_nir(net, torch.zeros(1, 3), dt_s=1e-3))
    x = torch.rand(steps, 2, 3)
    with torch.no_grad():
        nn.reset(net)
        torch.testing.assert_close(network(x), torch.stack([net(step) for step in x]))


def test_a_network_is_left_as_it_was():
    net = residual()
    nn.set_step_mode(net, "s")
    net(torch.ones(1, 2, 16, 12))
    before = nn.states(net)
    to_nir(net, torch.zeros(1, 2, 16, 12))
    torch.testing.assert_close(nn.states(net), before)


def chain(*nodes, size, edges=()):
    """Return a graph of nodes in a row between input and output, and further edges."""
    names = [f"node{i}" for i in range(len(nodes))]
    row = ["input", *names, "output"]
    inner = dict(zip(names, nodes, strict=True))
    ends = {"input": nir.Input({"input": np.array(size)}), "output": nir.Output(None)}
    ends["output"].input_type = ends["output"].output_type = {"output": None}
    pairs = [*itertools.pairwise(row), *edges]
    return nir.NIRGraph(ends | inner, pairs, type_check=False)


def ones(count, value=1.0):
    return np.full(count, value)


def simulated(inputs, *, tau=None, r=1.0, leak=0.0, threshold=None, reset=0.0):
    """Let one neuron of NIR run by Euler's rule, in plain Python."""
    v, out = 0.0, []
    for current in inputs:
        if tau is None:
            v += DT_S * r * current
        else:
            v += DT_S / tau * ((leak - v) + r * current)
        fired = threshold is not None and v > threshold
        out.append(float(fired) if threshold is not None else v)
        v = reset if fired else v
    return out


INPUTS = np.random.default_rng(0).uniform(-1, 3, STEPS)


def run_one(graph):
    with torch.no_grad():
        return from_nir(graph, dt_s=DT_S)(torch.from_numpy(INPUTS).float().reshape(-1, 1, 1))


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (nir.I(ones(1, 900.0)), {"r": 900.0}),
        (nir.LI(ones(1, 2e-3), ones(1, 3.0), ones(1, 0.2)), {"tau": 2e-3, "r": 3.0, "leak": 0.2}),
        (nir.IF(ones(1, 2e3), ones(1, 0.9)), {"r": 2e3, "threshold": 0.9}),
        (
            nir.IF(ones(1, 2e3), ones(1, 0.9), ones(1, -0.3)),
            {"r": 2e3, "threshold": 0.9, "reset": -0.3},
        ),
        (
            nir.LIF(ones(1, 8e-4), ones(1, 2.0), ones(1, 0.1), ones(1, 1.1), ones(1, 0.2)),
            {"tau": 8e-4, "r": 2.0, "leak": 0.1, "threshold": 1.1, "reset": 0.2},
        ),
    ],
)
def test_a_neuron_follows_its_equation(node, expected):
    found = run_one(chain(node, size=[1])).flatten().tolist()
    wanted = simulated(INPUTS, **expected)
    assert len(set(wanted)) > 1
    assert found == pytest.approx(wanted, abs=1e-4)


def test_a_current_based_neuron_is_two_in_a_row():
    node = nir.CubaLIF(
        ones(1, 5e-4), ones(1, 8e-4), ones(1, 2.0), ones(1, 0.0), ones(1, 0.8), w_in=1.5
    )
    current = simulated(INPUTS, tau=5e-4, r=1.5)
    wanted = simulated(current, tau=8e-4, r=2.0, threshold=0.8)
    assert sum(wanted) > 3
    assert run_one(chain(node, size=[1])).flatten().tolist() == wanted


def test_a_potential_exactly_at_the_threshold_does_not_fire():
    graph = chain(nir.IF(ones(1, 1 / DT_S), ones(1, 2.0)), size=[1])
    x = torch.tensor([1.0, 1.0, 0.25]).reshape(-1, 1, 1)
    assert from_nir(graph, dt_s=DT_S)(x).flatten().tolist() == [0, 0, 1]


def test_a_delay_gives_what_came_in_before_also_across_calls():
    network = from_nir(chain(nir.Delay(ones(1, 3 * DT_S)), size=[1]), dt_s=DT_S)
    x = torch.arange(1.0, 9).reshape(-1, 1, 1)
    pieces = torch.cat([network(x[:2]), network(x[2:3]), network(x[3:])]).flatten().tolist()
    assert pieces == [0, 0, 0, 1, 2, 3, 4, 5]
    network.reset()
    assert network(x[:1]).item() == 0


def test_a_loop_brings_back_the_step_before():
    graph = chain(nir.Scale(ones(1)), nir.Scale(ones(1, 0.5)), size=[1], edges=[("node1", "node0")])
    x = torch.tensor([1.0, 0, 0, 2, 0]).reshape(-1, 1, 1)
    network = from_nir(graph)
    assert network(x).flatten().tolist() == [0.5, 0.25, 0.125, 1.0625, 0.53125]
    network.reset()
    network.step_mode = "s"
    assert [network(step).item() for step in x[:2]] == [0.5, 0.25]


def test_layers_without_state_do_as_their_torch_twins():
    torch.manual_seed(0)
    weight, bias = torch.randn(4, 1, 3, 3), torch.randn(4)
    conv = nir.Conv2d((6, 8), weight.numpy(), (2, 1), (1, 0), (1, 2), 2, bias.numpy())
    pool = nir.AvgPool2d(np.array([1, 2]), np.array([1, 2]), np.array([0, 0]))
    summed = nir.SumPool2d(np.array([3, 1]), np.array([3, 1]), np.array([0, 0]))
    flat = nir.Flatten({"input": np.array([4, 1, 2])}, start_dim=0)
    matrix = torch.randn(3, 8)
    linear = nir.Linear(matrix.numpy())
    threshold = nir.Threshold(np.array([0.1, -0.1, 0.0]))
    graph = chain(conv, pool, summed, flat, linear, threshold, size=[2, 6, 8])
    x = torch.randn(5, 3, 2, 6, 8)
    h = torch.nn.functional.conv2d(x.flatten(0, 1), weight, bias, (2, 1), (1, 0), (1, 2), 2)
    h = torch.nn.functional.avg_pool2d(h, (1, 2))
    h = torch.nn.functional.avg_pool2d(h, (3, 1)) * 3
    expected = (h.flatten(1) @ matrix.T > torch.tensor([0.1, -0.1, 0.0])).float()
    torch.testing.assert_close(from_nir(graph)(x).flatten(0, 1), expected)


def test_a_one_dimensional_convolution_runs():
    weight, bias = torch.randn(3, 2, 5), torch.randn(3)
    node = nir.Conv1d(16, weight.numpy(), 1, "same", 1, 1, bias.numpy())
    x = torch.randn(4, 1, 2, 16)
    expected = torch.nn.functional.conv1d(x[:, 0], weight, bias, padding="same")
    torch.testing.assert_close(from_nir(chain(node, size=[2, 16]))(x)[:, 0], expected)


class Doubled(torch_nn.Module):
    def forward(self, x):
        return x + x


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (torch_nn.Sequential(torch_nn.Linear(3, 3), torch_nn.ReLU()), "ReLU"),
        (torch_nn.Sequential(nn.ALIF(step_mode="s")), "ALIF"),
        (torch_nn.Sequential(nn.IF(step_mode="s"), torch_nn.BatchNorm1d(3)), "batch norm"),
        (torch_nn.Sequential(nn.LIF(decay=1.0, step_mode="s")), "leak of zero"),
        (Doubled(), "added to itself"),
    ],
)
def test_what_nir_has_no_word_for_is_named(net, said):
    with pytest.raises(ConfigError, match=said):
        to_nir(net, torch.zeros(1, 3))


def test_parameters_that_differ_within_a_channel_are_refused():
    node = nir.IF(np.ones((2, 3)), np.arange(1.0, 7).reshape(2, 3))
    with pytest.raises(ConfigError, match="node0: threshold differs within a channel"):
        from_nir(chain(node, size=[2, 3]))


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (chain(chain(nir.Scale(ones(1)), size=[1]), size=[1]), "NIRGraph"),
        (nir.NIRGraph({}, [], type_check=False), "0 Input"),
        (chain(nir.Delay(np.array([1e-3, 2e-3])), size=[2]), "delays that differ"),
    ],
)
def test_graphs_that_cannot_run_are_refused(graph, said):
    with pytest.raises(ConfigError, match=said):
        from_nir(graph)


def test_a_file_that_is_no_nir_is_one_clear_error(tmp_path):
    path = tmp_path / "net.nir"
    with pytest.raises(ModelError, match="is not there"):
        read_nir(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(ModelError, match="not a readable NIR file"):
        read_nir(path)


@pytest.mark.parametrize("dt_s", [0.0, -1.0, math.nan])
def test_a_step_that_takes_no_time_is_refused(dt_s):
    with pytest.raises(ConfigError, match="dt_s"):
        from_nir(chain(nir.Scale(ones(1)), size=[1]), dt_s=dt_s)
