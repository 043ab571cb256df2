"""The networks that are trained here, in whole numbers: the same outputs to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eventvision.core import SensorSize
from eventvision.spiking import nn
from eventvision.spiking.integer import IntegerNetwork, IntegerSimulator
from eventvision.spiking.quantise import quantise
from eventvision.training.networks import (
    Perception,
    PerceptionShape,
    SpikingReconstruction,
    normalised,
)

SIZE = SensorSize(64, 32)
SMALLEST = PerceptionShape(channels=(8, 12, 16, 20), blocks=(1, 1, 1, 1), pyramid=16)
NETWORKS = {
    "perception": lambda: Perception(SMALLEST),
    "perception without spikes": lambda: Perception(SMALLEST, spiking=False),
    "reconstruction": lambda: SpikingReconstruction(fine=8, coarse=12),
}


def voxels(steps):
    """Return voxel grids as a camera gives them, shape (steps, 1, 5, height, width)."""
    shape = (steps, 1, 5, SIZE.height, SIZE.width)
    return torch.round(2 * torch.randn(shape)) * (torch.rand(shape) < 0.3)


def lively(net):
    """Give norms statistics and leaks differences, so that all parts have something to do."""
    net.train()
    with torch.no_grad():
        for step in voxels(4):
            net(normalised(step))
        for name, parameter in net.named_parameters():
            if name.endswith("logit"):
                parameter.add_(torch.randn_like(parameter))
    nn.reset(net)
    return net.eval()


@pytest.mark.parametrize("runtime", [IntegerSimulator, IntegerNetwork])
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_trained_networks_run_in_whole_numbers(make, runtime):
    torch.manual_seed(0)
    net, raw = lively(make()), voxels(4)
    ready = torch.stack([normalised(step) for step in raw])
    quantised = quantise(net, [ready], normalised=["events"]).eval()
    model = quantised.to_integer()
    run = runtime(model, SIZE)
    firsts = {}
    for step in range(4):
        with torch.no_grad():
            expected = quantised(ready[step])
        got = run.step({"events": raw[step, 0].numpy()})
        assert set(got) == set(expected)
        for name, values in expected.items():
            real = model.decode(name, got[name])
            np.testing.assert_allclose(real, values[0], rtol=0, atol=1e-6, err_msg=name)
            firsts.setdefault(name, real)
            assert step == 0 or not np.array_equal(real, firsts[name]), "nothing was carried on"


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_outputs_have_the_shapes_of_the_network(make):
    torch.manual_seed(0)
    net, ready = lively(make()), normalised(voxels(1)[0])[None]
    with torch.no_grad():
        expected = net(ready[0])
        got = quantise(net, [ready])(ready[0])
    expected = expected if isinstance(expected, dict) else {"output": expected}
    assert {name: value.shape for name, value in got.items()} == {
        name: value.shape for name, value in expected.items()
    }
