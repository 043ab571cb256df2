"""Fast forms of every neuron against plain torch, values and gradients.

What is made from a step is tested as the text that it is: for numba, Python runs that text without
the compiler, so that all neurons, surrogates and resets can be tried; a few are compiled. Tests of
Triton run on a GPU (`pytest -m gpu`), and where there is none, the very same tests run in Triton's
interpreter (see `test_triton_sources.py`).
"""

from __future__ import annotations

import itertools

import pytest
import torch

from eventvision.core import ConfigError, DeviceError
from eventvision.spiking import nn
from eventvision.spiking.nn import _backends
from eventvision.spiking.steps import SURROGATES

torch.set_num_threads(1)

RESETS = ("soft", "hard", "none")
SURROGATE_NAMES = tuple(SURROGATES)

SPIKING = {
    "IF": nn.IF,
    "IF, per channel": lambda **o: nn.IF(threshold=torch.tensor([0.7, 1.1, 0.9]), **o),
    "LIF": lambda **o: nn.LIF(3.0, **o),
    "LIF, plain input": lambda **o: nn.LIF(decay=0.8, decay_input=False, learn=("threshold",), **o),
    "PLIF": nn.PLIF,
    "PLIF, per channel": lambda **o: nn.PLIF(3.0, channels=3, **o),
    "ALIF": lambda **o: nn.ALIF(learn=("strength", "threshold_decay"), **o),
    "ResonateFire": lambda **o: nn.ResonateFire(frequency=torch.tensor([0.3, 0.6, 1.0]), **o),
}
OTHERS = {
    "ILIF": lambda **o: nn.ILIF(threshold=0.3, **o),
    "ILIF, per channel": lambda **o: nn.ILIF(levels=2, learn_decay=True, channels=3, **o),
    "Readout": nn.Readout,
    "Readout, learned": lambda **o: nn.Readout(learn_decay=True, **o),
    "BurstIF": lambda **o: nn.BurstIF(threshold=torch.tensor([0.2, 0.5, 0.7]), initial=0.1, **o),
    "SignedIF": lambda **o: nn.SignedIF(threshold=0.5, initial=torch.tensor([0.0, 0.2, 0.3]), **o),
    "SlidingPSN": lambda **o: nn.SlidingPSN(3, **o),
    "SlidingPSN, one tap": lambda **o: nn.SlidingPSN(1, **o),
    "MaskedPSN": lambda **o: nn.MaskedPSN(5, taps=3, **o),
    "MaskedPSN, all": lambda **o: nn.MaskedPSN(5, **o),
}
MAKERS = SPIKING | OTHERS

ALL_CASES = [
    *itertools.product(SPIKING, RESETS, SURROGATE_NAMES),
    *((name, None, "sigmoid") for name in OTHERS),
    *(("SlidingPSN", None, surrogate) for surrogate in SURROGATE_NAMES[1:]),
    *(("SignedIF", None, surrogate) for surrogate in SURROGATE_NAMES[1:]),
]
"""All neurons, resets and surrogates."""
SOME_CASES = [
    *((name, reset, "sigmoid") for name, reset in zip(SPIKING, itertools.cycle(RESETS))),
    *(("LIF", reset, name) for name, reset in zip(SURROGATE_NAMES, itertools.cycle(RESETS))),
    *((name, None, "arctan") for name in OTHERS),
]
"""Each neuron, reset and surrogate, for what takes longer to compile."""

gpu = pytest.mark.gpu


@pytest.fixture
def triton_device():
    if not _backends.triton_is_installed():
        pytest.skip("Triton is not installed")
    if _backends.triton_interprets():
        return "cpu"
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return "cuda"


BOTH = [pytest.param("numba"), pytest.param("triton", marks=gpu)]


@pytest.fixture
def fast(request):
    """Return the backend under test and its device."""
    backend = request.param
    if backend == "triton":
        return backend, request.getfixturevalue("triton_device")
    request.getfixturevalue("python_runs_kernels")
    return backend, "cpu"


def everything_of(neuron, inputs, seed=1, dtype=torch.float64):
    """Run inputs one after another with carried state; return all values and all gradients."""
    generator = torch.Generator().manual_seed(seed)
    neuron = neuron.to(inputs[0].device, dtype)
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    outputs = [neuron(leaf) for leaf in leaves]
    last_states = list((neuron.state or {}).values())
    loss = 0.0
    for value in [*outputs, *last_states]:
        weights = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        loss = loss + (value * weights.to(value)).sum()
    loss.backward()
    gradients = [leaf.grad for leaf in leaves] + [p.grad for p in neuron.parameters()]
    return [one.detach() for one in (*outputs, *last_states)], gradients


