"""Replay end to end on every real recording that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from eventvision.io import open_source, scan
from eventvision.pipeline import RunConfig, replay

FILES = {
    "aedat4/robot_bench_davis346.aedat4": 13,
    "aedat4/ring_davis346.aedat4": 114,
    "aedat4/person_dvxplorer.aedat4": 59,
    "aedat4/road_davis346.aedat4": 17,
    "evt2/sparklers.raw": 10,
    "evt3/sparse_hd.raw": 5,
    "txt/slider_depth/events_chunk.txt": 18,
    "txt/boxes_rotation/events.txt": 2,
    "txt/poster_rotation/events.txt": 3,
    "nmnist/nmnist_400.npz#3": 29,
    "person_boxes/frame0013230.npy": 4,
}


@pytest.mark.parametrize("name", FILES)
def test_replay_runs_end_to_end_on_a_real_recording(name, shared_recordings, tmp_path):
    path = f"{shared_recordings / name}"
    config = RunConfig(
        source=path, video=tmp_path / "v.mp4", results=tmp_path / "r.jsonl", filters="background"
    )
    summary = replay(config)
    with open_source(path) as source:
        assert summary.events == scan(source).events
    assert not summary.damage
    assert summary.slices == pytest.approx(FILES[name], abs=1)
    assert _frames(tmp_path / "v.mp4") == summary.slices
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert (
        sum(line["events"] for line in lines if "slice" in line) + sum(summary.filtered.values())
        == summary.events
    )


def _frames(path: Path) -> int:
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))
