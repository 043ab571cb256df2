"""The networks keep their promises about shapes, state and size."""

from __future__ import annotations

import pytest
import torch

from eventvision.spiking import nn
from eventvision.training.networks import MULTIPLE, SpikingReconstruction, normalised


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