def assert_agrees(make, fast, inputs, dtype=torch.float64, **tolerance):
    """Check a neuron's fast form against its plain one."""
    backend, device = fast
    values, gradients = everything_of(make(backend="torch"), inputs, dtype=dtype)
    moved = [x.to(device) for x in inputs]
    fast_values, fast_gradients = everything_of(make(backend=backend), moved, dtype=dtype)
    for expected, found in zip(values, fast_values, strict=True):
        torch.testing.assert_close(
            found.cpu(), expected, rtol=0, atol=1e-12 if not tolerance else 1e-6
        )
    for expected, found in zip(gradients, fast_gradients, strict=True):
        torch.testing.assert_close(
            found.cpu(), expected, **tolerance or {"rtol": 1e-8, "atol": 1e-10}
        )


def sequence(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype) * 1.2 + 0.5


def maker(name, reset, surrogate):
    options = {"surrogate": surrogate} | ({} if reset is None else {"reset": reset})
    return lambda **more: MAKERS[name](**options, **more)


@pytest.mark.parametrize(
    ("fast", "case"),
    [
        *(pytest.param("numba", case, id=f"numba-{case}") for case in ALL_CASES),
        *(pytest.param("triton", case, id=f"triton-{case}", marks=gpu) for case in SOME_CASES),
    ],
    indirect=["fast"],
)
def test_values_and_gradients_are_those_of_plain_torch(fast, case):
    assert_agrees(maker(*case), fast, [sequence(5, 2, 3, 2), sequence(5, 2, 3, 2, seed=3)])


SIZES = [(1, 2, 3, 2), (5, 1, 3), (11, 1, 3, 1, 1), (5, 7, 3, 13)]


@pytest.mark.parametrize("fast", BOTH, indirect=True)
@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", ["PLIF, per channel", "SlidingPSN"])
def test_any_size_will_do(fast, name, shape):
    assert_agrees(maker(name, None, "sigmoid"), fast, [sequence(*shape), sequence(*shape, seed=2)])


@pytest.mark.parametrize("fast", BOTH, indirect=True)
@pytest.mark.parametrize("name", ["PLIF, per channel", "ALIF", "SlidingPSN", "MaskedPSN"])
def test_no_neurons_are_no_trouble(fast, name):
    backend, device = fast
    neuron = MAKERS[name](backend=backend).to(device)
    x = torch.zeros(5, 0, 3, 2, device=device, requires_grad=True)
    y = neuron(x)
    y.sum().backward()
    assert y.shape == x.grad.shape == x.shape
    assert all(bool((p.grad == 0).all()) for p in neuron.parameters())


@pytest.mark.parametrize("fast", BOTH, indirect=True)
def test_no_steps_leave_the_state_as_it_was(fast):
    backend, device = fast
    neuron = nn.LIF(backend=backend).to(device)
    neuron(torch.ones(2, 1, 3, device=device))
    before = neuron.state["v"].clone()
    assert neuron(torch.ones(0, 1, 3, device=device)).shape == (0, 1, 3)
    torch.testing.assert_close(neuron.state["v"], before)


def channels_last(x):
    return x.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)


LAYOUTS = {
    "channels-last": channels_last,
    "transposed": lambda x: x.transpose(3, 4).contiguous().transpose(3, 4),
    "batch first": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
    "with gaps": lambda x: x.repeat_interleave(2, 4)[..., ::2],
    "expanded": lambda x: x[:, :1].expand(x.shape),
}


@pytest.mark.parametrize("fast", BOTH, indirect=True)
@pytest.mark.parametrize("layout", [*LAYOUTS])
def test_the_layout_in_memory_does_not_matter(fast, layout):
    backend, device = fast
    name = "SlidingPSN" if layout == "transposed" else "PLIF, per channel"
    make, x = maker(name, None, "sigmoid"), LAYOUTS[layout](sequence(4, 2, 3, 2, 3))
    expected = everything_of(make(backend=backend), [x.contiguous().to(device)])
    found = everything_of(make(backend=backend), [x.to(device)])
    torch.testing.assert_close(found, expected)


def test_channels_last_stays_channels_last(python_runs_kernels):
    x = channels_last(sequence(2, 2, 3, 4, 5))
    neuron = nn.LIF(backend="numba").double()
    assert neuron(x).stride() == x.stride()
    assert neuron.state["v"].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("fast", BOTH, indirect=True)
