"""From a scene to files, and the files that ship."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import numpy as np
import pytest

from eventvision.core import Events, OutputError, SensorSize, SourceNotFoundError
from eventvision.simulation import (
    EventCamera,
    Movers,
    pixel_model,
    record_clip,
    shipped_recording,
)
from eventvision.simulation.__main__ import main
from eventvision.simulation._archive import content_sha256, file_sha256, write_npz

SENSOR = SensorSize(64, 48)
SHORT = ["--seconds", "0.15", "--sensor", "64x48"]


def short_clip(**settings):
    scene, camera = Movers(SENSOR, seed=1), EventCamera(SENSOR, pixel_model("davis346"), seed=1)
    return record_clip(scene, camera, duration_us=150_000, **settings)


def test_a_clip_has_events_and_truth_of_the_same_stretch():
    shares = []
    clip = short_clip(progress=shares.append)
    assert len(clip.events) > 500
    assert clip.events.t[0] >= 0
    assert clip.events.t[-1] < 150_000
    assert [truth.t_us for truth in clip.truth] == list(range(0, 150_000, 20_000))
    assert shares[0] == 0
    assert shares[-1] == 1
    assert len(shares) == clip.sub_frames


def test_truth_arrays_hold_the_truth():
    clip = short_clip(truth_every_us=30_000, image_every=2)
    arrays = clip.truth_arrays()
    for number, truth in enumerate(clip.truth):
        mine = slice(arrays["offsets"][number], arrays["offsets"][number + 1])
        assert arrays["t_us"][number] == truth.t_us
        assert np.array_equal(arrays["boxes"][mine], truth.boxes)
        assert np.array_equal(arrays["ids"][mine], truth.ids)
        assert np.array_equal(arrays["classes"][mine], truth.classes)
        assert np.array_equal(arrays["mask"][number], truth.mask)
    assert arrays["intensity_t_us"].tolist() == [0, 60_000, 120_000]
    linear = (arrays["intensity"] / 255.0) ** 2
    assert linear[1] == pytest.approx(clip.truth[2].intensity, abs=1 / 255)


def test_the_command_writes_the_same_bytes_again(tmp_path, capsys):
    for name in ("a", "b"):
        assert main([str(tmp_path / name), "--seed", "5", *SHORT]) == 0
    assert capsys.readouterr().err.count("100 %\n") == 2
    for name in ("movers.npz", "movers_truth.npz", "manifest.toml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert main([str(tmp_path / "c"), "--seed", "6", *SHORT]) == 0
    assert file_sha256(tmp_path / "c/movers.npz") != file_sha256(tmp_path / "a/movers.npz")


def test_another_process_gives_the_same_bytes(tmp_path):
    main([str(tmp_path / "here"), *SHORT])
    command = [sys.executable, "-m", "eventvision.simulation", str(tmp_path / "there"), *SHORT]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("movers.npz", "movers_truth.npz"):
        assert file_sha256(tmp_path / "here" / name) == file_sha256(tmp_path / "there" / name)


@pytest.mark.parametrize(
    "options",
    [
        ["--sensor", "8x8"],
        ["--sensor", "wide"],
        ["--seconds", "0"],
        ["--seconds", "nan"],
        ["--seed", "-1"],
    ],
)
def test_options_that_cannot_be_are_refused(options, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path), *options])
    assert end.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_a_folder_that_is_a_file_gives_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file"), *SHORT]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert "name a folder" in error[0]


def test_an_archive_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(OutputError, match=r"a\.npz"):
        write_npz(tmp_path / "a.npz", {"t": np.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def manifest():
    return tomllib.loads(shipped_recording().with_name("manifest.toml").read_text())["movers"]


@pytest.mark.parametrize("name", ["movers.npz", "movers_truth.npz"])
def test_shipped_files_are_those_of_the_manifest(name):
    path, entry = shipped_recording().with_name(name), manifest()["files"][name]
    with np.load(path) as archive:
        arrays = dict(archive)
    assert path.stat().st_size == entry["bytes"]
    assert file_sha256(path) == entry["sha256"]
    assert content_sha256(arrays) == entry["content_sha256"]


def test_shipped_recordings_are_small():
    folder = shipped_recording().parent
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 4_000_000


def test_the_shipped_clip_is_rebuilt_value_by_value():
    """Its beginning stands for all of it: what differs once differs from there on."""
    entry, most_us = manifest(), 500_000
    options = entry["command"].split()
    seed, sensor = int(options[options.index("--seed") + 1]), SensorSize.parse(entry["sensor"])
    camera = EventCamera(sensor, pixel_model(entry["camera"]), seed=seed)
    clip = record_clip(Movers(sensor, seed=seed), camera, duration_us=most_us)
    made, made_truth = clip.event_arrays(), clip.truth_arrays()
    with np.load(shipped_recording()) as shipped:
        # The last sub-frame of the shorter clip is cut off; events before it are the same.
        count = np.searchsorted(made["t"], most_us - 5000)
        for name in ("t", "x", "y", "on"):
            assert np.array_equal(made[name][:count], shipped[name][:count])
    with np.load(shipped_recording().with_name("movers_truth.npz")) as shipped:
        for name in ("t_us", "mask", "ids", "classes", "boxes", "intensity"):
            assert np.array_equal(made_truth[name], shipped[name][: len(made_truth[name])])


def test_the_shipped_clip_is_lively():
    with np.load(shipped_recording()) as archive:
        columns = [archive[name] for name in ("t", "x", "y", "on")]
        sensor = SensorSize(*archive["sensor"].tolist())
    events = Events.from_columns(*columns, sensor=sensor)
    assert len(events) == manifest()["events"]
    with np.load(shipped_recording().with_name("movers_truth.npz")) as truth:
        mask = truth["mask"]
        frame = np.searchsorted(truth["t_us"], events.t, side="right") - 1
    on_objects = mask[frame, events.y, events.x] > 0
    assert 0.4 < on_objects.mean() < 0.8
    assert 0.05 < (mask > 0).mean() < 0.3


def test_an_unknown_recording_names_the_known_ones():
    with pytest.raises(SourceNotFoundError, match="choose from: movers"):
        shipped_recording("street")
