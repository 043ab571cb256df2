"""A network recorded as a CUDA graph takes the same steps; without a GPU that is said."""

from __future__ import annotations

import pytest
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError, DeviceError
from eventvision.spiking import nn
from eventvision.spiking.convert import CudaGraphStep


def net():
    torch.manual_seed(0)
    return torch_nn.Sequential(
        torch_nn.Conv2d(2, 8, 3, padding=1), nn.LIF(3.0, step_mode="s"),
        torch_nn.Conv2d(8, 8, 3, padding=1), nn.BurstIF(initial=0.5, step_mode="s"),
        torch_nn.Conv2d(8, 1, 1), nn.Readout(5.0, step_mode="s"),
    )  # fmt: skip


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so():
    with pytest.raises(DeviceError, match="no CUDA device"):
        CudaGraphStep(net(), torch.zeros(1, 2, 8, 8))


@pytest.fixture
def on_gpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return net().to("cuda")


@pytest.mark.gpu
def test_replayed_steps_agree_with_the_network(on_gpu):
    x = torch.randn(20, 1, 2, 16, 24, device="cuda")
    graphed = CudaGraphStep(on_gpu, x[0])
    for _ in range(2):
        graphed.reset()
        found = torch.stack([graphed.step({"input": step})["output"].clone() for step in x])
        nn.reset(on_gpu)
        with torch.no_grad():
            expected = torch.stack([on_gpu(step) for step in x])
        assert expected.std() > 0
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
def test_shapes_are_fixed(on_gpu):
    graphed = CudaGraphStep(on_gpu, torch.zeros(1, 2, 8, 8, device="cuda"))
    with pytest.raises(ConfigError, match="input"):
        graphed.step({"input": torch.zeros(1, 2, 8, 9)})


@pytest.mark.gpu
def test_a_network_elsewhere_is_refused(on_gpu):
    with pytest.raises(ConfigError, match="one CUDA device"):
        CudaGraphStep(on_gpu, torch.zeros(1, 2, 8, 8))
