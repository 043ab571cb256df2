"""The recordings that ship: what the manifest says, how they are rebuilt, what they hold."""

from __future__ import annotations

import tomllib
from itertools import takewhile

import numpy as np
import pytest
from eventvision_recordings.__main__ import main
from eventvision_recordings._build import (
    DENSE_EVERY,
    RECIPES,
    TRUTH_EVERY_US,
    Recipe,
    build,
    camera_model,
    events_digest,
    file_digest,
    packets,
    truth_digest,
)

from eventvision.core import Events, SensorSize, SourceNotFoundError
from eventvision.io import open_source
from eventvision.simulation import (
    DETECTION_CLASSES,
    SEGMENTATION_CLASSES,
    named_scene,
    shipped_recording,
    write_truth,
)

NAMES = [recipe.name for recipe in RECIPES]
every_recording = pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)


def manifest():
    return tomllib.loads(shipped_recording().with_name("manifest.toml").read_text())


def truth_of(name):
    return shipped_recording(name).with_name(f"{name}.truth.npz")


def events_of(path, until_us=1 << 62):
    with open_source(path) as source:
        whole = Events.join([packet.events for packet in takewhile(
            lambda packet: not len(packet) or packet.events.t[0] < until_us, source)])  # fmt: skip
    return whole.data[whole.t < until_us]


def quiet(_name, _share):
    """Hear nothing."""


@every_recording
def test_files_are_those_of_the_manifest(recipe):
    entry = manifest()[recipe.name]
    assert (entry["seed"], entry["seconds"]) == (recipe.seed, recipe.seconds)
    assert entry["sensor"] == str(recipe.sensor)
    for path, content in (
        (shipped_recording(recipe.name), events_digest),
        (truth_of(recipe.name), truth_digest),
    ):
        listed = entry["files"][path.name]
        assert path.stat().st_size == listed["bytes"]
        assert file_digest(path) == listed["sha256"]
        assert content(path) == listed["content_sha256"]


def test_nothing_else_ships_and_all_of_it_is_small():
    folder = shipped_recording().parent
    files = {path.name for path in folder.iterdir() if path.is_file()}
    data = {f"{name}{end}" for name in NAMES for end in (".aedat4", ".truth.npz")}
    assert files == data | {"__init__.py", "__main__.py", "_build.py", "manifest.toml"}
    assert sum((folder / name).stat().st_size for name in data) <= 12_000_000


@every_recording
def test_the_beginning_is_rebuilt_bit_for_bit(recipe):
    """It stands for all of it: what differs once differs from there on."""
    until_us = 25_000
    made = []
    for packet in packets(recipe, quiet):
        made.append(packet.events)
        if packet.until_us > until_us + 15_000:
            break
    again = Events.join(made)
    assert np.array_equal(again.data[again.t < until_us],
                          events_of(shipped_recording(recipe.name), until_us))  # fmt: skip


@every_recording
def test_the_truth_is_rebuilt_bit_for_bit(recipe, tmp_path):
    scene = named_scene(recipe.name, sensor=recipe.sensor, seed=recipe.seed)
    write_truth(tmp_path / "t.npz", scene, [0, TRUTH_EVERY_US], dense_every=DENSE_EVERY)
    with np.load(tmp_path / "t.npz") as again, np.load(truth_of(recipe.name)) as shipped:
        assert set(again.files) == set(shipped.files)
        for name in again.files:
            rows = len(again[name])
            assert np.array_equal(again[name], shipped[name][:rows], equal_nan=False), name


@every_recording
def test_a_recording_is_whole(recipe):
    with open_source(shipped_recording(recipe.name)) as source:
        assert sum(len(packet.events) for packet in source) > 100_000
        assert not source.damage, str(source.damage)


@every_recording
def test_a_recording_is_as_long_and_as_lively_as_it_should_be(recipe):
    entry = manifest()[recipe.name]
    data = events_of(shipped_recording(recipe.name))
    assert data.size == entry["events"]
    assert data["t"][0] >= 0
    end_us = recipe.seconds * 1e6
    assert end_us - 20_000 < data["t"][-1] < end_us
    assert 0.25 < data["on"].mean() < 0.75
    per_100_ms = np.bincount(data["t"] // 100_000)
    assert per_100_ms.min() > 500
    with open_source(shipped_recording(recipe.name)) as source:
        assert source.info.sensor == recipe.sensor
    assert camera_model().on_threshold == entry["on_threshold"]


@every_recording
def test_events_lie_where_the_truth_says_that_something_moves(recipe):
    """Pixels that the flow moves fast see far more events than those that rest."""
    data = events_of(shipped_recording(recipe.name))
    with np.load(truth_of(recipe.name)) as truth:
        speed = np.hypot(*truth["flow_px_s"][2].astype(np.float64))
        t_us = truth["dense_t_us"][2]
    near = np.abs(data["t"] - t_us) < 10_000
    counts = np.zeros(speed.shape)
    np.add.at(counts, (data["y"][near], data["x"][near]), 1)
    fast = speed > np.quantile(speed, 0.9)
    slow = speed < np.quantile(speed, 0.3) + 1e-3
    assert counts[fast].mean() > counts[slow].mean()


@every_recording
def test_the_truth_holds_what_it_promises(recipe):
    frames = round(recipe.seconds * 1e6 / TRUTH_EVERY_US)
    with np.load(truth_of(recipe.name)) as truth:
        shape = (frames, *recipe.sensor.shape)
        assert truth["t_us"].tolist() == list(range(0, frames * TRUTH_EVERY_US, TRUTH_EVERY_US))
        assert truth["mask"].shape == truth["class_map"].shape == shape
        assert truth["pose"].shape == (frames, 4, 4)
        assert truth["intrinsics"].shape == (frames, 4)
        assert truth["counts"].sum() == len(truth["ids"]) == len(truth["boxes"])
        assert truth["class_names"].tolist() == list(DETECTION_CLASSES)
        assert truth["surface_names"].tolist() == list(SEGMENTATION_CLASSES)
        dense = len(truth["dense_t_us"])
        assert truth["flow_px_s"].shape == (dense, 2, *recipe.sensor.shape)
        assert truth["depth_m"].shape == truth["intensity"].shape == (dense, *shape[1:])
        for start, count, mask in zip(
            truth["offsets"], truth["counts"], truth["mask"], strict=True
        ):
            assert set(truth["ids"][start : start + count]) == set(mask.reshape(-1)) - {0}


def test_a_build_writes_the_same_bytes_again(tmp_path):
    recipe = Recipe("shapes", 5, seconds=0.05, sensor=SensorSize(64, 48))
    parts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        parts.append(build(tmp_path / name, recipe, quiet))
    assert parts[0] == parts[1]
    for name in ("shapes.aedat4", "shapes.truth.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_wrong_commands_get_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file")]) == 2
    assert "name a folder" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path), "--only", "nowhere"])
    assert end.value.code == 2


def test_an_unknown_recording_names_the_known_ones():
    with pytest.raises(SourceNotFoundError, match="juggle, mixed_speed, room, shapes, street"):
        shipped_recording("nowhere")
