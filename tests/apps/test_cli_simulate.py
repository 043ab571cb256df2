"""`eventvision simulate` and simulated cameras, as a user meets them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import run
from eventvision_apps.cli.main import main

from eventvision.core import Events
from eventvision.io import open_source

SMALL = ("--sensor", "64x48", "--seconds", 0.1)


def events_of(path: Path) -> Events:
    with open_source(path) as source:
        assert str(source.info.sensor) == "64x48"
        return Events.join([packet.events for packet in source])


def test_a_scene_becomes_a_recording_with_the_truth_beside_it(tmp_path):
    out = tmp_path / "a.aedat4"
    done = run("simulate", "shapes", out, *SMALL, "--seed", 3, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    events = events_of(out)
    assert told["events"] == len(events) > 100
    assert 0 <= events.t[0] <= events.t[-1] < 100_000
    with np.load(tmp_path / "a.truth.npz") as truth:
        assert truth["t_us"].tolist() == list(range(0, 100_000, 20_000))
        assert truth["mask"].shape[1:] == (48, 64)
    assert {path.name for path in tmp_path.iterdir()} == {"a.aedat4", "a.truth.npz"}


@pytest.mark.parametrize("suffix", ["raw", "csv"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path, suffix):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        done = run("simulate", "shapes", tmp_path / f"{name}.{suffix}", *SMALL, "--seed", seed,
                   "--truth", "none")  # fmt: skip
        assert done.returncode == 0, done.stderr
    times = [events_of_any(tmp_path / f"{name}.{suffix}") for name in "abc"]
    assert np.array_equal(times[0], times[1])
    assert not np.array_equal(times[0], times[2])
    assert not list(tmp_path.glob("*.truth.npz"))


def events_of_any(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return np.concatenate([packet.events.data for packet in source])


def test_a_folder_of_images_is_simulated_to_its_end(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    ramp = np.tile(np.linspace(20, 230, 160, dtype=np.uint8), (100, 1))
    for number in range(12):
        cv2.imwrite(str(folder / f"{number}.png"), np.roll(ramp, 5 * number, axis=1))
    out = tmp_path / "a.raw"
    done = run("simulate", folder, out, "--fps", 100, "--sensor", "64x48", "--camera", "ideal",
               "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["seconds"] == pytest.approx(0.11)
    assert told["sub_frames"] == 12
    assert told["events"] == len(events_of(out)) > 1000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "a.raw"], ["nowhere", "shapes"]),
        (["shapes", "a.xyz"], ["extension"]),
        (["shapes", "a.raw", "--camera", "best"], ["--camera", "davis346"]),
        (["shapes", "a.raw", "--sensor", "8x8"], ["--sensor", "16x16"]),
        (["shapes", "a.raw", "--sensor", "big"], ["--sensor", "davis346"]),
        (["shapes", "a.raw", "--seconds", 0], ["--seconds"]),
        (["shapes", "a.raw", "--seconds", "nan"], ["--seconds"]),
        (["shapes", "a.raw", "--seed", -1], ["--seed"]),
        (["shapes", "a.raw", "--truth", "often"], ["--truth", "20ms"]),
        (["shapes", "a.raw", "--fps", 30], ["fps"]),
        ([".", "a.raw"], ["fps"]),
        (["there.raw", "a.raw"], ["no video"]),
        (["shapes", "there.raw"], ["exists already", "--force"]),
        (["shapes", "no/where/there.raw/a.raw", "--force"], []),
    ],
)
def test_what_cannot_be_simulated_is_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.raw").write_text("something else")
    (tmp_path / "no").write_text("a file")
    monkeypatch.setattr(sys, "argv", ["eventvision", "simulate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    lines = capsys.readouterr().err.strip().splitlines()
    assert end.value.code == 2
    assert len(lines) == 1
    assert lines[0].startswith("eventvision: ")
    assert all(word in lines[0] for word in words)
    assert not (tmp_path / "a.raw").exists()


def test_force_replaces_both_files(tmp_path):
    out, truth = tmp_path / "a.raw", tmp_path / "a.truth.npz"
    truth.write_bytes(b"old")
    assert run("simulate", "shapes", out, *SMALL).returncode == 2
    assert not out.exists()
    assert run("simulate", "shapes", out, *SMALL, "--force").returncode == 0
    assert len(truth.read_bytes()) > 100


def test_a_simulated_camera_is_recorded_like_any_other(tmp_path):
    out = tmp_path / "a.aedat4"
    name = "sim:shapes?sensor=64x48&seed=2"
    done = run("record", name, out, "--seconds", 0.3, "--json")
    assert done.returncode == 0, done.stderr
    events = events_of(out)
    assert json.loads(done.stdout)["events"] == len(events) > 100
    assert np.ptp(events.t) <= 300_000


def test_info_says_what_a_simulated_camera_is():
    done = run("info", "sim:shapes?sensor=64x48&camera=evk4")
    assert done.returncode == 0, done.stderr
    for word in ("64x48", "simulated evk4", "live", "shapes"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "SOURCE: is not given; name a recording, camera: or a stream, or add --sim"),
        (["a.raw", "--sim"], "a.raw: is one source, --sim another; give only one of them"),
    ],
)
def test_replay_needs_a_source_or_a_simulation(arguments, told):
    done = run("replay", *arguments)
    assert (done.returncode, done.stderr) == (2, f"eventvision: {told}\n")
