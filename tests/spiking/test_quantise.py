"""From torch networks to integers: the same numbers, less error after training, fewer channels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError, SensorSize
from eventvision.spiking import nn
from eventvision.spiking.integer import IntegerNetwork, IntegerSimulator
from eventvision.spiking.quantise import channel_scores, compare, prune_channels, quantise
from eventvision.spiking.quantise._rounding import fire, floor, round_half_up
from eventvision.spiking.quantise._scale import weight_exponents


@pytest.fixture(autouse=True)
def one_thread_and_a_seed():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def ilif(_channels):
    return nn.ILIF(4.0, levels=4)


class Pyramid(torch_nn.Module):
    """Everything that integers have, in one small network."""

    def __init__(self):
        super().__init__()
        self.stem = torch_nn.Sequential(nn.Conv2d(2, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
        self.separable = nn.SeparableBlock(8, ilif)
        self.membrane = nn.MembraneBlock(8, 12, ilif)
        self.fire = nn.LIF(2.0, threshold=0.5)
        self.element = nn.SpikeElementWiseBlock(12, 12, lambda _: nn.IF(threshold=0.7))
        self.pool = nn.AvgPool2d(2)
        self.mix = nn.Conv2d(12, 6, 3, padding=1)
        self.narrow = nn.ILIF(2.0, threshold=0.25)
        self.up = nn.Upsample(2)
        self.head = nn.Conv2d(18, 3, 1)
        self.read = nn.Readout(8.0)
        self.mean = torch_nn.AdaptiveAvgPool2d(1)
        self.flat = nn.Flatten()
        self.classes = torch_nn.Linear(6, 5)

    def forward(self, x):
        spikes = self.element(self.fire(self.membrane(self.separable(self.stem(x)))))
        small = self.narrow(self.mix(self.pool(spikes)))
        both = torch.cat([spikes, self.up(small, like=spikes)], 1)
        return {
            "map": self.read(self.head(both)),
            "classes": self.classes(self.flat(self.mean(small))),
        }


def lively(net):
    """Give batch norms statistics that keep all layers firing."""
    for module in net.modules():
        if isinstance(module, torch_nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.01, 0.05)
    return net.eval()


def events(steps=5, batch=2, size=(24, 28)):
    return torch.poisson(torch.rand(steps, batch, 2, *size))


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("runtime", [IntegerSimulator, IntegerNetwork])
def test_the_torch_network_gives_the_numbers_of_the_integer_model(bits, runtime):
    x = events()
    quantised = quantise(lively(Pyramid()), [x], bits=bits, bits_of={"stem.0": 8}).eval()
    model = quantised.to_integer()
    runs = [runtime(model, SensorSize(28, 24)) for _ in range(2)]
    fired = 0.0
    for step in x:
        with torch.no_grad():
            expected = quantised(step)
        for sample, run in enumerate(runs):
            got = run.step({"x": step[sample].numpy()})
            fired += float(run.tensor("narrow").mean())
            for name, values in expected.items():
                np.testing.assert_array_equal(model.decode(name, got[name]), values[sample])
    assert fired > 0


def test_eight_bits_stay_close_to_the_real_network():
    net, x = lively(Pyramid()), events(steps=1)
    reports = {report.name: report for report in compare(net, quantise(net, [x]), [x])}
    assert reports["stem.0"].error < 0.02
    assert reports["stem.0"].weight_error < 0.02
    assert reports["stem.0"].bits == 8
    assert reports["membrane.branch.0"].kind == "Neuron"
    assert all(report.saturated < 0.01 for report in reports.values())
    assert "8 bits" in str(reports["stem.0"])


def test_fewer_bits_mean_larger_errors():
    net, x = lively(Pyramid()), events(steps=1)
    errors = [compare(net, quantise(net, [x], bits=bits), [x])[0].error for bits in (8, 4, 2)]
    assert errors == sorted(errors)
    assert errors[0] < errors[2] / 10


def test_the_network_and_its_state_are_left_as_they_were():
    net = lively(Pyramid())
    nn.set_step_mode(net, "s")
    net(events()[0])
    before = {name: value.clone() for name, value in nn.states(net).items()}
    weights = {name: value.clone() for name, value in net.state_dict().items()}
    quantise(net, [events()])
    assert all(torch.equal(value, nn.states(net)[name]) for name, value in before.items())
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in weights.items())


class Counter(torch_nn.Module):
    """Tells apart events on the left from events on the right."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.fire = nn.ILIF(2.0)
        self.flat = nn.Flatten()
        self.classes = torch_nn.Linear(8 * 6 * 6, 2)

    def forward(self, x):
        return self.classes(self.flat(self.fire(self.conv(x))))


