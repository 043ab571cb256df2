"""Learning rules: which gradients they share, and what they keep in memory."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import nn as torch_nn
from torch.autograd.graph import saved_tensors_hooks

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.learning import (
    Checkpointed,
    EligibilityTraces,
    EvidenceLoss,
    SpikeRates,
    accuracy,
    adapt,
    bptt,
    ottt,
    packed_spikes,
    sltt,
)

torch.set_num_threads(1)

LABELS = torch.tensor([0, 2, 1])


def conv_net(neuron=lambda: nn.LIF(2.0, threshold=0.05)) -> torch_nn.Sequential:
    torch.manual_seed(0)
    return torch_nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, stride=2),
        neuron(),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        neuron(),
        nn.Flatten(),
        torch_nn.Linear(4 * 4 * 4, 3),
    )


def one_layer(**options) -> torch_nn.Sequential:
    torch.manual_seed(0)
    return torch_nn.Sequential(torch_nn.Linear(6, 3), nn.LIF(2.0, **options))


def pictures(steps: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.rand(steps, 3, 2, 8, 8, generator=torch.Generator().manual_seed(seed))


def vectors(steps: int = 5) -> torch.Tensor:
    return torch.rand(steps, 3, 6, generator=torch.Generator().manual_seed(0))


def squared(output: torch.Tensor, _step: int) -> torch.Tensor:
    return ((output - 0.3) ** 2).mean()


def gradients(net, rule, x, loss=squared, **options) -> dict[str, torch.Tensor]:
    net.zero_grad()
    rule(net, x, loss, **options)
    return {path: p.grad.clone() for path, p in net.named_parameters()}


def assert_same(found, expected, **options):
    assert found.keys() == expected.keys()
    for path in expected:
        torch.testing.assert_close(found[path], expected[path], **options)
        assert expected[path].any(), path


@pytest.mark.parametrize("rule", [sltt, ottt])
def test_with_one_step_all_rules_are_backpropagation(rule):
    net = conv_net()
    assert_same(gradients(net, rule, pictures(1)), gradients(net, bptt, pictures(1)))


def test_sltt_is_bptt_where_neurons_forget():
    net = conv_net(lambda: nn.LIF(decay=0.0, decay_input=False, threshold=0.05))
    assert_same(gradients(net, sltt, pictures()), gradients(net, bptt, pictures()))


def test_sltt_is_bptt_with_the_potential_cut_off():
    net = conv_net()
    nn.set_step_mode(net, "s")
    losses = []
    for t, x in enumerate(pictures()):
        nn.detach(net)
        losses.append(squared(net(x), t))
    torch.stack(losses).mean().backward()
    expected = {path: p.grad.clone() for path, p in net.named_parameters()}
    assert_same(gradients(net, sltt, pictures()), expected)


@pytest.mark.parametrize(
    ("decay_input", "tau"), [(True, 2.0), (False, 4.0)], ids=["weighted", "plain"]
)
def test_ottt_is_bptt_in_one_layer_without_reset(decay_input, tau):
    net = one_layer(decay_input=decay_input, threshold=0.2, reset="none")
    net[1] = nn.LIF(tau, decay_input=decay_input, threshold=0.2, reset="none")
    assert_same(gradients(net, ottt, vectors()), gradients(net, bptt, vectors()))


def test_ottt_is_bptt_for_a_convolution_that_a_readout_sums():
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2)
    net = torch_nn.Sequential(conv, nn.Readout(3.0))
    assert_same(gradients(net, ottt, pictures()), gradients(net, bptt, pictures()))


def test_ottt_without_decay_is_sltt():
    net = conv_net()
    found = gradients(net, ottt, pictures(), trace_decay=0.0)
    assert_same(found, gradients(net, sltt, pictures()))


def test_traces_fade_as_the_next_neuron_that_runs():
    net = torch_nn.Sequential(
        torch_nn.Linear(6, 4), nn.IF(), torch_nn.Linear(4, 4), nn.LIF(4.0), torch_nn.Linear(4, 3)
    )
    nn.set_step_mode(net, "s")
    with EligibilityTraces(net) as traces:
        for x in vectors():
            with traces.step():
                net(x)
    assert [layer.decay for layer in traces._layers] == [1.0, 0.75, 0.0]
    torch.testing.assert_close(traces._layers[0].trace, vectors().sum(0))


def test_traces_leave_the_network_as_it_was():
    net = conv_net()
    before = net(pictures())
    nn.reset(net)
    ottt(net, pictures(), squared)
    nn.reset(net)
    assert torch.equal(net(pictures()), before)
    assert not any(m._forward_hooks for m in net.modules())


def test_weights_may_change_while_the_recording_runs():
    net = conv_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    seen = []

    def learn():
        seen.append(net[0].weight.detach().clone())
        optimiser.step()
        optimiser.zero_grad()

    for rule in (sltt, ottt):
        seen.clear()
        rule(net, pictures(), squared, after_step=learn)
        assert len(seen) == 5
        assert not torch.equal(seen[1], seen[2])


def test_rules_agree_on_the_loss():
    net = conv_net()
    losses = [rule(net, pictures(), squared) for rule in (bptt, sltt, ottt)]
    torch.testing.assert_close(losses[1:], losses[:1] * 2)


@pytest.mark.parametrize("rule", [bptt, sltt, ottt])
def test_a_recording_may_come_in_pieces(rule):
    net, x = conv_net(), pictures(6)
    torch.testing.assert_close(
        (rule(net, x[:4], squared) * 4 + rule(net, x[4:], squared, carry_state=True) * 2) / 6,
        rule(net, x, squared),
    )


def test_sltt_k_goes_backward_at_k_steps_only():
    net, calls = conv_net(), []
    generator = torch.Generator().manual_seed(1)
    sltt(
        net, pictures(), squared, backward_steps=2, generator=generator,
        after_step=lambda: calls.append(1),
    )  # fmt: skip
    assert len(calls) == 2


class Watch:
    """The most bytes that graphs held at one time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def __enter__(self):
        self._hooks = saved_tensors_hooks(self._pack, lambda kept: kept[0].value)
        self._hooks.__enter__()
        return self

    def __exit__(self, *error):
        self._hooks.__exit__(*error)

    def _pack(self, x):
        held = Held(x)
        size = x.numel() * x.element_size()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(held, self._free, size)
        return (held,)

    def _free(self, size):
        self.now -= size


