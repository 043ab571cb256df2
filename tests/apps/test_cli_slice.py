"""`eventvision slice` says where a recording would be cut, in words, numbers and a picture."""

from __future__ import annotations

import itertools
import json

import cv2
import numpy as np
import pytest
from eventvision_apps.cli.main import main

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import open_writer
from eventvision.pipeline import RunConfig, list_slices, replay

SENSOR = SensorSize(64, 48)


@pytest.fixture
def recording(tmp_path):
    random = np.random.default_rng(0)
    data = np.zeros(6_000, EVENT_DTYPE)
    data["t"] = np.sort(random.integers(0, 300_000, data.size))
    data["x"], data["y"] = random.integers(0, 64, data.size), random.integers(0, 48, data.size)
    path = tmp_path / "noise.aedat4"
    writer = open_writer(path, SENSOR)
    writer.write(Packet(Events(data, SENSOR)))
    writer.close()
    return path


def command(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["eventvision", "slice", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_slices_are_listed_with_their_reasons(recording, monkeypatch, capsys):
    options = (recording, "--filters", "none", "--slicer", "count:1000")
    assert command(monkeypatch, *options, "--json") == 0
    slices = json.loads(capsys.readouterr().out)["slices"]
    assert [row["events"] for row in slices] == [1000] * 6
    assert [row["reason"] for row in slices] == ["count"] * 6
    assert all(a["t1_us"] <= b["t0_us"] for a, b in itertools.pairwise(slices))
    assert command(monkeypatch, *options) == 0
    assert "count 6" in capsys.readouterr().out


def test_a_plot_shows_a_cut_for_each_slice(recording, monkeypatch, tmp_path, capsys):
    plot = tmp_path / "cuts.png"
    options = ("--filters", "none", "--slicer", "time:50ms", "--plot", plot)
    assert command(monkeypatch, recording, *options) == 0
    assert str(plot) in capsys.readouterr().err
    picture = cv2.imread(str(plot))
    cuts = (picture[45] == 190).all(axis=1).sum()
    assert 5 <= cuts <= 6


def test_a_trigger_tells_its_potential_in_numbers_and_in_the_plot(
    recording, monkeypatch, tmp_path, capsys
):
    rows, heights = {}, {}
    for slicer in ("time:50ms", "trigger:model=trigger-tasks,rate=100"):
        plot = tmp_path / "cuts.png"
        options = ("--filters", "none", "--slicer", slicer, "--json", "--plot", plot)
        assert command(monkeypatch, recording, *options) == 0
        name = slicer.partition(":")[0]
        rows[name] = json.loads(capsys.readouterr().out)["slices"]
        heights[name] = len(cv2.imread(str(plot)))
    assert heights["trigger"] > heights["time"]
    spikes = [row for row in rows["trigger"] if row["reason"] == "spike"]
    assert spikes
    assert all(row["potential"] >= 1 for row in spikes)
    assert not any("potential" in row for row in rows["time"])


def test_a_trigger_that_is_not_there_is_said(recording, monkeypatch, capsys):
    assert command(monkeypatch, recording, "--slicer", "trigger:model=nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


def test_listed_slices_are_those_of_a_replay(recording):
    config = RunConfig(source=str(recording), slicer="time:20ms", tasks=(), filters="")
    listed = list(list_slices(config))
    assert len(listed) == replay(config).slices
    assert sum(map(len, listed)) == 6_000
