"""Array folders: keys, alignment, runs that follow one another."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from eventvision.core import OutputError
from eventvision.sinks import ArraysSink

from .conftest import SENSOR, dense_results, detections, tracks

CAR, PERSON = (1.0, 2.0, 8.0, 6.0), (20.0, 10.0, 4.0, 12.0)


def test_every_slice_has_its_file_and_its_time(tmp_path, make_result):
    sink = ArraysSink(tmp_path / "deep" / "arrays")
    for index in (0, 1, 12):
        sink.write(make_result(index))
    sink.close()
    names = sorted(path.name for path in (tmp_path / "deep" / "arrays").iterdir())
    assert names == ["000000.npz", "000001.npz", "000012.npz"]
    with np.load(tmp_path / "deep" / "arrays" / "000012.npz") as arrays:
        assert set(arrays) == {"slice", "t0_us", "t1_us"}
        assert (int(arrays["t0_us"]), int(arrays["t1_us"])) == (1_120_000, 1_130_000)


def test_dense_results_are_stored_exactly(tmp_path, make_result):
    given = dense_results(SENSOR)
    ArraysSink(tmp_path).write(make_result(0, given))
    with np.load(tmp_path / "000000.npz") as arrays:
        np.testing.assert_array_equal(arrays["image"], given["reconstruction"].pixels)
        np.testing.assert_array_equal(arrays["mask"], given["segmentation"].mask)
        np.testing.assert_array_equal(arrays["depth"], given["depth"].depth)
        assert arrays["image"].dtype == np.float32
        assert arrays["mask_class_names"].tolist() == ["background", "car"]
        assert bool(arrays["depth_is_metric"])


def test_detections_alone_give_the_boxes(tmp_path, make_result):
    ArraysSink(tmp_path).write(make_result(0, {"detection": detections(CAR, PERSON)}))
    with np.load(tmp_path / "000000.npz") as arrays:
        np.testing.assert_array_equal(arrays["boxes"], [CAR, PERSON])
        assert arrays["classes"].tolist() == [0, 1]
        assert arrays["class_names"].tolist() == ["car", "person"]
        assert "ids" not in arrays


def test_with_tracks_boxes_and_ids_are_aligned_and_detections_stay_apart(tmp_path, make_result):
    results = {"detection": detections(CAR, PERSON), "tracking": tracks((9,), PERSON)}
    ArraysSink(tmp_path).write(make_result(0, results))
    with np.load(tmp_path / "000000.npz") as arrays:
        np.testing.assert_array_equal(arrays["boxes"], [PERSON])
        assert arrays["ids"].tolist() == [9]
        assert len(arrays["scores"]) == len(arrays["classes"]) == len(arrays["velocities"]) == 1
        np.testing.assert_array_equal(arrays["detection_boxes"], [CAR, PERSON])


def test_equal_results_give_equal_bytes(tmp_path, make_result):
    for name in ("a", "b"):
        ArraysSink(tmp_path / name).write(make_result(0, dense_results(SENSOR)))
    assert (tmp_path / "a" / "000000.npz").read_bytes() == (
        tmp_path / "b" / "000000.npz"
    ).read_bytes()


def test_an_earlier_run_is_replaced_whole_and_other_files_stay(tmp_path, make_result):
    (tmp_path / "notes.txt").write_text("mine")
    earlier = ArraysSink(tmp_path)
    for index in range(5):
        earlier.write(make_result(index))
    later = ArraysSink(tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 5
    later.write(make_result(0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.npz", "notes.txt"]


@pytest.mark.parametrize("content", [b"", b"somebody's data set, not to be removed"])
def test_somebody_elses_arrays_are_never_removed(tmp_path, content):
    (tmp_path / "000003.npz").write_bytes(content)
    with pytest.raises(OutputError, match=r"000003\.npz: was not written by this sink"):
        ArraysSink(tmp_path)
    assert (tmp_path / "000003.npz").read_bytes() == content


@pytest.mark.parametrize("target", ["file", "file/below"])
def test_a_file_in_the_way_is_refused(tmp_path, target):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a file, not a folder"):
        ArraysSink(tmp_path / target)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no file size limit")
def test_a_full_disk_is_one_error_and_leaves_no_incomplete_file(tmp_path, make_result):
    import resource

    sink = ArraysSink(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(OutputError, match="would exceed the size limit"):
            sink.write(make_result(0, dense_results(SENSOR)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
