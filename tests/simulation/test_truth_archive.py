"""Archives of truth: everything comes back, whatever a scene knows, however long they are."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import OutputError, SensorSize
from eventvision.simulation import Movers, named_scene, write_truth

SENSOR = SensorSize(64, 48)


@pytest.fixture(scope="module")
def scene():
    return named_scene("street", sensor=SENSOR, seed=4)


def test_what_is_true_comes_back(scene, tmp_path):
    times_us = [0, 30_000, 60_000, 700_000]
    write_truth(tmp_path / "t.npz", scene, times_us, dense_every=3)
    with np.load(tmp_path / "t.npz") as kept:
        assert kept["t_us"].tolist() == times_us
        assert kept["dense_t_us"].tolist() == [0, 700_000]
        for number, t_us in enumerate(times_us):
            truth = scene.truth(t_us)
            mine = slice(kept["offsets"][number], kept["offsets"][number] + kept["counts"][number])
            assert np.array_equal(kept["ids"][mine], truth.ids)
            assert np.array_equal(kept["classes"][mine], truth.classes)
            assert np.array_equal(kept["boxes"][mine], truth.boxes)
            assert np.array_equal(kept["mask"][number], truth.mask)
            assert np.array_equal(kept["class_map"][number], truth.class_map)
            assert np.array_equal(kept["pose"][number], truth.pose)
            assert tuple(kept["intrinsics"][number]) == truth.intrinsics
        linear = (kept["intensity"][1] / 255.0) ** 2
        assert linear == pytest.approx(truth.intensity, abs=1 / 255)
        assert kept["depth_m"][1] == pytest.approx(truth.depth_m, rel=0.005)
        assert kept["flow_px_s"][1] == pytest.approx(truth.flow_px_s, rel=0.01, abs=1e-4)


def test_what_a_scene_does_not_know_is_left_out(tmp_path):
    write_truth(tmp_path / "t.npz", Movers(SENSOR), [0])
    with np.load(tmp_path / "t.npz") as kept:
        assert {"class_map", "depth_m", "flow_px_s", "pose", "intrinsics"}.isdisjoint(kept.files)
        assert kept["mask"].shape == (1, 48, 64)


def test_the_same_truth_gives_the_same_bytes(scene, tmp_path):
    for name in ("a.npz", "b.npz"):
        write_truth(tmp_path / name, scene, range(0, 50_000, 10_000))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_an_archive_that_cannot_be_written_leaves_nothing_behind(scene, tmp_path):
    (tmp_path / "t.npz").mkdir()
    with pytest.raises(OutputError, match=r"t\.npz"):
        write_truth(tmp_path / "t.npz", scene, [0])
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]
