"""Benchmarks measure in turns, say what is missing, and tell the truth about ratios."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import _worker
from benchmarks import all as all_benchmarks
from benchmarks._harness import Absent, Report, Row, print_table, race, rows_of
from benchmarks._machine import this_machine
from benchmarks._page import write_page
from benchmarks._worker import Worker
from benchmarks.recordings import RECORDINGS, Recording, moving_rings

ROOT = Path(__file__).parents[1]

PEER = """
import os

def double(value):
    print("chatter on stdout")
    return 2 * value

def needs_what_nobody_has():
    import a_package_that_nobody_has

def breaks():
    raise ValueError("bad day")

def dies():
    os._exit(3)
"""


@pytest.fixture
def worker(tmp_path):
    (tmp_path / "peer.py").write_text(PEER)
    with Worker(tmp_path / "peer.py") as worker:
        yield worker


def test_contestants_take_turns_and_the_first_lap_does_not_count():
    order = []

    def contestant(name, values):
        def run():
            order.append(name)
            return values.pop(0)

        return run

    results = race({"a": contestant("a", [9, 1, 2]), "b": contestant("b", [8, 4, 3])}, repeat=2)
    assert order == ["a", "b"] * 3
    assert results == {"a": 2, "b": 4}


def test_an_absent_contestant_is_asked_once_and_leaves_the_others_in_the_race():
    asked = []

    def absent():
        asked.append(True)
        raise Absent("not installed")

    results = race({"ours": lambda: 5.0, "peer": absent}, repeat=3)
    (row,) = rows_of("chain", "Mev/s", results)
    assert (row.ours, row.peer, row.ratio, row.remark) == (5.0, None, None, "not installed")
    assert len(asked) == 1


def test_there_are_no_rows_without_ours():
    with pytest.raises(Absent, match="broken"):
        rows_of("chain", "Mev/s", {"ours": Absent("broken"), "peer": 1.0})


@pytest.mark.parametrize(("less_is_better", "ratio"), [(False, 4.0), (True, 0.25)])
def test_a_ratio_above_one_means_that_ours_is_better(less_is_better, ratio):
    row = Row(label="x", unit="u", ours=8, peer_name="p", peer=2, less_is_better=less_is_better)
    assert row.ratio == ratio


def test_a_worker_returns_the_value_with_time_and_memory(worker):
    outcome = worker.call("double", value=21)
    assert outcome.value == 42
    assert 0 <= outcome.seconds < 600
    assert 1 < outcome.peak_mb < 1000


@pytest.mark.parametrize(
    ("function", "remark"),
    [
        ("needs_what_nobody_has", "not installed"),
        ("breaks", "fails: ValueError"),
        ("dies", "its process ended with 3"),
    ],
)
def test_a_peer_that_cannot_run_says_why(worker, function, remark):
    with pytest.raises(Absent) as reason:
        worker.call(function)
    assert reason.value.remark == remark


def test_a_worker_goes_on_after_a_failed_call(worker):
    with pytest.raises(Absent):
        worker.call("breaks")
    assert worker.call("double", value=2).value == 4


def test_a_peer_is_named_with_its_version_where_it_has_one(worker):
    assert worker.name_with_version("numpy") == f"numpy {np.__version__}"
    assert worker.name_with_version("nobody-has-this") == "nobody-has-this"


def test_the_peers_run_in_the_environment_that_the_user_names(tmp_path, monkeypatch):
    (tmp_path / "peer.py").write_text("import sys\ndef python(): return sys.executable")
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setenv(_worker.PEERS_PYTHON, str(tmp_path / "python"))
    with Worker.of_peers(tmp_path / "peer.py") as peers:
        assert peers.call("python").value == str(tmp_path / "python")


ROWS = (
    Row(label="chain", unit="Mev/s", ours=80.123, peer_name="dv-processing", peer=20.0),
    Row(label="chain", unit="Mev/s", ours=80.123, peer_name="EventCV", remark="not installed"),
    Row(label="memory", unit="MB", ours=10.0, peer_name="EventCV", peer=5.0, less_is_better=True),
)


def test_the_table_is_aligned_and_names_missing_peers(capsys):
    print_table(ROWS)
    header, *lines = capsys.readouterr().out.splitlines()
    assert [line.index(row.unit) for line, row in zip(lines, ROWS, strict=True)] == [
        header.index("unit")
    ] * 3
    assert "dv-processing: 20.0" in lines[0]
    assert lines[0].endswith("4.01x")
    assert "EventCV: not installed" in lines[1]
    assert lines[2].endswith("0.50x")


def test_a_report_survives_json_and_becomes_a_page(tmp_path):
    report = Report(name="chain", about="Title.\n\nText.", machine=this_machine(), rows=ROWS)
    again = all_benchmarks.report_from(json.loads(json.dumps(report.as_dict())))
    assert again.rows == list(ROWS)
    write_page([again], tmp_path / "benchmarks.md")
    text = (tmp_path / "benchmarks.md").read_text()
    assert "| chain | 80.1 | dv-processing: 20.0 | Mev/s | 4.01x |" in text
    assert str(report.machine) in text
    pictures = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert pictures == ["benchmark-chain-mb.png", "benchmark-chain-mev-per-s.png"]
    assert all(f"pictures/{name}" in text for name in pictures)


@pytest.mark.parametrize("name", ["all", *all_benchmarks.BENCHMARKS, "recordings"])
def test_every_benchmark_is_a_command(name):
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert "usage:" in outcome.stdout


def test_every_benchmark_is_run_by_all():
    modules = {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    by_hand = {"batch", "daemon", "gui_memory"}  # minutes to hours, with commands of their own
    assert modules - {"all", "recordings"} - by_hand == set(all_benchmarks.BENCHMARKS)


def test_rings_are_the_same_every_time_ordered_and_on_the_sensor():
    small = Recording("small", 346, 260, events=20_000, duration_us=10_000)
    events = moving_rings(small)
    np.testing.assert_array_equal(events, moving_rings(small))
    assert len(events) == small.events
    assert (np.diff(events["t"]) >= 0).all()
    assert events["t"][0] >= 0
    assert events["t"][-1] < small.duration_us
    assert events["x"].max() < small.width
    assert events["y"].max() < small.height
    assert 0.45 < events["on"].mean() < 0.55


def test_the_recordings_are_those_that_the_peers_are_timed_on():
    assert [(r.size, r.events, r.duration_us) for r in RECORDINGS] == [
        ("346x260", 10_000_000, 10_000_000),
        ("1280x720", 20_000_000, 2_000_000),
    ]
