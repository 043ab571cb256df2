"""Layers and blocks: a sequence at once equals step by step; convolutions see spikes."""

from __future__ import annotations

import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

torch.set_num_threads(1)

STEPS, BATCH, CHANNELS, HEIGHT, WIDTH = 3, 2, 4, 9, 10


def lif(_channels: int) -> torch_nn.Module:
    return nn.LIF(2.0, threshold=0.5)


def per_channel(channels: int) -> torch_nn.Module:
    return nn.PLIF(2.0, channels=channels)


def sequence(channels: int = CHANNELS, seed: int = 0) -> torch.Tensor:
    return torch.randn(
        STEPS, BATCH, channels, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed)
    )


def made(build, *args, **options) -> torch_nn.Module:
    torch.manual_seed(0)
    return build(*args, **options)


HALF = ((HEIGHT + 1) // 2, (WIDTH + 1) // 2)
LAYERS = {
    "conv": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1), (6, *HALF)),
    "norm": (lambda: nn.BatchNorm2d(4), (4, HEIGHT, WIDTH)),
    "max pool": (lambda: nn.MaxPool2d(2), (4, 4, 5)),
    "average pool": (lambda: nn.AvgPool2d(2), (4, 4, 5)),
    "sum pool": (lambda: nn.SumPool2d(2), (4, 4, 5)),
    "upsample": (lambda: nn.Upsample(2), (4, 18, 20)),
    "flatten": (nn.Flatten, (4 * HEIGHT * WIDTH,)),
    "channel gate": (lambda: nn.ChannelGate(4), (4, HEIGHT, WIDTH)),
}
BLOCKS = {
    "SEW add": (lambda n: nn.SpikeElementWiseBlock(4, 4, n), (4, HEIGHT, WIDTH)),
    "SEW and": (lambda n: nn.SpikeElementWiseBlock(4, 4, n, combine="and"), (4, HEIGHT, WIDTH)),
    "SEW iand, smaller": (
        lambda n: nn.SpikeElementWiseBlock(4, 6, n, stride=2, combine="iand"),
        (6, *HALF),
    ),
    "membrane": (lambda n: nn.MembraneBlock(4, 4, n), (4, HEIGHT, WIDTH)),
    "membrane, wider": (lambda n: nn.MembraneBlock(4, 6, n), (6, HEIGHT, WIDTH)),
    "membrane, smaller": (lambda n: nn.MembraneBlock(4, 6, n, stride=2), (6, *HALF)),
    "separable": (lambda n: nn.SeparableBlock(4, n, kernel_size=5), (4, HEIGHT, WIDTH)),
    "separable, smaller": (
        lambda n: nn.SeparableBlock(4, n, out_channels=6, stride=2),
        (6, *HALF),
    ),
    "attention": (lambda n: nn.SpikeDrivenAttention(4, n, heads=2), (4, HEIGHT, WIDTH)),
    "attention mask": (
        lambda n: nn.SpikeDrivenAttention(4, n, form="mask"),
        (4, HEIGHT, WIDTH),
    ),
    "U-Net": (lambda n: nn.SpikingUNet(4, (4, 6, 8), n), (4, HEIGHT, WIDTH)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_for_a_sequence_what_it_gives_step_by_step(name):
    build, shape = LAYERS[name]
    layer = made(build).eval()
    x = sequence()
    whole = layer(x)
    assert whole.shape == (STEPS, BATCH, *shape)
    torch.testing.assert_close(whole, torch.stack([layer(step) for step in x]))


@pytest.mark.parametrize("neuron", [lif, per_channel])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_gives_for_a_sequence_what_it_gives_step_by_step(name, neuron):
    build, shape = BLOCKS[name]
    block = made(build, neuron).eval()
    x = (sequence() > 0.5).float() if name.startswith("SEW") else sequence()
    whole = block(x)
    assert whole.shape == (STEPS, BATCH, *shape)
    nn.reset(block)
    nn.set_step_mode(block, "s")
    torch.testing.assert_close(whole, torch.stack([block(step) for step in x]))


@pytest.mark.parametrize("name", BLOCKS)
def test_every_weight_of_a_block_learns(name):
    build, _ = BLOCKS[name]
    block = made(build, lif)
    x = sequence()
    out = block(x)
    (out * sequence(out.shape[2], seed=1)[..., : out.shape[3], : out.shape[4]]).sum().backward()
    assert [path for path, p in block.named_parameters() if p.grad is None] == []
    assert [path for path, p in block.named_parameters() if not p.grad.any()] == []


@pytest.mark.parametrize("name", [name for name in BLOCKS if name != "U-Net"])
def test_convolutions_see_spikes_or_small_integers_only(name):
    build, _ = BLOCKS[name]
    block = made(build, lif)
    seen = []
    for module in block.modules():
        if isinstance(module, torch_nn.Conv2d) and module.groups == 1:
            module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    depthwise = any(isinstance(m, torch_nn.Conv2d) and m.groups > 1 for m in block.modules())
    block((sequence() > 0).float() if name.startswith("SEW") else sequence())
    whole = [torch.equal(x, x.round()) and bool((x >= 0).all()) for x in seen]
    assert len(whole) > 1
    # Behind a depthwise convolution the 1x1 one belongs to it: together they are one convolution.
    assert whole.count(False) == int(depthwise)


def test_a_membrane_block_with_silent_neurons_hands_its_input_on():
    block = made(nn.MembraneBlock, 4, 4, lambda _: nn.LIF(2.0, threshold=1e6)).eval()
    x = sequence()
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize(
    ("combine", "kept"), [("add", True), ("iand", True), ("and", False)], ids=str
)
def test_a_silent_spike_block_keeps_or_stops_its_input(combine, kept):
    block = nn.SpikeElementWiseBlock(4, 4, lambda _: nn.LIF(2.0, threshold=1e6), combine=combine)
    x = (sequence() > 0).float()
    assert torch.equal(block(x), x if kept else torch.zeros_like(x))


def test_linear_attention_is_attention_without_softmax():
    block = made(nn.SpikeDrivenAttention, 4, lif, heads=2)
    block.fire_attention = torch_nn.Identity()
    q, k, v = ((sequence(seed=seed) > 0).float() for seed in (1, 2, 3))
    mixed = block._linear(q, k, v)
    for head in (slice(0, 2), slice(2, 4)):
        qh, kh, vh = (part[:, :, head].flatten(-2).transpose(-2, -1) for part in (q, k, v))
        expected = (qh @ kh.transpose(-2, -1)) @ vh / (2 * HEIGHT * WIDTH) ** 0.5
        found = mixed[:, :, head].flatten(-2).transpose(-2, -1)
        torch.testing.assert_close(found, expected)


def test_a_unet_takes_any_size_and_state_carries_over():
    net = made(nn.SpikingUNet, 2, (4, 6, 8), lambda _: nn.LIF(8.0, threshold=0.05)).eval()
    nn.set_step_mode(net, "s")
    for height, width in ((1, 1), (7, 5), (16, 3)):
        nn.reset(net)
        x = 2 * torch.rand(1, 2, height, width)
        outputs = [net(x) for _ in range(4)]
        assert outputs[0].shape == (1, 4, height, width)
    assert not torch.equal(outputs[0], outputs[-1])


def test_normalisation_over_time_starts_at_the_threshold():
    layer = nn.BatchNorm2d(4, threshold=2.0, alpha=0.5)
    normal = layer(sequence() * 3 + 5)
    mean, deviation = normal.mean((0, 1, 3, 4)), normal.std((0, 1, 3, 4), correction=0)
    torch.testing.assert_close(mean, torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(deviation, torch.ones(4), atol=1e-4, rtol=0)
    doubled = nn.BatchNorm2d(4, threshold=4.0, alpha=0.5)(sequence() * 3 + 5)
    torch.testing.assert_close(doubled, 2 * normal)


def test_sum_pooling_counts_the_spikes_of_a_window():
    spikes = (sequence() > 0).float()
    assert torch.equal(nn.SumPool2d(2)(spikes)[0, 0, 0, 0, 0], spikes[0, 0, 0, :2, :2].sum())


def test_upsampling_is_cut_to_what_it_is_added_to():
    small, large = torch.rand(1, 2, 3, 3), torch.rand(1, 2, 5, 6)
    assert nn.Upsample(2)(small, like=large).shape == large.shape


def test_a_temporal_gate_weighs_the_steps_of_a_window():
    gate = made(nn.TemporalGate, STEPS)
    x = sequence().abs()
    ratio = gate(x) / x
    assert torch.allclose(ratio, ratio[:, :, :1, :1, :1])
    assert ((ratio > 0) & (ratio < 1)).all()


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda: nn.Conv2d(4, 4, 3)(torch.rand(4, 9, 9)), ValueError, "must be .T, N, C, H, W."),
        (lambda: nn.TemporalGate(4)(sequence()), ValueError, "of 4 steps"),
        (lambda: nn.TemporalGate(3)(sequence()[0]), ValueError, "weighs windows"),
        (lambda: nn.SumPool2d(0), ValueError, "must be positive"),
        (lambda: nn.Upsample(1), ValueError, "2 or more"),
        (lambda: nn.SeparableBlock(4, lif, kernel_size=4), ValueError, "must be odd"),
        (lambda: nn.SeparableBlock(4, lif, expansion=0.1), ValueError, "leaves none"),
        (lambda: nn.SpikingUNet(2, (4,), lif), ValueError, "two widths"),
        (lambda: nn.ChannelGate(4, reduction=0), ValueError, "must be positive"),
        (lambda: nn.SpikeDrivenAttention(4, lif, heads=3), ConfigError, "divisor of the 4"),
        (lambda: nn.SpikeDrivenAttention(4, lif, form="full"), ConfigError, "'linear' or 'mask'"),
        (lambda: nn.SpikeElementWiseBlock(4, 4, lif, combine="or"), ConfigError, "'iand'"),
    ],
)
def test_wrong_settings_and_shapes_are_refused(act, error, said):
    with pytest.raises(error, match=said):
        act()