def sided(count):
    """Return events, (T, N, 1, 6, 6), and on which side there are more."""
    sides = torch.randint(0, 2, (count,))
    rate = torch.full((count, 1, 6, 6), 0.5)
    rate[sides == 0, :, :, :3] = 1.0
    rate[sides == 1, :, :, 3:] = 1.0
    return torch.poisson(rate.expand(3, -1, -1, -1, -1)), sides


def trained(net, outputs, steps, rate):
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], rate)
    for _ in range(steps):
        x, sides = sided(64)
        loss = torch_nn.functional.cross_entropy(outputs(x).mean(0).flatten(1), sides)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def loss_of(outputs):
    torch.manual_seed(99)
    x, sides = sided(512)
    with torch.no_grad():
        return float(torch_nn.functional.cross_entropy(outputs(x).mean(0).flatten(1), sides))


def quantised_outputs(quantised):
    def outputs(x):
        quantised.reset()
        return quantised.sequence(x)["output"]

    return outputs


@pytest.mark.parametrize("learn_steps", [False, True])
def test_fine_tuning_makes_a_ternary_network_better(learn_steps):
    net = Counter()

    def real(x):
        nn.reset(net)
        return torch.stack([net(step) for step in x])

    nn.set_step_mode(net, "s")
    trained(net, real, 60, 0.02)
    quantised = quantise(net, [sided(32)[0]], bits=2, learn_steps=learn_steps)
    outputs = quantised_outputs(quantised)
    before = loss_of(outputs)
    trained(quantised, outputs, 40, 0.005)
    assert loss_of(outputs) < 0.8 * before
    quantised.to_integer()


def test_steps_are_learned_only_if_asked():
    net, x = lively(Pyramid()), events(2)
    for learn_steps in (False, True):
        quantised = quantise(net, [x], learn_steps=learn_steps)
        quantised.sequence(x)["map"].sum().backward()
        assert (quantised.layer("stem.0").log_step.grad is not None) == learn_steps


def test_detaching_cuts_the_graph_and_keeps_the_state():
    quantised = quantise(lively(Pyramid()), [events()])
    first = quantised(events()[0])["map"]
    assert quantised.layer("read").potential.requires_grad
    quantised.detach()
    assert not quantised.layer("read").potential.requires_grad
    unit = 2.0 ** next(n.exponent for n in quantised.output_nodes if n.name == "map")
    torch.testing.assert_close(quantised.layer("read").potential * unit, first.detach())


def test_rectifiers_become_narrow_unsigned_values():
    net = torch_nn.Sequential(nn.Conv2d(1, 4, 3), torch_nn.ReLU(), nn.Conv2d(4, 2, 1)).eval()
    x = torch.rand(1, 2, 1, 8, 8)
    quantised = quantise(net, [x]).eval()
    got, real = quantised(x[0])["output"].detach(), net(x[0]).detach()
    assert float((got - real).abs().max()) < 0.02 * float(real.abs().max())
    model = quantised.to_integer()
    out = IntegerSimulator(model, SensorSize(8, 8)).step({"input": x[0, 0].numpy()})["output"]
    np.testing.assert_array_equal(model.decode("output", out), got[0])


