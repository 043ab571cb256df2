"""The command line as a user meets it: run as a process, judged by output and exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SAMPLE = Path(__file__).parents[2] / "recordings" / "street.aedat4"

INFO_KEYS = {
    "format", "width", "height", "events", "t_first_us", "t_last_us", "duration_s",
    "rate_mean_evps", "rate_peak_evps", "on_share", "frames", "imu", "triggers", "damage",
}  # fmt: skip


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eventvision_apps.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def one_line_about(problem: subprocess.CompletedProcess[str], *words: str) -> bool:
    lines = problem.stderr.strip().splitlines()
    return (
        problem.returncode == 2
        and len(lines) == 1
        and lines[0].startswith("eventvision: ")
        and all(word in lines[0] for word in words)
    )


def small_recording(folder: Path, **changes: object) -> Path:
    columns = {
        "t": np.arange(5000, dtype=np.int64) * 20,
        "x": np.arange(5000, dtype=np.uint16) % 30,
        "y": np.arange(5000, dtype=np.uint16) % 20,
        "on": np.arange(5000) % 2 == 0,
        "sensor": np.array([32, 24]),
    }
    path = folder / "small.npz"
    np.savez(path, **{**columns, **changes})  # type: ignore[arg-type]
    return path


def test_info_prints_every_documented_key_as_json(tmp_path):
    done = run("info", small_recording(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert set(told) >= INFO_KEYS
    assert (told["width"], told["height"], told["events"]) == (32, 24, 5000)
    assert told["duration_s"] == pytest.approx(0.09998)
    assert (done.returncode, done.stderr) == (0, "")


def test_info_prints_a_table_that_a_person_can_read(tmp_path):
    done = run("info", small_recording(tmp_path))
    assert "32x24" in done.stdout
    assert "5,000" in done.stdout
    assert done.returncode == 0


def test_info_takes_the_sensor_size_that_the_user_gives(tmp_path):
    told = json.loads(run("info", small_recording(tmp_path), "--sensor", "64x48", "--json").stdout)
    assert (told["width"], told["height"]) == (64, 48)


def test_replay_of_the_bundled_sample_leaves_all_outputs(tmp_path):
    video, results, arrays = tmp_path / "a.mp4", tmp_path / "a.jsonl", tmp_path / "arrays"
    done = run(
        "replay", SAMPLE, "--end", 0.3, "--video", video, "--results", results,
        "--arrays", arrays, "--json",
    )  # fmt: skip
    summary = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert {"events", "slices", "wall_s", "mev_per_s", "latency_ms", "dropped"} <= set(summary)
    assert {"reconstruction", "detection", "tracking", "total"} <= set(summary["latency_ms"])
    assert len(list(arrays.glob("*.npz"))) == summary["slices"] == 30
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert sum("slice" in line for line in lines) == 30
    assert video.stat().st_size > 10_000


def test_a_representation_is_written_into_the_arrays(tmp_path):
    run(
        "replay", SAMPLE, "--end", 0.05, "--tasks", "none", "--representation", "voxel:3",
        "--arrays", tmp_path,
    )  # fmt: skip
    with np.load(tmp_path / "000002.npz") as arrays:
        assert arrays["representation"].shape == (3, 260, 346)
        assert arrays["representation"].any()


def test_two_replays_give_the_same_results_byte_for_byte(tmp_path):
    outputs = []
    for name, speed in (("a", "max"), ("b", "2")):
        results = tmp_path / f"{name}.jsonl"
        run("replay", SAMPLE, "--end", 0.2, "--speed", speed, "--results", results)
        outputs.append(results.read_bytes())
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 1000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--slicer", "sometimes"), ("slicer", "time:10ms")),
        (("--slicer", "time:10"), ("slicer",)),
        (("--filters", "magic"), ("background",)),
        (("--tasks", "world_peace"), ("world_peace", "reconstruction")),
        (("--representation", "cubism"), ("cubism", "voxel")),
        (("--speed", "fast"), ("speed", "fast")),
        (("--speed", "0"), ("speed",)),
        (("--sensor", "big"), ("sensor", "big")),
        (("--start", "2", "--end", "1"), ("start", "end")),
        (("--start", "-1"), ("start",)),
        (("--video", "/dev/null/a.mp4"), ("/dev/null/a.mp4",)),
        (("--results", "/dev/null/a.jsonl"), ("/dev/null/a.jsonl",)),
        (("--arrays", "/dev/null/arrays"), ("/dev/null/arrays",)),
    ],
)
def test_an_option_that_cannot_be_used_is_one_line_and_exit_code_2(tmp_path, options, words):
    refused = run("replay", small_recording(tmp_path), *options)
    assert one_line_about(refused, *words), refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("command", ["info", "replay"])
def test_a_missing_file_is_one_line_and_exit_code_2(command, tmp_path):
    assert one_line_about(run(command, tmp_path / "no.aedat4"), "no.aedat4", "no such file")


@pytest.mark.parametrize("command", ["info", "replay"])
def test_a_damaged_recording_is_played_counted_and_told(command, tmp_path):
    t = np.arange(5000, dtype=np.int64) * 20
    t[2000] = 5
    done = run(command, small_recording(tmp_path, t=t), "--json")
    told = json.loads(done.stdout)
    assert told["events"] == 4999
    assert "time-backwards" in told["damage"].get("kinds", told["damage"])
    assert one_line_about(done, "small.npz", "time-backwards"), done.stderr


@pytest.mark.parametrize("command", ["info", "replay"])
def test_strict_makes_damage_an_error_that_names_file_place_and_remedy(command, tmp_path):
    path = tmp_path / "cut.npy"
    np.save(path, np.zeros(5000, [("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")]))
    path.write_bytes(path.read_bytes()[:-7])
    refused = run(command, path, "--strict", "--sensor", "32x24")
    assert one_line_about(refused, "cut.npy", "is damaged", "truncated", "repair"), refused.stderr
    assert refused.stdout == ""


def test_strict_changes_nothing_for_a_sound_recording(tmp_path):
    done = run("info", small_recording(tmp_path), "--strict", "--json")
    assert (done.returncode, json.loads(done.stdout)["events"]) == (0, 5000)


def test_version_and_help_succeed():
    assert run("--version").stdout.startswith("eventvision ")
    shown = run("replay", "--help")
    assert shown.returncode == 0
    assert "--slicer" in shown.stdout
