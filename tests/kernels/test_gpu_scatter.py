"""The GPU's scatter kernels: under Triton's interpreter, compiled ahead, and on a GPU if any."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE

torch = pytest.importorskip("torch")
pytest.importorskip("triton", reason="Triton is not installed here")

T0_US = 9_000_000_000
DURATION_US = 20_000
HEIGHT, WIDTH = 23, 37

AHEAD = """
import sys
sys.path.insert(0, sys.argv[2])
from eventvision.kernels.gpu import scatter
from ahead import compile_ahead

common = {"words": "*i64", "planes": "*fp32", "count": "i32", "width": "i32", "pixels": "i32"}
more = {"t0_us": "i64", "scale": "fp32", "last": "i32"}
block = {"BLOCK": scatter.BLOCK}
for kernel, types in (
    (scatter.add_counts_kernel, common),
    (scatter.add_voxels_kernel, common | more),
):
    code = compile_ahead(kernel, types | {"BLOCK": "constexpr"}, block, capability=int(sys.argv[1]))
    print(code[:4])
"""


def interpreted(name: str, monkeypatch: pytest.MonkeyPatch):
    """Return a fresh copy of a module whose kernels run on the CPU, in Triton's interpreter."""
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return request.param


@pytest.fixture
def scatter(device, monkeypatch):
    if device == "cuda":
        return importlib.import_module("eventvision.kernels.gpu.scatter")
    return interpreted("eventvision.kernels.gpu.scatter", monkeypatch)


def random_events(count: int) -> np.ndarray:
    random = np.random.default_rng(count)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.sort(random.integers(T0_US, T0_US + DURATION_US, count))
    events["x"], events["y"] = random.integers(0, WIDTH, count), random.integers(0, HEIGHT, count)
    events["on"] = random.random(count) < 0.4
    if count:
        events["t"][0], events["t"][-1] = T0_US, T0_US + DURATION_US - 1
        events["x"][-1], events["y"][-1] = WIDTH - 1, HEIGHT - 1
    return events


def as_tensor(events: np.ndarray, device: str):
    return torch.from_numpy(events.view(np.int64).reshape(-1, 2).copy()).to(device)


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 3001])
def test_counts_are_those_of_adding_one_by_one(scatter, device, count):
    events = random_events(count)
    planes = torch.zeros(2, HEIGHT, WIDTH, device=device)
    scatter.add_counts(as_tensor(events, device), planes)
    expected = np.zeros((2, HEIGHT, WIDTH))
    np.add.at(expected, (events["on"].astype(int), events["y"], events["x"]), 1)
    np.testing.assert_array_equal(planes.cpu().numpy(), expected)


@pytest.mark.parametrize("bins", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2500])
def test_voxels_share_each_event_between_two_planes(scatter, device, count, bins):
    events = random_events(count)
    planes = torch.zeros(bins, HEIGHT, WIDTH, device=device)
    scatter.add_voxels(as_tensor(events, device), planes, t0_us=T0_US, duration_us=DURATION_US)
    position = (events["t"] - T0_US) * (bins - 1) / DURATION_US
    polarity = np.where(events["on"], 1.0, -1.0)
    expected = np.zeros((bins, HEIGHT, WIDTH))
    for k in range(bins):
        share = polarity * np.maximum(0, 1 - np.abs(position - k))
        np.add.at(expected[k], (events["y"], events["x"]), share)
    np.testing.assert_allclose(planes.cpu().numpy(), expected, atol=1e-4)


def test_pictures_grow_on_what_they_hold(scatter, device):
    events = as_tensor(random_events(50), device)
    planes = torch.full((2, HEIGHT, WIDTH), 3.0, device=device)
    scatter.add_counts(events, planes)
    assert planes.sum().item() == 3 * planes.numel() + 50


@pytest.mark.parametrize(
    ("words", "planes", "said"),
    [
        (torch.zeros(4, 2), torch.zeros(2, 3, 3), "int64"),
        (torch.zeros(4, 3, dtype=torch.int64), torch.zeros(2, 3, 3), r"shape \(N, 2\)"),
        (torch.zeros(4, 2, dtype=torch.int64), torch.zeros(2, 3, 3).double(), "float32"),
        (torch.zeros(4, 2, dtype=torch.int64), torch.zeros(3, 3, 3), "2 planes"),
        (torch.zeros(2, 4, dtype=torch.int64).T, torch.zeros(2, 3, 3), "contiguous"),
        (torch.zeros(4, 2, dtype=torch.int64), torch.zeros(3, 3, 2).permute(2, 0, 1), "contiguous"),
    ],
)
def test_other_tensors_are_refused(scatter, words, planes, said):
    with pytest.raises(ValueError, match=said):
        scatter.add_counts(words, planes)


def test_a_slice_without_duration_is_refused(scatter, device):
    words, planes = as_tensor(random_events(3), device), torch.zeros(2, HEIGHT, WIDTH).to(device)
    with pytest.raises(ValueError, match="duration_us"):
        scatter.add_voxels(words, planes, t0_us=T0_US, duration_us=0)


@pytest.mark.parametrize("capability", [80, 90])
def test_kernels_compile_for_gpus_that_are_not_here(capability):
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    command = [sys.executable, "-c", AHEAD, str(capability), str(Path(__file__).parent)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [r"b'\x7fELF'"] * 2
