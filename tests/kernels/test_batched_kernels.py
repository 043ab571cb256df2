"""The kernels of the batched simulator do what its tensor code does."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.simulation import PixelModel  # noqa: E402
from eventvision.simulation.batched import (  # noqa: E402
    Director,
    PixelArray,
    PlaneForm,
    SceneMix,
    simulate,
)
from eventvision.simulation.batched import _painter as painter  # noqa: E402
from eventvision.simulation.batched import _pixels as pixels  # noqa: E402
from eventvision.simulation.batched import _planes as planes  # noqa: E402
from eventvision.simulation.batched import _rays as rays  # noqa: E402
from eventvision.simulation.batched import _worlds as worlds  # noqa: E402
from eventvision.simulation.batched._crossing import cross_tensors  # noqa: E402

SHAPE, SLICES, STEPS = (40, 56), 3, 15


class OnTensors:
    """Makes the batched simulator forget that it is on a CPU."""

    def __init__(self, monkeypatch):
        monkeypatch.setattr(pixels, "cross", cross_tensors)
        monkeypatch.setattr(rays, "see_by_kernel", worlds.see_tensors)
        monkeypatch.setattr(
            planes._Voxels, "_share", lambda self, *given: self._share_tensors(*given)
        )
        monkeypatch.setattr(
            painter.SpritePainter,
            "_paint_by_kernel",
            lambda self, *given: self._paint_tensors(*given),
        )
        monkeypatch.setattr(
            painter.SpritePainter,
            "_paint_truth_by_kernel",
            lambda self, *given: self._paint_truth_tensors(*given),
        )
        monkeypatch.setattr(
            pixels.PixelArray,
            "_see_by_kernel",
            lambda self, *given: self._see_tensors(*given),
        )


def simulated(world, number):
    director = Director(SceneMix(world=world, still_camera=0.0), SHAPE, SLICES, STEPS, 0)
    random = np.random.default_rng(number)
    plans = [director.plan(random) for _ in range(3)]
    return simulate(
        plans,
        form=PlaneForm.parse("voxel:5"),
        shape=SHAPE,
        slices=SLICES,
        steps=STEPS,
        random=random,
        generator=torch.Generator().manual_seed(number),
    )


@pytest.mark.parametrize("world", [0.0, 1.0], ids=["layered", "world"])
def test_kernels_and_tensors_simulate_the_same(world, monkeypatch):
    by_kernel = [simulated(world, number) for number in range(4)]
    OnTensors(monkeypatch)
    for number, ours in enumerate(by_kernel):
        theirs = simulated(world, number)
        total = theirs.activity.sum()
        assert (ours.activity - theirs.activity).abs().sum() < 0.02 * total + 5
        assert (ours.planes - theirs.planes).abs().sum() < 0.04 * total + 10
        assert (ours.truths.classes != theirs.truths.classes).float().mean() < 2e-3
        assert (ours.truths.instances != theirs.truths.instances).float().mean() < 2e-3
        same = (ours.truths.instances == theirs.truths.instances)[:, :, None]
        torch.testing.assert_close(
            ours.truths.flow_px * same, theirs.truths.flow_px * same, rtol=1e-2, atol=2e-2
        )
        torch.testing.assert_close(
            ours.truths.intensity.mean(), theirs.truths.intensity.mean(), rtol=1e-3, atol=1e-4
        )


def test_crossings_agree_pixel_by_pixel(monkeypatch):
    model = PixelModel(
        on_threshold=0.2, off_threshold=0.3, mismatch=0.1, refractory_us=400.0, reset_noise=0.05,
        leak_hz=3.0, start_spread=1.0, bandwidth_hz=300.0, follower_hz=2000.0,
    )  # fmt: skip

    def run():
        array = PixelArray(
            [model, PixelModel()],
            SHAPE,
            random=np.random.default_rng(0),
            generator=torch.Generator().manual_seed(0),
        )
        light = torch.Generator().manual_seed(1)
        image = torch.rand(2, *SHAPE, generator=light)
        array.prime(image)
        for _ in range(10):
            image = (image * (1 + 0.5 * torch.randn(2, *SHAPE, generator=light))).clamp(0.01, 1)
            yield array.advance(image, np.array([700.0, 1300.0]))

    by_kernel = list(run())
    OnTensors(monkeypatch)
    for ours, theirs in zip(by_kernel, run(), strict=True):
        assert (ours.counts != theirs.counts).float().mean() < 1e-3
        same = (ours.counts == theirs.counts) & (ours.counts != 0)
        torch.testing.assert_close(ours.when[same], theirs.when[same], atol=1e-3, rtol=1e-3)
    assert sum(float(fired.counts.abs().sum()) for fired in by_kernel) > 1000
