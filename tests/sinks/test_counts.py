"""What was counted, in pictures and in files."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest

from eventvision.core import Counts, LineCount, Passage, ZoneCount
from eventvision.sinks import JsonlSink, OverlayState, ParquetSink, compose
from eventvision.sinks._gates import _GATE

LINE = LineCount("gate", (20.0, 30.0), (20.0, 0.0), 3, 1)
ZONE = ZoneCount("desk", ((2.0, 2.0), (12.0, 2.0), (12.0, 20.0)), 1, 5, 2_300_000, 10_000)
PASSAGE = Passage("gate", "forward", 7, "car", 1_005_000, 20.0, 11.126, 120.456, -0.0, 3.14159)
COUNTS = Counts((LINE,), (ZONE,), (PASSAGE,))
TOLD = {
    "lines": [{"name": "gate", "forward": 3, "backward": 1}],
    "zones": [
        {"name": "desk", "inside": 1, "entered": 5, "dwell_us": 2_300_000, "longest_us": 10_000}
    ],
}


def drawn(result):
    state = OverlayState(result.slice.events.sensor)
    state.update(result)
    return compose(result, state), state


def test_lines_and_zones_are_drawn_where_they_are(make_result):
    result = make_result(0, {"counting": COUNTS}, events=0)
    picture, state = drawn(result)
    left, top = state.layout.origin(0)
    zoom = state.layout.zoom
    for x, y in ((20, 3), (20, 27), (7, 2), (12, 15)):
        spot = picture[top + round(y * zoom), left + round(x * zoom)]
        assert np.abs(spot.astype(int) - _GATE).max() < 30, (x, y)


def test_without_counts_nothing_is_drawn(make_result):
    picture, state = drawn(make_result(0, {}, events=0))
    left, top = state.layout.origin(0)
    panel = picture[top : top + state.layout.panel_h, left : left + state.layout.panel_w]
    assert (panel == panel[0, 0]).all()


def test_files_tell_totals_and_passages(make_result, tmp_path):
    with closing(JsonlSink(tmp_path / "a.jsonl")) as sink:
        sink.write(make_result(0, {"counting": COUNTS}))
    counts = json.loads((tmp_path / "a.jsonl").read_text())["counts"]
    (passage,) = counts.pop("passages")
    assert counts == TOLD
    assert passage == {
        "gate": "gate", "way": "forward", "id": 7, "class": "car", "at_us": 1_005_000,
        "x": 20.0, "y": 11.13, "vx_px_s": 120.46, "vy_px_s": 0.0, "speed_m_s": 3.142,
    }  # fmt: skip


def test_parquet_tells_the_same(make_result, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    with closing(ParquetSink(tmp_path / "a.parquet")) as sink:
        sink.write(make_result(0, {"counting": COUNTS}))
    (row,) = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    (passage,) = row["counts"].pop("passages")
    assert row["counts"] == TOLD
    assert (passage["way"], passage["dwell_us"]) == ("forward", None)
