"""Batch norm and neurons in one pass are batch norm, then neurons."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

MAKE = {
    "LIF": lambda: nn.LIF(3.0, reset="hard"),
    "PLIF": lambda: nn.PLIF(3.0, channels=5),
    "ILIF": lambda: nn.ILIF(2.0, levels=4, decay_input=False),
    "ALIF": lambda: nn.ALIF(2.0),
    "BurstIF": lambda: nn.BurstIF(initial=0.5),
}


def pair(kind, backend, dtype):
    """Return the one-pass form and the two layers, with the same numbers."""
    torch.manual_seed(1)
    neuron = MAKE[kind]()
    neuron.backend = backend
    fused = nn.NormedNeuron(5, neuron, momentum=0.3).to(dtype)
    with torch.no_grad():
        fused.norm.weight.uniform_(0.5, 3)
        fused.norm.bias.uniform_(-0.5, 1.5)
        fused.norm.running_mean.uniform_(-1, 1)
        fused.norm.running_var.uniform_(0.5, 2)
    plain = copy.deepcopy(fused).split()
    nn.set_step_mode(plain, "m")
    plain[1].backend = "torch"
    return fused, plain


def sequence(dtype):
    generator = torch.Generator().manual_seed(2)
    return 2 * torch.randn(4, 3, 5, 6, 2, generator=generator, dtype=dtype) + 0.7


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("training", [True, False])
def test_values_and_slopes_are_those_of_two_layers(kind, backend, training):
    fused, plain = pair(kind, backend, torch.float64)
    fused.train(training)
    plain.train(training)
    x = sequence(torch.float64).requires_grad_()
    y = sequence(torch.float64).requires_grad_()
    found, expected = fused(x), plain(y)
    assert 0 < expected.detach().abs().mean() < 4
    torch.testing.assert_close(found, expected)
    weights = torch.linspace(-1, 1, found.numel(), dtype=torch.float64).reshape(found.shape)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(x.grad, y.grad)
    theirs = dict(plain.named_parameters())
    for name, value in fused.named_parameters():
        twin = name.replace("norm.", "0.").replace("neuron.", "1.")
        torch.testing.assert_close(value.grad, theirs[twin].grad, msg=name)


def test_running_statistics_follow_as_those_of_batch_norm():
    fused, plain = pair("LIF", "auto", torch.float32)
    for _ in range(3):
        fused(sequence(torch.float32))
        plain(sequence(torch.float32))
        nn.reset(fused)
        nn.reset(plain)
    torch.testing.assert_close(fused.norm.state_dict(), plain[0].state_dict())


def test_state_is_carried_and_single_steps_agree_with_sequences():
    fused, _ = pair("ILIF", "auto", torch.float32)
    fused.eval()
    x = sequence(torch.float32)
    whole = fused(x)
    nn.reset(fused)
    pieces = torch.cat([fused(x[:1]), fused(x[1:])])
    torch.testing.assert_close(pieces, whole)
    nn.reset(fused)
    nn.set_step_mode(fused, "s")
    torch.testing.assert_close(torch.stack([fused(step) for step in x]), whole)
    assert list(nn.states(fused)) == ["v"]


def test_it_is_one_kernel_with_the_norm_inside():
    fused, _ = pair("LIF", "auto", torch.float32)
    for backend in ("numba", "triton"):
        assert "gain" in fused.source(backend)
        assert "offset" in fused.source(backend)


def test_only_neurons_made_from_a_step_can_be_normed():
    with pytest.raises(ConfigError, match="made from a step"):
        nn.NormedNeuron(5, torch_nn.ReLU())
    with pytest.raises(ConfigError, match="gain and offset"):
        nn.NormedNeuron(5, nn.NormedNeuron(5, nn.IF()))


def test_other_channels_are_refused():
    with pytest.raises(ConfigError, match="5 channels"):
        nn.NormedNeuron(5, nn.IF())(torch.zeros(2, 1, 4, 3, 3))
