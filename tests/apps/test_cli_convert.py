"""`convert`, `cut`, `repair` and `info` of many recordings as a user meets them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from eventvision_apps.cli.main import main

from eventvision.io import open_source, scan

COUNT = 5000


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command line in this process, which saves seconds each time."""

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["eventvision", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code or 0, *capsys.readouterr())

    return ran


def problems(done):
    return [line for line in done.stderr.splitlines() if line.strip()]


@pytest.fixture
def recording(tmp_path):
    """Makes small recordings."""

    def made(name="in/a.npz", t=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        number = np.arange(COUNT)
        np.savez(
            path, t=number * 20 if t is None else t, x=number % 30, y=number % 20,
            on=number % 2 == 0, sensor=[32, 24],
        )  # fmt: skip
        return path

    return made


def events_in(path):
    return scan(open_source(path)).events


def test_one_recording_becomes_one_file(run, tmp_path, recording):
    done = run("convert", recording(), tmp_path / "deep" / "a.raw")
    assert (done.returncode, problems(done)) == (0, [])
    assert "5,000 events as EVT3" in done.stdout
    assert events_in(tmp_path / "deep" / "a.raw") == COUNT


def test_json_is_one_object_with_a_report_per_file(run, tmp_path, recording):
    done = run("convert", recording(), tmp_path / "a.raw", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, problems(done), told["failures"]) == (0, [], [])
    assert [(file["events"], file["written_as"]) for file in told["files"]] == [(COUNT, "EVT3")]


def test_folders_and_wildcards_fill_a_folder(run, tmp_path, recording):
    for name in ("in/a.npz", "in/deep/b.npz", "more/c.npz", "more/d.npz"):
        recording(name)
    done = run("convert", tmp_path / "in", tmp_path / "more" / "*.npz", tmp_path / "out",
               "--to", "dat")  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/**/*.dat"))
    assert made == ["a.dat", "c.dat", "d.dat", "deep/b.dat"]


def test_a_bad_file_does_not_stop_the_rest(run, tmp_path, recording):
    for name in ("in/a.npz", "in/c.npz"):
        recording(name)
    (tmp_path / "in" / "b.npz").write_text("this is no archive")
    done = run("convert", tmp_path / "in", tmp_path / "out", "--to", "npy", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert len(problems(done)) == 1
    assert "b.npz" in problems(done)[0]
    assert [file["events"] for file in told["files"]] == [COUNT, COUNT]
    assert [failure["source"] for failure in told["failures"]] == [str(tmp_path / "in" / "b.npz")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.npy", "c.npy"]


def test_damage_is_told_and_what_was_read_is_written(run, tmp_path, recording):
    t = np.arange(COUNT) * 20
    t[2000] = 5
    done = run("repair", recording(t=t), tmp_path / "b.npz")
    assert done.returncode == 2
    assert len(problems(done)) == 1
    assert "time-backwards" in problems(done)[0]
    assert events_in(tmp_path / "b.npz") == COUNT - 1
    assert run("repair", tmp_path / "b.npz", tmp_path / "c.npz").returncode == 0
    refused = run("convert", "--strict", recording(t=t), tmp_path / "d.npz")
    assert refused.returncode == 2
    assert not (tmp_path / "d.npz").exists()


def test_a_stretch_is_cut_out(run, tmp_path, recording):
    done = run("cut", recording(), tmp_path / "b.npz", "--start", 0.02, "--end", 0.05, "--json")
    assert done.returncode == 0, done.stderr
    summary = scan(open_source(tmp_path / "b.npz"))
    assert (summary.t_first_us, summary.t_last_us) == (20_000, 49_980)
    assert json.loads(done.stdout)["files"][0]["events"] == summary.events == 1500


@pytest.mark.parametrize("command", ["convert", "cut", "repair"])
def test_nothing_is_replaced_without_force(run, tmp_path, recording, command):
    source = recording()
    (tmp_path / "b.npz").write_text("precious")
    done = run(command, source, tmp_path / "b.npz")
    assert done.returncode == 2
    assert "b.npz: exists already" in problems(done)[0]
    assert (tmp_path / "b.npz").read_text() == "precious"
    assert run(command, source, tmp_path / "b.npz", "--force").returncode == 0
    assert events_in(tmp_path / "b.npz") == COUNT
    done = run(command, source, source, "--force")
    assert done.returncode == 2
    assert "is the recording to be read" in problems(done)[0]
    assert events_in(source) == COUNT


def test_two_recordings_that_would_become_one_are_told(run, tmp_path, recording):
    recording("in/a.npz")
    recording("more/a.npz")
    done = run("convert", tmp_path / "in", tmp_path / "more", tmp_path / "out", "--to", "npy")
    assert done.returncode == 2
    assert "a.npy: is what becomes of" in problems(done)[0]
    assert events_in(tmp_path / "out" / "a.npy") == COUNT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.mp4",), "a.mp4"),
        (("a.es",), "ES is only read"),
        (("a.raw", "--to", "evt9"), "evt9"),
        (("a.raw", "--sensor", "big"), "big"),
        (("folder/",), "--to"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, tmp_path, recording, arguments, words):
    done = run("convert", recording(), f"{tmp_path}/{arguments[0]}", *arguments[1:])
    assert done.returncode == 2
    assert len(problems(done)) == 1
    assert words in problems(done)[0]


def test_several_recordings_need_a_folder(run, tmp_path, recording):
    done = run("convert", recording(), recording("in/b.npz"), recording("c.npz"))
    assert done.returncode == 2
    assert "a folder, since there may be several recordings" in problems(done)[0]


def test_info_of_many_is_a_line_each_and_a_bad_file_does_not_stop_the_rest(
    run, tmp_path, recording
):
    for name in ("in/a.npz", "in/deep/c.npz", "more/d.npz"):
        recording(name)
    (tmp_path / "in" / "b.npz").write_text("this is no archive")
    wanted = (tmp_path / "in", tmp_path / "more" / "*.npz", tmp_path / "gone" / "*.raw")
    done = run("info", *wanted)
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stdout.splitlines() if "5,000" in line] == [
        str(tmp_path / name) for name in ("in/a.npz", "in/deep/c.npz", "more/d.npz")
    ]
    assert len(problems(done)) == 2
    assert "b.npz" in problems(done)[0]
    assert "there is no recording" in problems(done)[1]


def test_info_of_many_as_json_is_one_object(run, tmp_path, recording):
    recording("in/a.npz")
    t = np.arange(COUNT) * 20
    t[2000] = 5
    recording("in/b.npz", t=t)
    done = run("info", tmp_path / "in", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert [file["events"] for file in told["files"]] == [COUNT, COUNT - 1]
    assert [bool(file["damage"]["places"]) for file in told["files"]] == [False, True]
    assert told["failures"] == []
    strict = json.loads(run("info", tmp_path / "in", "--strict", "--json").stdout)
    assert [file["events"] for file in strict["files"]] == [COUNT]
    assert [failure["source"] for failure in strict["failures"]] == [str(tmp_path / "in" / "b.npz")]


@pytest.mark.parametrize("command", ["info", "convert", "cut", "repair"])
def test_the_order_of_columns_and_the_unit_of_times_can_be_told(run, tmp_path, command):
    (tmp_path / "a.txt").write_text("".join(f"{t % 2} {t % 60} {t % 40} {t}\n" for t in range(900)))
    out = [] if command == "info" else [tmp_path / "b.npz"]
    told = ("--read", "columns=pyxt", "--read", "time_unit=ms", "--sensor", "64x64")
    done = run(command, tmp_path / "a.txt", *out, *told, "--json")
    assert done.returncode == 0, done.stderr
    if command == "info":
        assert json.loads(done.stdout)["t_last_us"] == 899_000
    else:
        assert scan(open_source(tmp_path / "b.npz")).t_last_us == 899_000
    refused = run(command, tmp_path / "a.txt", *out, "--read", "columns")
    assert refused.returncode == 2
    assert "columns=txyp" in problems(refused)[0]