@pytest.mark.parametrize("name", ["LIF", "ALIF", "BurstIF", "SlidingPSN"])
def test_pieces_and_single_steps_give_what_the_whole_gives(fast, name):
    backend, device = fast
    x = sequence(5, 2, 3, 2).to(device)
    whole, pieces, single = (MAKERS[name](backend=backend).to(x) for _ in range(3))
    nn.set_step_mode(single, "s")
    expected = whole(x)
    torch.testing.assert_close(torch.cat([pieces(x[:2]), pieces(x[2:])]), expected)
    torch.testing.assert_close(torch.stack([single(step) for step in x]), expected)
    torch.testing.assert_close(nn.states(single), nn.states(whole))


@pytest.mark.parametrize("fast", BOTH, indirect=True)
def test_gradients_of_the_last_state_alone(fast):
    backend, device = fast
    found = []
    for one, where in (("torch", "cpu"), (backend, device)):
        neuron = nn.ALIF(backend=one).to(where, torch.float64)
        x = sequence(4, 1, 3).to(where).requires_grad_()
        neuron(x)
        neuron.state["a"].sum().backward()
        found.append(x.grad.cpu())
    torch.testing.assert_close(*found)


@gpu
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_differs_by_its_rounding_only(triton_device, dtype):
    x = sequence(9, 2, 3, 5).to(dtype)
    make = maker("PLIF, per channel", "hard", "arctan")
    values, gradients = everything_of(make(backend="triton"), [x.to(triton_device)], dtype=dtype)
    wide, wide_gradients = everything_of(make(backend="torch"), [x.float()], dtype=torch.float32)
    assert {value.dtype for value in (*values, *gradients)} == {dtype}
    assert (values[0].cpu().float() != wide[0]).float().mean() < 0.02
    rough = 0.01 if dtype == torch.float16 else 0.06
    spread = (gradients[0].cpu().float() - wide_gradients[0]).abs()
    assert spread.quantile(0.9) < rough


COMPILED = ["LIF", "PLIF, per channel", "SlidingPSN"]


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_kernels_fire_the_very_same_spikes(name):
    make = maker(name, None, "sigmoid")
    x = sequence(6, 3, 3, 29, 41, dtype=torch.float32)
    rough = {"rtol": 2e-5, "atol": 2e-5}
    assert_agrees(make, ("numba", "cpu"), [x], dtype=torch.float32, **rough)
    with torch.no_grad():
        assert torch.equal(make(backend="numba")(x), make(backend="torch")(x))


def test_threads_share_the_neurons_and_change_nothing(monkeypatch):
    x = sequence(6, 40, 3, 1001, dtype=torch.float32)
    neuron = nn.LIF(backend="numba")
    alone = everything_of(neuron, [x], dtype=torch.float32)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    nn.reset(neuron)
    torch.testing.assert_close(everything_of(neuron, [x], dtype=torch.float32), alone)


def test_auto_takes_numba_on_the_cpu_and_says_so():
    neuron = nn.LIF()
    neuron(torch.zeros(2, 1, 1))
    assert neuron.backend_used == "numba"
    assert neuron.explain(torch.zeros(2, 1, 1)).startswith("numba: torch.float32 on the CPU")


def test_auto_says_why_it_takes_torch():
    neuron = nn.LIF().half()
    assert neuron(torch.zeros(2, 1, 1).half()).dtype == torch.float16
    assert neuron.backend_used == "torch"
    assert "float16" in neuron.explain(torch.zeros(1).half())


@pytest.mark.parametrize(
    ("backend", "x", "remedy"),
    [
        ("numba", torch.zeros(1, 1, 1).half(), "use float32"),
        ("numba", torch.zeros(1, 1, 1, device="meta"), "triton"),
        ("triton", torch.zeros(1, 1, 1, device="meta"), "GPU"),
    ],
)
def test_a_backend_that_cannot_is_an_error_with_a_remedy(backend, x, remedy, monkeypatch):
    monkeypatch.setattr(_backends, "triton_interprets", lambda: False)
    with pytest.raises(DeviceError, match=remedy):
        nn.LIF(backend=backend)(x)


def test_absent_triton_is_an_error_that_names_what_to_install(monkeypatch):
    monkeypatch.setattr(_backends, "triton_is_installed", lambda: False)
    with pytest.raises(DeviceError, match=r"eventvision\[gpu\]"):
        nn.LIF(backend="triton")(torch.zeros(1, 1, 1))


def test_unknown_backends_are_refused():
    with pytest.raises(ConfigError, match="one of auto"):
        nn.LIF(backend="cuda")
