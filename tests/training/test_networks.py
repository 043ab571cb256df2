"""The networks keep their promises about shapes, state and size."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from eventvision.core import SensorSize
from eventvision.spiking import nn
from eventvision.spiking.activity import measure_activity
from eventvision.spiking.integer import IntegerNetwork
from eventvision.spiking.quantise import quantise
from eventvision.training.networks import (
    MULTIPLE,
    NANO,
    SMALL,
    STRIDES,
    Perception,
    PerceptionShape,
    SpikingReconstruction,
    Trigger,
    normalised,
    round_weights,
)


@pytest.fixture(scope="module")
def reconstruction():
    torch.manual_seed(0)
    return SpikingReconstruction()


def events(size=(32, 48), count=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 5, *size, generator=generator).round()


def test_reconstruction_stays_small(reconstruction):
    assert sum(value.numel() for value in reconstruction.parameters()) <= 120_000


@pytest.mark.parametrize("size", [(MULTIPLE, 2 * MULTIPLE), (40, 32)])
def test_pictures_have_the_size_of_the_events(reconstruction, size):
    nn.reset(reconstruction)
    with torch.no_grad():
        picture = reconstruction(events(size, 2))
    assert picture.shape == (2, 1, *size)
    assert 0 < picture.min() < picture.max() < 1


def test_the_picture_depends_on_earlier_slices_until_a_reset(reconstruction):
    with torch.no_grad():
        nn.reset(reconstruction)
        alone = reconstruction(events(seed=1))
        nn.reset(reconstruction)
        reconstruction(events(seed=2))
        second = reconstruction(events(seed=1))
        nn.reset(reconstruction)
        again = reconstruction(events(seed=1))
    assert (second - alone).abs().max() > 1e-4
    torch.testing.assert_close(again, alone)


def test_clips_of_a_batch_do_not_meet(reconstruction):
    both = torch.cat([events(seed=1), events(seed=2)])
    with torch.no_grad():
        nn.reset(reconstruction)
        together = [reconstruction(both) for _ in range(3)][-1]
        nn.reset(reconstruction)
        alone = [reconstruction(both[1:]) for _ in range(3)][-1]
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=1e-4)


def test_every_weight_learns(reconstruction):
    nn.reset(reconstruction)
    reconstruction.zero_grad()
    loss = sum(reconstruction(2 * events(count=2, seed=seed)).square().mean() for seed in range(4))
    loss.backward()
    still = [name for name, p in reconstruction.named_parameters() if not p.grad.abs().sum() > 0]
    assert still == []


def test_normalising_takes_out_the_gain_and_leaves_silence_alone():
    grid = events(count=3)
    torch.testing.assert_close(normalised(7 * grid), normalised(grid))
    active = normalised(grid)[grid != 0]
    assert active.square().mean().item() == pytest.approx(1, rel=0.1)
    assert not normalised(torch.zeros(1, 5, 8, 8)).any()


@pytest.fixture(scope="module", params=[True, False], ids=["spiking", "twin"])
def perception(request):
    torch.manual_seed(0)
    small = PerceptionShape(channels=(8, 12, 16, 24), blocks=(1, 1, 1, 1), pyramid=8)
    return Perception(small, spiking=request.param)


@pytest.mark.parametrize(("shape", "most"), [(NANO, 1_500_000), (SMALL, 6_000_000)])
def test_perception_stays_within_its_parameters(shape, most):
    assert sum(value.numel() for value in Perception(shape).parameters()) <= most


def test_perception_nano_stays_within_its_operations():
    net = Perception()
    with torch.no_grad():
        report = measure_activity(net, [normalised(events((288, 352)))])
    assert report.macs <= 1e9


def test_the_heads_answer_for_every_place(perception):
    nn.reset(perception)
    with torch.no_grad():
        found = perception(events((64, 96), 2))
    places = sum((64 // stride) * (96 // stride) for stride in STRIDES)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "detection": (2, places, 9),
        "segmentation": (2, 9, 16, 24),
        "depth": (2, 2, 16, 24),
    }


def test_perception_carries_what_it_saw(perception):
    perception.eval()
    with torch.no_grad():
        nn.reset(perception)
        alone = perception(events((32, 32), seed=1))["depth"]
        nn.reset(perception)
        perception(events((32, 32), seed=2))
        assert not torch.allclose(perception(events((32, 32), seed=1))["depth"], alone)


def test_every_weight_of_perception_learns(perception):
    perception.train()
    nn.reset(perception)
    perception.zero_grad()
    loss = torch.zeros(())
    for seed in range(3):
        for value in perception(4 * events((64, 64), 2, seed)).values():
            loss = loss + value.square().mean()
    loss.backward()
    still = [n for n, p in perception.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("make", [Perception, SpikingReconstruction])
def test_a_spiking_network_has_a_twin_of_the_same_graph(make):
    spiking, twin = make(), make(spiking=False)
    weights = [p.shape for n, p in spiking.named_parameters() if "logit" not in n]
    assert weights == [p.shape for n, p in twin.named_parameters() if "logit" not in n]
    assert not any(isinstance(module, nn.ILIF) for module in twin.modules())


def test_pictures_of_a_sequence_are_those_of_its_steps(reconstruction):
    net = deepcopy(reconstruction).double().eval()
    check_sequence(net, net.sequence)


def test_answers_to_a_sequence_are_those_to_its_steps(perception):
    net = deepcopy(perception).double().eval()
    check_sequence(net, net.sequence)


def check_sequence(net, sequence):
    """Compare a sequence at once with step after step, with and without a state before it."""
    clips = torch.stack([events((32, 64), 2, seed).double() for seed in range(4)])
    with torch.no_grad():
        nn.reset(net)
        stepwise = [values(net(slice_)) for slice_ in clips]
        nn.reset(net)
        at_once = [values(sequence(clips[:1])), values(sequence(clips[1:]))]
    for index, wanted in enumerate(zip(*stepwise, strict=True)):
        found = torch.cat([part[index] for part in at_once])
        torch.testing.assert_close(found, torch.stack(wanted), atol=1e-6, rtol=1e-6)


def values(found):
    return list(found.values()) if isinstance(found, dict) else [found]


def test_the_trigger_is_tiny_and_says_the_same_in_floats_and_in_bytes(tmp_path):
    torch.manual_seed(0)
    net = Trigger()
    round_weights(net)
    assert sum(value.numel() for value in net.parameters()) <= 5_000
    counts = torch.randint(0, 16, (12, 1, 2, 33, 44)) * (torch.rand(12, 1, 2, 33, 44) < 0.2)
    cells = counts.float()
    with torch.no_grad():
        nn.reset(net)
        float_currents = [net(cell)["current"].double().sum().item() for cell in cells]
        nn.reset(net)
        model = quantise(net, [cells]).to_integer()
    with IntegerNetwork(model, SensorSize(44, 33)) as run:
        answers = [run.step({"cell": cell[0].numpy()})["current"] for cell in cells]
        whole = [model.decode("current", answer).astype(np.float64).sum() for answer in answers]
    assert len(set(float_currents)) > 5
    assert whole == float_currents
