"""The benchmark of simulation, as far as it can be tested without the peer."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import simulation as benchmark
from benchmarks._simulation_ours import simulate
from eventvision.simulation import PixelModel


def test_frames_are_light_where_the_peer_takes_logarithms():
    for frames in (benchmark.movers_frames(3), benchmark.waves_frames(3)):
        assert frames.shape == (3, 260, 346)
        assert frames.dtype == np.float32
        assert frames.min() >= benchmark.DARKEST * 0.999
        assert frames.max() <= 1.0


def test_movers_move_by_less_than_a_pixel_from_frame_to_frame():
    early, late = benchmark.movers_frames(2)
    assert 0 < np.abs(late - early).mean() < 0.02


@pytest.mark.parametrize("preset", [None, "davis346"])
def test_ours_counts_events(tmp_path, preset):
    path = tmp_path / "frames.npy"
    np.save(path, benchmark.waves_frames(3))
    assert simulate(str(path), benchmark.FPS, preset, {}) > 10_000


def test_all_effects_are_settings_of_a_camera_with_as_many_for_the_peer():
    ours, theirs = benchmark.all_effects()
    assert PixelModel(**ours).bandwidth_hz == theirs["cutoff_hz"]
    assert PixelModel(**ours).mismatch * ours["on_threshold"] == theirs["sigma_thres"]
    assert len(theirs) == len(benchmark.PLAIN[1])
