"""Results as Parquet say what the JSON lines say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eventvision.core import (
    Alarm,
    Depth,
    Detections,
    Events,
    OutputError,
    Segmentation,
    SensorSize,
    Slice,
    SliceResult,
    Tracks,
)
from eventvision.sinks import JsonlSink, ParquetSink

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
SENSOR = SensorSize(20, 10)


def detections(count: int) -> Detections:
    boxes = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    scores = np.full(count, 0.25, np.float32)
    return Detections(boxes, scores, np.zeros(count, np.int64), ("person", "car"))


def results() -> list[SliceResult]:
    events = Events.from_columns([1, 2], [3, 4], [5, 6], [0, 1], sensor=SENSOR)
    found = detections(2)
    tracks = Tracks(
        np.array([7, 8]), found.boxes, np.ones((2, 2), np.float32), np.array([5, 6]),
        found.scores, found.classes, found.class_names,
    )  # fmt: skip
    mask = np.zeros(SENSOR.shape, np.uint8)
    depth = Depth(np.full(SENSOR.shape, 2.5, np.float32), np.ones(SENSOR.shape, np.float32), True)
    everything = {
        "detection": found,
        "segmentation": Segmentation(mask, ("background", "person")),
        "depth": depth,
        "tracking": tracks,
        "alarm": Alarm(detections(1), True),
    }
    return [
        SliceResult(Slice(0, events, 0, 10, "time"), everything),
        SliceResult(Slice(1, Events.empty(SENSOR), 10, 20, "flush"), {}),
        SliceResult(Slice(2, events, 20, 30, "count"), {"detection": detections(0)}),
    ]


def test_rows_hold_what_lines_hold(tmp_path):
    for path, kind in ((tmp_path / "a.jsonl", JsonlSink), (tmp_path / "a.parquet", ParquetSink)):
        sink = kind(path)
        for result in results():
            sink.write(result)
        sink.close()
        sink.close()
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    for line, row in zip(lines, rows, strict=True):
        told = {key: value for key, value in row.items() if value is not None}
        if "segmentation" in told:
            told["segmentation"] = dict(told["segmentation"])
        assert set(told) == set(line)
        assert told == pytest.approx(line) if len(told) == 7 else told["slice"] == line["slice"]
    assert rows[0]["tracks"][1]["id"] == 8
    assert rows[0]["alarm"]["began"] is True
    assert rows[1]["detections"] is None
    assert rows[2]["detections"] == []


def test_rows_are_written_in_groups(tmp_path):
    sink = ParquetSink(tmp_path / "a.parquet", rows=2)
    for result in results():
        sink.write(result)
    sink.close()
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 2


def test_nothing_appears_under_the_name_before_it_is_complete(tmp_path):
    sink = ParquetSink(tmp_path / "a.parquet")
    sink.write(results()[0])
    assert not (tmp_path / "a.parquet").exists()
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_told_and_leaves_no_broken_file(tmp_path, monkeypatch):
    sink = ParquetSink(tmp_path / "a.parquet", rows=1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sink._writer, "write_table", full)
    with pytest.raises(OutputError, match="the disk is full"):
        sink.write(results()[0])
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(OutputError):
        ParquetSink(tmp_path)
    with pytest.raises(ValueError, match="rows must be positive"):
        ParquetSink(tmp_path / "a.parquet", rows=0)