def test_counts_stay_counts_and_other_inputs_fill_eight_bits():
    net = torch_nn.Sequential(nn.Conv2d(2, 3, 1))
    assert quantise(net, [events()]).input_nodes[0].exponent == 0
    signed = quantise(net, [events() * 3.7 - 5]).input_nodes[0]
    assert signed.dtype == "int8"
    assert signed.exponent < 0
    given = quantise(net, [events()], input_exponents={"input": -2})
    assert given.input_nodes[0].exponent == -2


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_weight_exponents_beat_their_neighbours(bits):
    high = {8: 127, 4: 7, 2: 1}[bits]
    weight = torch.randn(6, 40, dtype=torch.float64)
    chosen = weight_exponents(weight, bits)

    def error(exponents):
        step = torch.exp2(exponents)[:, None]
        return ((weight / step).round().clamp(-high, high) * step - weight).square().sum(1)

    for other in (chosen - 1, chosen + 1):
        assert bool((error(chosen) <= error(other) + 1e-12).all())


def test_rounding_passes_gradients_straight():
    x = torch.tensor([0.2, 0.5, -0.5, 2.7], requires_grad=True)
    assert round_half_up(x).tolist() == [0.0, 1.0, 0.0, 3.0]
    assert floor(x).tolist() == [0.0, 0.0, -1.0, 2.0]
    (round_half_up(x) * 3 + floor(x)).sum().backward()
    assert x.grad.tolist() == [4.0] * 4


@pytest.mark.parametrize(
    ("rounding", "offset", "expected", "gradient"),
    [
        (True, 5.0, [0, 0, 1, 2, 3, 3], [0, 1, 1, 1, 1, 0]),
        (False, 0.0, [0, 0, 0, 2, 3, 3], [0, 0, 1, 1, 1, 0]),
    ],
)
def test_spikes_have_a_window_of_gradient(rounding, offset, expected, gradient):
    v = torch.tensor([-3.0, 4.0, 6.0, 20.0, 30.0, 36.0], requires_grad=True)
    spikes = fire(v, torch.tensor(10.0), torch.tensor(offset), 3, rounding=rounding)
    assert spikes.tolist() == expected
    spikes.sum().backward()
    torch.testing.assert_close(v.grad * 10, torch.tensor(gradient, dtype=torch.float32))


