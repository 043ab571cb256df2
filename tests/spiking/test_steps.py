"""A step is called once with symbols; what comes of it computes and differentiates the same."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch

from eventvision.core import ConfigError
from eventvision.spiking import nn, steps
from eventvision.spiking.nn import _backends
from eventvision.spiking.steps import Step, Surrogate, _expression

torch.set_num_threads(1)
BACKENDS = ["torch", "numba"]

pytestmark = pytest.mark.usefixtures("python_runs_kernels")


def smooth_lif(x, v, *, decay, threshold, steepness, reset):
    """A LIF neuron that spikes gradually, so that its derivative can be measured."""
    v = decay * v + (1 - decay) * x
    s = 1 / (1 + steps.exp(-steepness * (v - threshold)))
    return s, steps.after_spike(v, s, threshold, reset)


def much(x, a, b, *, p, q):
    """A step that uses everything that has a derivative."""
    c = steps.where((x > 0) & ~(a > 2.0) | (b <= -3.0), x * p, -x / q)
    a = steps.clip(0.5 * a + c, -1.5, 1.5) - steps.sqrt(1 + b * b)
    b = steps.maximum(abs(b) * p, steps.minimum(a, q)) / 2 + 3 - 1 / (2 + abs(x))
    return a * b - steps.exp(-a * a), a, b


Smooth = nn.neuron(smooth_lif, decay=0.6, threshold=1.0, steepness=3.0, reset="soft")
Much = nn.neuron(much, p=0.7, q=1.3)


def derivatives_are_those_measured(neuron, x):
    neuron = neuron.double()
    parameters = [p for p in neuron.parameters() if p.requires_grad]

    def run(given, *_):
        neuron.reset()
        return (neuron(given), *neuron.state.values())

    return torch.autograd.gradcheck(run, (x.double().requires_grad_(), *parameters))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("reset", steps.RESETS)
def test_derivatives_are_those_measured(backend, reset):
    learn = ("decay", "threshold", "steepness")
    neuron = Smooth(reset=reset, threshold=torch.tensor([0.8, 1.2]), learn=learn, backend=backend)
    assert derivatives_are_those_measured(neuron, torch.randn(3, 1, 2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_derivatives_of_all_that_a_step_may_do_are_those_measured(backend):
    torch.manual_seed(5)
    neuron = Much(learn=("p", "q"), q=torch.tensor([1.3, 0.9]), backend=backend)
    assert derivatives_are_those_measured(neuron, torch.randn(3, 2, 2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_passes_a_detached_value(backend):
    def half(x, v, *, gain):
        v = v + x
        return gain * steps.detach(v) * v, steps.detach(v)

    x = torch.tensor([[2.0], [3.0]], requires_grad=True)
    nn.neuron(half, gain=1.0)(backend=backend)(x[:, None]).sum().backward()
    assert x.grad.flatten().tolist() == [2.0, 5.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_rounding_passes_gradients_straight_inside_its_levels(backend):
    u = torch.tensor([-0.1, 0.0, 0.4, 1.5, 2.0, 2.1])
    x = u[None, None].clone().requires_grad_()
    y = nn.ILIF(decay=1.0, decay_input=False, levels=2, backend=backend)(x)
    y.sum().backward()
    assert y.flatten().tolist() == [0.0, 0.0, 0.0, 2.0, 2.0, 2.0]
    assert x.grad.flatten().tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]


def as_numpy(neuron, x):
    """Run a neuron's step by hand, as the plain function of arrays that it is."""
    state = [value.numpy() for value in neuron.initial_state(x[0]).values()]
    parameters = {n: p.detach().numpy() for n, p in neuron.parameters_of_step().items()}
    outputs = []
    for current in x.numpy():
        output, *state = neuron.definition.function(current, *state, **parameters, **neuron.options)
        outputs.append(output)
    return torch.from_numpy(np.stack(outputs))


@pytest.mark.parametrize(
    "make",
    [nn.IF, nn.LIF, nn.PLIF, nn.ILIF, nn.ALIF, nn.ResonateFire, nn.Readout, nn.BurstIF,
     nn.SignedIF, Much],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_a_step_is_a_function_of_arrays_too(make):
    x = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(1)).double() * 2
    neuron = make(backend="torch").double()
    torch.testing.assert_close(neuron(x), as_numpy(neuron, x))


