"""JSON lines: schema, determinism, crashes, full disks."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import Depth, Detections, OutputError, Segmentation, SliceResult, Tracks
from eventvision.sinks import JsonlSink

BOXES = Detections(
    boxes=np.array([[1.006, 2, 3.5, 4]], np.float32),
    scores=np.array([0.87654], np.float32),
    classes=np.array([1]),
    class_names=("car", "person"),
)
FOLLOWED = Tracks(
    ids=np.array([7]),
    boxes=np.array([[1, 2, 3, 4]], np.float32),
    velocities=np.array([[120.456, -0.0]], np.float32),
    ages_us=np.array([30_000]),
    scores=np.array([0.5], np.float32),
    classes=np.array([0]),
)


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_all(sink: JsonlSink, results: list[SliceResult]) -> None:
    for result in results:
        sink.write(result)


def test_a_slice_is_one_object_with_the_documented_keys(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    with closing(JsonlSink(path)) as sink:
        sink.write(make_result(3, {"detection": BOXES, "tracking": FOLLOWED}, events=12))
    assert lines_of(path) == [
        {
            "slice": 3,
            "t0_us": 1_030_000,
            "t1_us": 1_040_000,
            "events": 12,
            "ended_by": "time",
            "width": 40,
            "height": 30,
            "detections": [
                {"x": 1.01, "y": 2.0, "w": 3.5, "h": 4.0, "score": 0.877, "class": "person"}
            ],
            "tracks": [
                {
                    "id": 7, "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0, "vx_px_s": 120.46,
                    "vy_px_s": 0.0, "age_us": 30_000, "score": 0.5, "class": "object",
                }
            ],
        }
    ]  # fmt: skip


def test_keys_tell_a_task_that_found_nothing_from_one_that_did_not_run(tmp_path, make_result):
    nothing = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, int))
    path = tmp_path / "results.jsonl"
    with closing(JsonlSink(path)) as sink:
        sink.write(make_result(0, {"detection": nothing}))
        sink.write(make_result(1))
    first, second = lines_of(path)
    assert first["detections"] == []
    assert "detections" not in second
    assert "tracks" not in first


def test_minus_zero_is_written_as_zero(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    with closing(JsonlSink(path)) as sink:
        sink.write(make_result(0, {"tracking": FOLLOWED}))
    assert "-0.0" not in path.read_text()


def test_equal_results_give_equal_bytes(tmp_path, make_result):
    for name in ("a", "b"):
        with closing(JsonlSink(tmp_path / name)) as sink:
            for index in range(5):
                sink.write(make_result(index, {"detection": BOXES, "tracking": FOLLOWED}))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_earlier_file_stays_until_close_replaces_it(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    path.write_text("earlier\n")
    sink = JsonlSink(path)
    sink.write(make_result())
    assert path.read_text() == "earlier\n"
    sink.close()
    sink.close()
    assert lines_of(path)[0]["slice"] == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_discarded_file_leaves_the_earlier_one(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    path.write_text("earlier\n")
    sink = JsonlSink(path)
    sink.write(make_result())
    sink.discard()
    sink.close()
    assert path.read_text() == "earlier\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_killed_run_leaves_whole_lines_in_the_part(tmp_path):
    path = tmp_path / "results.jsonl"
    script = f"""
import os, signal
from eventvision.core import Events, SensorSize, Slice, SliceResult
from eventvision.sinks import JsonlSink
sink = JsonlSink({str(path)!r})
for index in range(50):
    events = Events.empty(SensorSize(40, 30))
    sink.write(SliceResult(Slice(index, events, index, index + 1, "time")))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    part = tmp_path / "results.jsonl.part"
    assert [line["slice"] for line in lines_of(part)] == list(range(50))
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no file size limit")
def test_a_full_disk_is_one_error_and_leaves_whole_lines(tmp_path, make_result):
    import resource

    path = tmp_path / "results.jsonl"
    sink = JsonlSink(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(OutputError, match=r"results\.jsonl: the file would exceed"):
            write_all(sink, [make_result(index) for index in range(10)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sink.close()
    written = lines_of(tmp_path / "results.jsonl.part")
    assert [line["slice"] for line in written] == list(range(len(written)))
    assert 0 < len(written) < 10
    assert not path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_devices_are_written_to_directly(make_result):
    sink = JsonlSink("/dev/full")
    with pytest.raises(OutputError, match=r"/dev/full: the disk is full; free some space"):
        sink.write(make_result())
    sink.close()


def test_classes_are_written_by_name_whatever_the_alphabet(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    with closing(JsonlSink(path)) as sink:
        sink.write(make_result(0, {"d": replace(BOXES, class_names=("Auto", "Fußgänger"))}))
    assert "Fußgänger" in path.read_text(encoding="utf-8")


def test_classes_and_distances_are_summed_up(tmp_path, make_result):
    path = tmp_path / "results.jsonl"
    mask = np.array([[0, 0, 0, 1], [2, 2, 2, 2]], np.uint8)
    depth = np.arange(1, 12, dtype=np.float32).reshape(1, -1)
    given = {
        "segmentation": Segmentation(mask, ("sky", "road", "other", "car")),
        "depth": Depth(depth, np.ones_like(depth), metric=True),
    }
    with closing(JsonlSink(path)) as sink:
        sink.write(make_result(0, given))
        nothing = np.full((2, 2), np.nan, np.float32)
        sink.write(make_result(1, {"depth": Depth(nothing, nothing, metric=False)}))
    first, second = lines_of(path)
    assert first["segmentation"] == {"sky": 0.375, "road": 0.125, "other": 0.5, "car": 0.0}
    assert first["depth"] == {"near": 2.0, "median": 6.0, "far": 10.0, "is_metric": True}
    assert second["depth"] == {"near": 0.0, "median": 0.0, "far": 0.0, "is_metric": False}
    assert "segmentation" not in second