class Without(torch_nn.Module):
    """A network around one operation that integers do not have."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.conv = nn.Conv2d(2, 2, 1)
        self.fire = nn.IF()

    def forward(self, x):
        return self.function(self, x)


@pytest.mark.parametrize(
    ("net", "problem"),
    [
        (torch_nn.Sequential(nn.Conv2d(2, 2, 1), nn.ALIF()), "neuron 1: 'ALIF'"),
        (torch_nn.Sequential(nn.Conv2d(2, 2, 1), nn.IF(reset="hard")), "reset=hard"),
        (torch_nn.Sequential(nn.Conv2d(2, 2, 3, dilation=2)), "dilation"),
        (torch_nn.Sequential(nn.Conv2d(2, 2, 3, padding="same")), "padding same"),
        (torch_nn.Sequential(torch_nn.Tanh()), "Tanh"),
        (Without(lambda net, x: net.conv(x) if x.sum() > 0 else x), "the same layers for every"),
        (torch_nn.Sequential(nn.BatchNorm2d(2)), "right after a convolution"),
        (torch_nn.Sequential(nn.IF()), "a current to read"),
        (torch_nn.Sequential(nn.Conv2d(2, 2, 1), nn.MaxPool2d(2)), "spikes to pool"),
        (torch_nn.Sequential(nn.AvgPool2d(3, ceil_mode=True)), "ceil_mode"),
        (torch_nn.Sequential(nn.AvgPool2d(3)), "a layer after it"),
        (Without(lambda net, x: net.conv(x) * 2), "operation mul"),
        (Without(lambda net, x: net.conv(x) + 1), "two tensors"),
        (Without(lambda net, x: net.conv(x) + x), "int16 and uint8"),
        (Without(lambda net, x: net.fire(net.conv(net.fire(net.conv(x))))), "used twice"),
    ],
)
def test_what_integers_do_not_have_is_named(net, problem):
    with pytest.raises(ConfigError, match=problem):
        quantise(net.eval(), [events(1)])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"bits": 3}, "8, 4 or 2"),
        ({"bits_of": {"nobody": 4}}, "paths of the network"),
        ({"samples": []}, "one sequence"),
        ({"samples": [torch.zeros(2, 24, 28)[None]]}, "shape \\(T, N, C, H, W\\)"),
        ({"samples": [{"y": torch.zeros(1, 1, 2, 4, 4)}]}, "sequences for x"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(ConfigError, match=problem):
        quantise(lively(Pyramid()), **{"samples": [events()]} | options)


class Chain(torch_nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch_nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.LIF(2.0),
            nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ILIF(2.0), nn.AvgPool2d(2),
            nn.Conv2d(8, 6, 1), nn.PLIF(2.0, channels=6), nn.Flatten(), torch_nn.Linear(6 * 9, 3),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


def silence(net, channels):
    with torch.no_grad():
        net.layers[1].weight[channels] = 0
        net.layers[1].bias[channels] = -10


def test_silent_channels_score_lowest_and_leave_without_a_trace():
    net = lively(Chain())
    silence(net, [1, 4, 6])
    net.layers[3].bias.data.zero_()
    x = events(4, 2, (6, 6))
    scores = channel_scores(net, [x])
    assert set(scores) == {"layers.0", "layers.6"}
    assert scores["layers.0"].argsort()[:3].sort().values.tolist() == [1, 4, 6]
    pruned = prune_channels(net, [x], share=0.375)
    assert pruned.layers[0].weight.shape == (5, 2, 3, 3)
    assert pruned.layers[3].weight.shape == (5, 1, 3, 3)
    assert pruned.layers[6].weight.shape == (4, 5, 1, 1)
    assert pruned.layers[7].decay.shape == (4,)
    assert pruned.layers[9].weight.shape == (3, 36)
    before = run_layers(net, x, 6)
    after = run_layers(pruned, x, 6)
    kept = scores["layers.6"].argsort(descending=True)[:4].sort().values
    torch.testing.assert_close(after, before[:, :, kept])


def run_layers(net, x, count):
    """Return the output of layer `count` for a sequence."""
    nn.reset(net)
    nn.set_step_mode(net, "s")
    with torch.no_grad():
        return torch.stack([net.layers[: count + 1](step) for step in x])


def test_a_share_of_nothing_changes_nothing():
    net, x = lively(Chain()), events(2, 1, (6, 6))
    pruned = prune_channels(net, [x], share=0.0)
    assert all(
        torch.equal(value, pruned.state_dict()[name]) for name, value in net.state_dict().items()
    )


def test_what_remains_is_a_multiple():
    pruned = prune_channels(lively(Chain()), [events(2, 1, (6, 6))], share=0.7, multiple=4)
    assert pruned.layers[0].weight.shape[0] == 4


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_shares_outside_0_to_1_are_refused(share):
    with pytest.raises(ConfigError, match="share"):
        prune_channels(lively(Chain()), [events(1)], share=share)


def leaks(neuron, terms):
    net = torch_nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), neuron)
    node = quantise(net, [events(steps=2)], leak_terms=terms).to_integer()["layer1"]
    return node.leak if node.leak is None or isinstance(node.leak, int) else node.leak.tolist()


@pytest.mark.parametrize(
    ("decay", "one", "two"),
    [
        (1.0, None, None),
        (0.0, 0, 0),
        (0.75, 2, 2),
        (0.74, 2, [[2] * 3, [6] * 3]),
        (1 - 0.375, 1, [[2] * 3, [3] * 3]),
        ([0.5, 0.75, 1.0], [[1, 2, -1]], [[1, 2, -1]]),
        ([0.5, 0.69, 0.99], [[1, 2, 7]], [[1, 2, 7], [-1, 4, 9]]),
    ],
)
def test_leaks_are_the_nearest_sums_of_shifts(decay, one, two):
    value = torch.tensor(decay) if isinstance(decay, list) else decay
    for terms, expected in ((1, one), (2, two)):
        assert leaks(nn.LIF(decay=value, decay_input=False), terms) == expected


@pytest.mark.parametrize("neuron", [nn.Readout, nn.LIF])
def test_inputs_that_leaks_scale_stay_true(neuron):
    """Half a convolution's weights go into one whose neurons forget half in a step."""
    decay = torch.tensor([0.0, 0.5, 1 - 0.375])
    net = torch_nn.Sequential(nn.Conv2d(2, 3, 1), neuron(decay=decay, decay_input=True))
    with torch.no_grad():
        net[0].weight.fill_(0.25)
        net[0].bias.fill_(0.5)
    ones = torch.ones(12, 1, 2, 4, 4)
    quantised = quantise(net, [ones])
    with torch.no_grad():
        expected, got = net(ones), quantised.sequence(ones)["output"]
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-3)


