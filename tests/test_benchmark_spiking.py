"""The benchmark of neurons times everybody on the same neuron."""

from __future__ import annotations

import pytest
import torch

from benchmarks import _spiking_gpu, _spiking_runs, spiking
from benchmarks._harness import Absent
from benchmarks._worker import PEERS_PYTHON, Outcome


@pytest.fixture
def runs(monkeypatch):
    monkeypatch.setattr(_spiking_runs, "SHAPE", (2, 3, 4, 5))
    kept = (_spiking_runs.currents, _spiking_runs.outer_gradient, _spiking_runs.leaf,
            _spiking_runs.target)  # fmt: skip
    for data in kept:
        data.cache_clear()
    yield _spiking_runs
    for data in kept:
        data.cache_clear()


def test_all_fire_the_same_and_have_the_same_derivative(runs):
    found = []
    for name in ("eventvision", "torch loop"):
        runs.training(name, 6)
        found.append((runs.rate(name, 6), runs.leaf(6).grad))
    torch.testing.assert_close(*found)
    assert 0.1 < found[0][0] < 0.4


@pytest.mark.parametrize("threads", spiking.THREADS)
@pytest.mark.parametrize("part", [*spiking.PARTS])
def test_times_are_per_neuron_and_step(runs, part, threads):
    before = torch.get_num_threads()
    runs.ns_per_step("torch loop", part, 2, threads)
    assert runs.ns_per_step("torch loop", part, 2, threads) > 0
    assert torch.get_num_threads() == threads
    assert runs.floor_ns_per_step(part, 2, threads) >= 0
    torch.set_num_threads(before)


def test_memory_is_that_beyond_the_input(runs):
    assert 0 <= runs.training_mib("eventvision", 2) < 100


class Peer:
    """Stands in for a process in which all neurons fire at some rates."""

    def __init__(self, **rates):
        self.rates = rates

    def call(self, _function, name, **_):
        if name not in self.rates:
            raise Absent("not installed")
        return Outcome(self.rates[name], 0.0, 0.0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_a_neuron_that_fires_differently_is_no_peer(monkeypatch):
    class Worker(Peer):
        of_peers = classmethod(lambda _cls, _script: Peer(spikingjelly=0.3))

        def __init__(self, _script):
            super().__init__(eventvision=0.2)

    monkeypatch.setattr(spiking, "Worker", Worker)
    with pytest.raises(Absent, match="spikingjelly fires"):
        spiking.check_rates(8)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_its_rows_are_left_out_and_that_is_said(monkeypatch, capsys):
    monkeypatch.delenv(PEERS_PYTHON, raising=False)
    assert _spiking_gpu.gpu_rows(1) == []
    assert "no GPU rows: no CUDA device" in capsys.readouterr().err


def test_with_a_gpu_every_row_stands_beside_the_peer_and_the_floor(monkeypatch):
    class Gpu(Peer):
        of_peers = classmethod(lambda cls, script: cls(script))

        def __init__(self, _script):
            super().__init__()

        def call(self, _function, **_):
            return Outcome(2.0, 0.0, 0.0)

        def name_with_version(self, package):
            return package

    monkeypatch.setattr(_spiking_gpu, "Worker", Gpu)
    rows = _spiking_gpu.gpu_rows(1)
    by_peer = {row.peer_name for row in rows}
    assert by_peer == {"spikingjelly Triton", "memory floor"}
    assert len(rows) == 2 * 2 * len(_spiking_gpu.STEPS) + 1
    assert "voxel grid" in rows[-1].label