class Held:
    def __init__(self, value):
        self.value = value


def most_bytes(rule, steps: int) -> int:
    net = conv_net(lambda: nn.LIF(2.0, threshold=0.3, backend="torch"))
    with Watch() as watch:
        rule(net, pictures(steps), squared)
    assert watch.most > 0
    return watch.most


@pytest.mark.parametrize("rule", [sltt, ottt])
def test_online_rules_keep_the_same_memory_whatever_the_length(rule):
    assert most_bytes(rule, 16) == most_bytes(rule, 4)


def test_bptt_keeps_memory_in_proportion_to_the_length():
    assert most_bytes(bptt, 16) > 3 * most_bytes(bptt, 4)


def test_evidence_adds_up_and_only_the_present_learns():
    loss = EvidenceLoss(LABELS)
    first = torch.randn(3, 3, requires_grad=True)
    second = torch.randn(3, 3, requires_grad=True)
    loss(first, 0)
    loss(second, 1).backward()
    assert first.grad is None
    expected = second.detach().clone().requires_grad_()
    torch_nn.functional.cross_entropy(first.detach() + expected, LABELS).backward()
    torch.testing.assert_close(second.grad, expected.grad)


def test_rates_are_spikes_per_neuron_and_step():
    net = conv_net()
    spikes = []
    net[1].register_forward_hook(lambda _m, _i, out: spikes.append(out))
    with SpikeRates(net) as rates:
        net(pictures())
    torch.testing.assert_close(rates.by_layer()["1"], spikes[0].mean())
    assert list(rates.by_layer()) == ["1", "3"]


def test_a_price_on_spikes_lowers_their_rate():
    net = conv_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.5)
    penalties = []
    with SpikeRates(net) as rates:
        for _ in range(30):
            nn.reset(net)
            rates.clear()
            net(pictures())
            penalty = rates.penalty()
            optimiser.zero_grad()
            penalty.backward()
            optimiser.step()
            penalties.append(penalty.item())
    assert penalties[-1] < penalties[0] / 4


def test_rates_below_the_target_are_free():
    net = conv_net()
    with SpikeRates(net) as rates:
        net(pictures())
        assert rates.penalty(target=1.0) == 0
        rates.clear()
        with pytest.raises(ValueError, match="no firing layer has run"):
            rates.penalty()


def normed(part=lambda net: net) -> torch_nn.Sequential:
    torch.manual_seed(0)
    first = torch_nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.LIF(2.0, threshold=0.3))
    second = torch_nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.PLIF(2.0))
    return torch_nn.Sequential(part(first), part(second))