def test_a_readout_behind_a_sum_cannot_scale_by_channel():
    class Net(torch_nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 1)
            self.read = nn.Readout(decay=torch.tensor([0.3, 0.5, 0.7]))

        def forward(self, x):
            return self.read(self.one(x) + self.two(x))

    with pytest.raises(ConfigError, match=r"readout read.*decay_input=False"):
        quantise(Net(), [events(steps=1)])


class Odd(torch_nn.Module):
    """A network whose output is made by a function."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.fire, self.function = nn.Conv2d(2, 4, 3, padding=1), nn.IF(), function

    def forward(self, x):
        return self.function(self.fire(self.conv(x)))


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda x: x.flatten(2), "a layer after it"),
        (lambda x: x.transpose(1, 2), r"flatten\(2\)"),
        (lambda x: torch_nn.functional.interpolate(x, scale_factor=1.5), "whole scale_factor"),
        (lambda x: torch_nn.functional.interpolate(x, size=(9, 9)), "whole scale_factor"),
        (
            lambda x: torch_nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear"),
            "nearest",
        ),
        (lambda x: torch_nn.functional.pixel_unshuffle(x, 2), "a layer after it"),
        (lambda x: x.sigmoid() + x, "went through a curve"),
        (lambda x: x.flatten(2).transpose(1, 2) + 1, "two tensors"),
    ],
)
def test_what_integers_cannot_do_is_named(function, problem):
    with pytest.raises(ConfigError, match=problem):
        quantise(Odd(function), [events(steps=1)])


class Loop(torch_nn.Module):
    """Spikes come back in through a convolution a step later."""

    def __init__(self):
        super().__init__()
        self.conv, self.back = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.fire, self.delay = nn.ILIF(2.0, decay_input=False), nn.Delay()

    def forward(self, x):
        x = self.conv(x)
        return self.delay(self.fire(x + self.back(self.delay.last(x))))


def test_loops_are_trained_and_run_alike():
    net, x = Loop(), events(batch=1)
    nn.set_step_mode(net, "s")
    quantised = quantise(net, [x])
    outputs = quantised.sequence(x)["output"]
    outputs[-1].sum().backward()
    assert quantised.layer("back").weight.grad.abs().sum() > 0
    quantised.reset()
    run = IntegerSimulator(quantised.to_integer(), SensorSize(28, 24))
    for step, expected in zip(x, outputs, strict=True):
        got = run.step({"x": step[0].numpy()})["output"]
        np.testing.assert_array_equal(got, expected[0].detach())


def test_a_delay_gives_zeros_first_and_then_what_was():
    delay, x = nn.Delay(), torch.rand(3, 1, 2, 4, 4)
    assert not delay.last(x[0]).any()
    assert torch.equal(delay(x[0]), x[0])
    assert torch.equal(delay.last(x[1]), x[0])
    nn.reset(delay)
    assert not delay.last(x[1]).any()


@pytest.mark.parametrize("terms", [0, 3])
def test_leaks_have_one_shift_or_two(terms):
    with pytest.raises(ConfigError, match="leak_terms"):
        quantise(Odd(lambda x: x), [events(steps=1)], leak_terms=terms)