PRIMITIVES = {
    "sigmoid": lambda u, a: 0.5 + math.tanh(a * u / 2) / 2,
    "arctan": lambda u, a: math.atan(math.pi / 2 * a * u) / math.pi + 0.5,
    "rectangle": lambda u, a: min(max(a * u + 0.5, 0), 1),
    "piecewise": lambda u, a: (
        0.5 + math.copysign(min(abs(a * u), 1) * (1 - min(abs(a * u), 1) / 2), u)
    ),
    "fast-sigmoid": lambda u, a: 0.5 + a * u / (1 + 2 * a * abs(u)),
}
"""Of which the surrogates are the derivatives."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "slope"), [*itertools.product(PRIMITIVES, (None, 0.8, 3.0))])
def test_surrogates_are_derivatives_of_steps_from_0_to_1(backend, name, slope):
    primitive, a = PRIMITIVES[name], Surrogate(name, slope).steepness
    u = torch.linspace(-2.03, 2.04, 24, dtype=torch.float64)[None, None].requires_grad_()
    neuron = nn.IF(threshold=0.0, reset="none", surrogate=name, slope=slope, backend=backend)
    neuron.double()(u).sum().backward()
    h = 1e-6
    expected = [(primitive(v + h, a) - primitive(v - h, a)) / (2 * h) for v in u.flatten().tolist()]
    torch.testing.assert_close(u.grad.flatten().tolist(), expected, rtol=1e-6, atol=1e-6)
    assert primitive(-1e6, a) == pytest.approx(0, abs=1e-5)
    assert primitive(1e6, a) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_surrogate_of_ones_own_is_written_like_a_step(backend):
    bump = Surrogate("bump", 2.0, lambda u, slope: steps.exp(-slope * u * u))
    u = torch.tensor([[[-1.0, 0.5]]], requires_grad=True)
    nn.IF(threshold=0.0, reset="none", surrogate=bump, backend=backend)(u).sum().backward()
    torch.testing.assert_close(u.grad.flatten(), torch.exp(-2 * torch.tensor([1.0, 0.25])))


def test_equal_expressions_are_one_and_simple_ones_vanish():
    a, b = _expression.symbol("a"), _expression.symbol("b")
    assert a * b is b * a
    assert 1 * a + 0 is a
    assert a - -b is a + b
    assert -(a - b) is b - a
    assert (0 * a).detail == 0
    assert (2 * _expression.number(3) / 4).detail == 1.5
    assert steps.where(a > b, 1, 0) is _expression.number_of(a > b)


def branches(x, v):
    if x > v:
        return x, v
    return v, v


def forgets(x, v):
    return x + v


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (branches, TypeError, "choose with where"),
        (forgets, ConfigError, "a function that returns output, v"),
        (lambda x, *, gain, **more: x, ConfigError, "names all of its arguments"),
        (lambda: 1, ConfigError, "first argument is the input"),
        (lambda x: x & x, TypeError, "compare the number first"),
    ],
)
def test_what_is_no_step_is_refused(step, error, message):
    with pytest.raises(error, match=message):
        Step(step, "Wrong").trace(options={}, surrogate=Surrogate())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.neuron(much, p=1.0), "a default for each keyword"),
        (lambda: nn.neuron(lambda x, *, learn: x, name="A", learn=1.0), "other names"),
        (lambda: Much(r=1.0), "parameters: p, q"),
        (lambda: Much(learn=("r",)), "any of p, q"),
        (lambda: Much(initial={"c": 1.0}), "any of a, b"),
        (lambda: Much(p=torch.ones(2, 2)), "one per channel"),
        (lambda: Much(p=math.nan), "finite"),
        (lambda: nn.IF(reset="medium"), "one of soft, hard, none"),
        (lambda: nn.IF(surrogate="tent"), "one of sigmoid"),
        (lambda: nn.IF(slope=0.0), "above 0"),
        (lambda: nn.IF(surrogate=Surrogate(), slope=1.0), "surrogate has its own"),
        (lambda: nn.IF(step_mode="x"), "sequences"),
        (lambda: nn.LIF(0.5), "1 step or more"),
        (lambda: nn.LIF(decay=1.5), "0 to 1"),
        (lambda: nn.ALIF(threshold_tau=0.0), "1 step or more"),
        (lambda: nn.ILIF(levels=0), "1 or more"),
        (lambda: nn.SlidingPSN(0), "1 or more"),
        (lambda: nn.SlidingPSN(initial=1.0), "no such option"),
        (lambda: nn.MaskedPSN(4, taps=5), "1 to 4"),
        (lambda: nn.MaskedPSN(4, step_mode="s"), "SlidingPSN"),
        (lambda: nn.MaskedPSN(4)(torch.zeros(3, 1, 1)), "4 steps"),
        (lambda: nn.IF(threshold=torch.ones(3))(torch.zeros(2, 1, 4)), "3 channels"),
        (lambda: nn.IF().source("cuda"), "'torch', 'numba' or 'triton'"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_state_of_another_size_asks_for_a_reset():
    neuron = nn.LIF()
    neuron(torch.zeros(2, 1, 4))
    with pytest.raises(ConfigError, match="a reset before"):
        neuron(torch.zeros(2, 1, 5))


@pytest.mark.parametrize("backend", ["torch", "numba", "triton"])
def test_the_code_of_a_neuron_can_be_read(backend):
    source = nn.PLIF(channels=2).source(backend)
    compile(source, "source", "exec")
    assert "decay_" in source
    assert max(map(len, source.splitlines())) < 200


def test_counts_unroll_into_spikes():
    counts = torch.tensor([[0.0, 3.0], [2.0, 1.0]])
    spikes = nn.as_spikes(counts, 3)
    assert spikes.shape == (6, 2)
    assert spikes.reshape(2, 3, 2).sum(1).tolist() == counts.tolist()
    assert set(spikes.flatten().tolist()) == {0.0, 1.0}


def test_states_go_out_and_come_back():
    net = torch.nn.Sequential(nn.ALIF(step_mode="s"), nn.SlidingPSN(3, step_mode="s"))
    net(torch.ones(2, 3))
    kept = nn.states(net)
    assert set(kept) == {"0.v", "0.a", "1.past"}
    expected = net(torch.ones(2, 3))
    nn.reset(net)
    nn.set_states(net, kept)
    assert torch.equal(net(torch.ones(2, 3)), expected)
    with pytest.raises(ConfigError, match=r"all of 0\.v, 0\.a"):
        nn.set_states(net, {"0.v": kept["0.v"]})
    with pytest.raises(ConfigError, match=r"2\.v"):
        nn.set_states(net, {"2.v": kept["0.v"]})


def test_detaching_cuts_the_graph_and_keeps_the_state():
    neuron = nn.LIF()
    x = torch.ones(2, 1, 3, requires_grad=True)
    neuron(x)
    before = neuron.state["v"]
    nn.detach(neuron)
    assert torch.equal(neuron.state["v"], before)
    assert not neuron.state["v"].requires_grad


def test_a_network_can_be_copied_saved_and_loaded(tmp_path):
    net = torch.nn.Sequential(nn.PLIF(channels=3), nn.BurstIF(threshold=torch.ones(3)))
    torch.save(net.state_dict(), tmp_path / "net.pt")
    again = torch.nn.Sequential(nn.PLIF(4.0, channels=3), nn.BurstIF(threshold=torch.zeros(3) + 9))
    again.load_state_dict(torch.load(tmp_path / "net.pt"))
    x = torch.randn(4, 2, 3)
    assert torch.equal(again(x), net(x))


def test_a_copy_has_the_state_without_its_graph():
    neuron = nn.LIF()
    neuron(torch.ones(2, 1, 3, requires_grad=True))
    again = copy.deepcopy(neuron)
    assert torch.equal(again.state["v"], neuron.state["v"])
    assert not again.state["v"].requires_grad
    assert pickle.loads(pickle.dumps(again)).step_mode == "m"


def test_tracing_a_graph_uses_torch():
    program = torch.export.export(nn.LIF(step_mode="s"), (torch.ones(1, 3),))
    assert torch.equal(program.module()(torch.full((1, 3), 5.0)), torch.ones(1, 3))
    assert _backends.choose("auto", torch.ones(1)).backend == "numba"