def test_checkpointing_changes_nothing_but_memory():
    plain, thrifty = normed(), normed(Checkpointed)
    memory = []
    for net in (plain, thrifty):
        with Watch() as watch:
            first = net(pictures(4))
            second = net(pictures(4, seed=1))
        memory.append(watch.most)
        nn.detach(net)
        (first.mean() + (second**2).mean()).backward()
    assert_same(
        {path.replace("part.", ""): p.grad for path, p in thrifty.named_parameters()},
        {path: p.grad for path, p in plain.named_parameters()},
    )
    for (path, found), expected in zip(thrifty.named_buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(found, expected, msg=path)
    torch.testing.assert_close(list(nn.states(thrifty).values()), list(nn.states(plain).values()))
    assert memory[1] < memory[0] / 2


def test_checkpointing_carries_gradients_through_the_state():
    inputs = [pictures(4).requires_grad_() for _ in range(2)]
    for x, net in zip(inputs, (normed(), normed(Checkpointed)), strict=True):
        net(x)
        net(pictures(2, seed=1)).sum().backward()
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
    assert inputs[0].grad.any()


def test_packed_spikes_give_the_same_gradients_in_less_memory():
    spikes = (torch.rand(4, 4, 32, 33) > 0.8).float()
    conv = torch_nn.Conv2d(4, 8, 3)
    conv(spikes).square().mean().backward()
    expected = conv.weight.grad.clone()
    conv.zero_grad()
    with packed_spikes():
        loss = conv(spikes).square().mean()
    loss.backward()
    assert torch.equal(conv.weight.grad, expected)
    kept = []
    with saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x), packed_spikes():
        conv(spikes)
    assert spikes.shape not in [x.shape for x in kept]


@pytest.mark.parametrize("values", [[0.0, 1.0, 0.5], [-1.0, 0.0], [2.0, 0.0]])
def test_what_is_no_spikes_is_kept_as_it_is(values):
    x = torch.tensor(values).repeat(1000).requires_grad_()
    with packed_spikes():
        (x**2).sum().backward()
    torch.testing.assert_close(x.grad, 2 * x.detach())


def labelled(count: int = 30, seed: int = 0):
    """Three classes told apart by which of the channels is busy at which end."""
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for i in range(count):
        x = torch.rand(6, 2, 8, 8, generator=generator) * 0.5
        x[:, i % 3 % 2, :, (i % 3 // 2) * 4 :] += 1.0
        samples.append((x, i % 3))
    return samples


@pytest.mark.parametrize("rule", ["sltt", "ottt", "bptt"])
def test_adapting_the_last_layer_learns_new_classes_and_leaves_the_rest(rule):
    net = conv_net().train()
    before = {path: p.clone() for path, p in net.named_parameters()}
    report = adapt(net, labelled(), rule=rule, epochs=15, learning_rate=0.02)
    assert report.layers == ("5",)
    assert report.accuracy_before < 0.7
    assert report.accuracy_after > 0.9
    assert accuracy(net, labelled(seed=1)) > 0.9
    assert report.losses[-1] < report.losses[0]
    changed = {path for path, p in net.named_parameters() if not torch.equal(p, before[path])}
    assert changed == {"5.weight", "5.bias"}
    assert all(p.requires_grad for p in net.parameters())
    assert net.training
    assert {n.step_mode for _, n in nn.neurons(net)} == {"m"}


def test_layers_to_adapt_may_be_named():
    report = adapt(conv_net(), labelled(6), layers=["2", "5"], epochs=1)
    assert report.layers == ("2", "5")


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda: adapt(conv_net(), []), ValueError, "no samples"),
        (lambda: adapt(conv_net(), labelled(3), epochs=0), ValueError, "must be positive"),
        (lambda: adapt(conv_net(), labelled(3), layers=4), ConfigError, "1 to 3"),
        (lambda: adapt(conv_net(), labelled(3), layers=["9"]), ConfigError, "some of 0, 2, 5"),
        (lambda: adapt(conv_net(), labelled(3), rule="hebb"), ConfigError, "or 'sltt'"),
        (
            lambda: adapt(conv_net(), [labelled(1)[0], (torch.rand(5, 2, 8, 8), 0)]),
            ValueError,
            "sample 1 has shape .5, 2, 8, 8.",
        ),
        (lambda: sltt(conv_net(), pictures(), squared, backward_steps=6), ConfigError, "1 to 5"),
        (lambda: bptt(conv_net(), pictures()[:0], squared), ValueError, "T > 0"),
        (
            lambda: ottt(torch_nn.Sequential(nn.SlidingPSN(2)), vectors(), squared),
            ConfigError,
            "SlidingPSN at '0' has no decay",
        ),
    ],
)
def test_wrong_settings_are_refused(act, error, said):
    with pytest.raises(error, match=said):
        act()
