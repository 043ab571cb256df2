"""Losses of pictures are what their definitions say, on cases that can be worked out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from eventvision.training.losses import (
    laplacian_distance,
    moved,
    multi_scale_ssim,
    scaled,
    ssim,
    temporal_distance,
)


def pictures(seed=0, count=2, size=48):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


def test_ssim_is_that_of_the_formula_with_a_gaussian_window():
    a, b = pictures(0, 1), pictures(1, 1)
    x, y = a[0, 0].double().numpy(), b[0, 0].double().numpy()

    def blurred(picture):
        return gaussian_filter(picture, 1.5, radius=5)[5:-5, 5:-5]

    mx, my = blurred(x), blurred(y)
    vx, vy, c = blurred(x * x) - mx**2, blurred(y * y) - my**2, blurred(x * y) - mx * my
    top = (2 * mx * my + 1e-4) * (2 * c + 9e-4)
    expected = (top / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))).mean()
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("similarity", [ssim, multi_scale_ssim])
def test_a_picture_is_most_like_itself(similarity):
    a = pictures()
    torch.testing.assert_close(similarity(a, a), torch.ones(2))
    noisy = (a + 0.2 * torch.randn(a.shape, generator=torch.Generator().manual_seed(3))).clamp(0, 1)
    assert (similarity(a, noisy) < 0.95).all()
    assert (similarity(a, 1 - a) < similarity(a, noisy)).all()


def test_similarity_is_of_each_pair():
    a, b = pictures(0, 3), pictures(1, 3)
    each = torch.cat([ssim(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(ssim(a, b), each)


def test_scaling_ignores_gain_offset_and_outliers():
    a = pictures(size=60)
    outlier = a.clone()
    outlier[:, :, 0, 0] = 50
    torch.testing.assert_close(scaled(0.3 * a + 7), scaled(a), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled(outlier)[:, :, 1:], scaled(a)[:, :, 1:], atol=0.01, rtol=0)
    assert (scaled(a).amin().item(), scaled(a).amax().item()) == (0, 1)


def test_a_flat_picture_is_not_blown_up():
    flat = 0.5 + 1e-4 * pictures()
    assert scaled(flat).std() < 0.01


def test_detail_counts_at_every_scale_but_the_mean_does_not():
    a = pictures()
    torch.testing.assert_close(laplacian_distance(a, a + 0.3), torch.zeros(2), atol=1e-6, rtol=0)
    checks = torch.from_numpy(np.indices((48, 48)).sum(0) % 2).float()[None, None]
    blocks = torch.kron(checks[:, :, :12, :12], torch.ones(1, 1, 4, 4))
    assert blocks.shape == checks.shape
    for pattern in (checks, blocks):
        assert laplacian_distance(a[:1], a[:1] + 0.2 * pattern).item() > 0.02


def test_pictures_move_along_the_flow():
    a = pictures()
    flow = torch.zeros(2, 2, 48, 48)
    flow[:, 0], flow[:, 1] = 3, -2
    expected = torch.roll(a, (-2, 3), (2, 3))
    found = moved(a, flow)
    torch.testing.assert_close(found[..., 4:-4, 4:-4], expected[..., 4:-4, 4:-4])


def test_a_picture_that_moves_with_the_scene_is_steady():
    before = pictures()
    flow = torch.zeros(2, 2, 48, 48)
    flow[:, 0] = 2
    truth = moved(before, flow)
    steady = temporal_distance(0.5 * truth, 0.5 * before, truth, before, flow)
    torch.testing.assert_close(steady, torch.zeros(2), atol=1e-6, rtol=0)
    stuck = temporal_distance(0.5 * before, 0.5 * before, truth, before, flow)
    assert (stuck > 0.05).all()


def test_what_is_uncovered_does_not_count():
    before, truth = torch.zeros(1, 1, 40, 40), torch.zeros(1, 1, 40, 40)
    truth[..., 10:20, 10:20] = 1
    found = 0.7 * truth
    flow = torch.zeros(1, 2, 40, 40)
    assert temporal_distance(found, before, truth, before, flow).item() < 1e-6


@pytest.mark.parametrize("distance", [laplacian_distance, lambda a, b: 1 - multi_scale_ssim(a, b)])
def test_losses_have_slopes_that_lead_down(distance):
    truth = pictures(0, 1)
    found = pictures(1, 1).requires_grad_()
    before = distance(found, truth).sum()
    before.backward()
    with torch.no_grad():
        after = distance(found - 0.02 * found.grad / found.grad.abs().amax(), truth).sum()
    assert after < before
