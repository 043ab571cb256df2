"""Results in files that are begun anew, and old files that make room."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import Detections, Events, OutputError, SensorSize, Slice, SliceResult
from eventvision.sinks import JsonlSink, Retention, RotatingSink, fresh_path, recover_parts

SENSOR = SensorSize(20, 10)


def result(index: int) -> SliceResult:
    found = Detections(
        np.array([[1, 2, 3, 4]], np.float32), np.array([0.5], np.float32), np.zeros(1, np.int64)
    )
    slice_ = Slice(index, Events.empty(SENSOR), index * 10, index * 10 + 10, "time")
    return SliceResult(slice_, {"detection": found})


def rotating(folder: Path, **limits) -> RotatingSink:
    values = {"most_s": 3600.0, "most_bytes": 1 << 30, **limits}
    return RotatingSink(JsonlSink, folder, ".jsonl", **values)


def slices_in(folder: Path) -> list[int]:
    lines = [line for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]
    return sorted(int(line.split(":")[1].split(",")[0]) for line in lines)


def test_every_result_is_in_exactly_one_file_however_often_they_change(tmp_path):
    sink = rotating(tmp_path, most_s=1e-9)
    for index in range(5):
        sink.write(result(index))
    sink.close()
    sink.close()
    assert sink.files == 5
    assert len(list(tmp_path.glob("*.jsonl"))) == 5
    assert slices_in(tmp_path) == list(range(5))


def test_a_file_that_is_large_enough_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("eventvision.sinks._rotation._LOOK_EVERY_S", 0.0)
    sink = rotating(tmp_path, most_bytes=400)
    for index in range(20):
        sink.write(result(index))
    sink.close()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 3
    assert max(sizes) < 800
    assert slices_in(tmp_path) == list(range(20))


def test_silence_leaves_no_file_behind(tmp_path):
    rotating(tmp_path / "none").close()
    assert not (tmp_path / "none").exists()


def test_after_a_failure_the_next_result_begins_a_new_file(tmp_path, monkeypatch):
    sink = rotating(tmp_path)
    sink.write(result(0))
    problem = OutputError("x", "the disk is full", "free some space")
    with monkeypatch.context() as patch:
        patch.setattr(JsonlSink, "write", lambda *_: raised(problem))
        with pytest.raises(OutputError):
            sink.write(result(1))
    sink.write(result(2))
    sink.close()
    assert slices_in(tmp_path) == [0, 2]


def raised(error: Exception) -> None:
    raise error


def test_names_follow_the_time_and_are_never_taken_twice(tmp_path):
    first = fresh_path(tmp_path, ".raw", now_s=0)
    assert first.name == "19700101T000000Z.raw"
    first.touch()
    (tmp_path / "19700101T000000Z-1.raw.part").touch()
    assert fresh_path(tmp_path, ".raw", now_s=0).name == "19700101T000000Z-2.raw"


def test_what_a_killed_run_left_unfinished_gets_its_name(tmp_path):
    (tmp_path / "a.jsonl.part").write_text("{}\n")
    (tmp_path / "b.jsonl.part").touch()
    (tmp_path / "c.jsonl.part").write_text("{}\n")
    (tmp_path / "c.jsonl").touch()
    assert [path.name for path in recover_parts(tmp_path, ".jsonl")] == ["a.jsonl"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.jsonl", "c.jsonl", "c.jsonl.part"}
    assert recover_parts(tmp_path / "none", ".jsonl") == []


@pytest.fixture
def days(tmp_path):
    """Files of 100 bytes, the n-th n days old, and one that is not ours."""
    now_s = time.time()
    for age in range(5):
        path = tmp_path / f"{age}.jsonl"
        path.write_bytes(b"x" * 100)
        os.utime(path, (now_s - age * 86_400, now_s - age * 86_400))
    (tmp_path / "precious.txt").write_bytes(b"x" * 1000)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "precious.txt")
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[0-9].jsonl"))


@pytest.mark.parametrize(
    ("limits", "options", "expected"),
    [
        ({}, {}, ["0", "1", "2", "3", "4"]),
        ({"most_age_s": 2.5 * 86_400}, {}, ["0", "1", "2"]),
        ({"most_age_s": 2.5 * 86_400}, {"by_age": False}, ["0", "1", "2", "3", "4"]),
        ({"most_bytes": 250}, {}, ["0", "1"]),
        ({"most_bytes": 250}, {"keep": ["4.jsonl"]}, ["0", "4"]),
        ({"most_bytes": 0}, {}, []),
        ({"least_free_bytes": 1 << 60}, {"keep": ["0.jsonl"]}, ["0"]),
    ],
)
def test_the_oldest_files_of_ours_go_first(days, limits, options, expected):
    if "keep" in options:
        options = {**options, "keep": [days / name for name in options["keep"]]}
    removed = Retention(folder=days, suffixes=(".jsonl",), **limits).sweep(**options)
    assert left(days) == [f"{name}.jsonl" for name in expected]
    assert len(removed) == 5 - len(expected)
    assert (days / "precious.txt").exists()
    assert (days / "folder.jsonl").is_dir()
    assert (days / "link.jsonl").is_symlink()


def test_a_folder_that_is_not_there_has_no_files(tmp_path):
    rule = Retention(folder=tmp_path / "none", suffixes=(".raw",), least_free_bytes=1 << 60)
    assert rule.sweep() == []
    assert not rule.lacks_room()


@pytest.mark.parametrize("values", [{"suffixes": ()}, {"suffixes": ("",)}, {"most_bytes": -1}])
def test_rules_that_could_remove_anything_are_refused(tmp_path, values):
    with pytest.raises(ValueError, match=r"retention needs|negative"):
        Retention(**{"folder": tmp_path, "suffixes": (".raw",), **values})
