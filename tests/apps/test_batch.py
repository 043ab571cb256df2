"""Many recordings at once: all are done, bad ones are told, nothing is done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from eventvision_apps.cli.batching.cores import shares, usable_cores
from eventvision_apps.cli.batching.jobs import Job, Outcome, plan
from eventvision_apps.cli.batching.local import run_local
from eventvision_apps.cli.batching.report import write_report

from eventvision.core import Events, Packet, SensorSize
from eventvision.io import open_writer

pa = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

SENSOR = SensorSize(64, 48)
SETTINGS = {"tasks": (), "filters": "", "slicer": "time:10ms"}


def record(path: Path, seed: int, events: int = 20_000) -> None:
    random = np.random.default_rng(seed)
    t = np.sort(random.integers(0, 200_000, events))
    x, y = random.integers(0, 64, events), random.integers(0, 48, events)
    with closing(open_writer(path, SENSOR, force=True)) as writer:
        writer.write(
            Packet(Events.from_columns(t, x, y, random.integers(0, 2, events), sensor=SENSOR))
        )


@pytest.fixture
def folder(tmp_path):
    """Three good recordings, one below, one with truth; one that is none; one that is cut off."""
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    for seed, name in enumerate(("a", "b", "deeper/a")):
        record(folder / f"{name}.aedat4", seed)
    (folder / "nonsense.aedat4").write_bytes(b"no recording at all")
    np.savez(folder / "a.truth.npz", boxes=np.zeros((3, 4)))  # beside a recording, but none itself
    whole = (folder / "a.aedat4").read_bytes()
    (folder / "cut.aedat4").write_bytes(whole[: len(whole) // 2])
    return folder


def batch(folder: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eventvision_apps.cli.main", "batch", str(folder)]
    shared = ["--out", str(out), "--tasks", "none", "--filters", "none", "--json"]
    return subprocess.run(
        [*command, *shared, *options], capture_output=True, text=True, check=False, timeout=600
    )


def states(outcome: subprocess.CompletedProcess[str]) -> dict[str, str]:
    told = json.loads(outcome.stdout)["recordings"]
    return {"/".join(Path(one["source"]).parts[-2:]): one["state"] for one in told}


def test_one_bad_recording_never_stops_the_rest_and_nothing_is_done_twice(folder, tmp_path):
    out = tmp_path / "out"
    first = batch(folder, out, "--workers", "2")
    assert first.returncode == 2, first.stderr
    found = states(first)
    assert [found[f"in/{name}.aedat4"] for name in ("a", "b", "nonsense")] == [
        "done",
        "done",
        "failed",
    ]
    assert found["deeper/a.aedat4"] == "done"
    assert found["in/cut.aedat4"] in {"damaged", "failed"}
    assert "nonsense.aedat4" in first.stderr

    rows = pa.read_table(out / "summary.parquet").to_pylist()
    assert len(rows) == 5
    assert sum(row["events"] or 0 for row in rows if row["state"] == "done") == 60_000
    table = pa.read_table(out / "recordings" / "b.aedat4" / "results.parquet")
    assert sum(table.column("events").to_pylist()) == 20_000
    page = (out / "report.html").read_text()
    assert page.count("<tr>") == 6
    assert "nonsense.aedat4" in page
    assert "<svg" in page

    kept = out / "recordings" / "b.aedat4" / "outcome.json"
    before = kept.stat().st_mtime_ns
    record(folder / "a.aedat4", seed=7, events=10_000)
    (folder / "nonsense.aedat4").unlink()
    second = batch(folder, out, "--workers", "1")
    assert kept.stat().st_mtime_ns == before
    rows = pa.read_table(out / "summary.parquet").to_pylist()
    assert sum(row["events"] or 0 for row in rows if row["state"] == "done") == 50_000
    assert "nonsense.aedat4" not in second.stderr


def test_settings_are_checked_before_anything_is_done(folder, tmp_path):
    outcome = batch(folder, tmp_path / "out", "--slicer", "never")
    assert outcome.returncode == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert "slicer" in outcome.stderr
    outcome = batch(folder, tmp_path / "out", "--workers", "2", "--ray", "auto")
    assert "either --workers or --ray" in outcome.stderr


def test_a_name_that_stands_for_nothing_is_told(tmp_path):
    (found,) = plan([str(tmp_path / "*.raw")], tmp_path / "out", SETTINGS)
    assert isinstance(found, Outcome)
    assert found.state == "failed"


def test_other_settings_and_other_files_are_other_work(folder, tmp_path):
    def marks(settings):
        return [job.mark for job in plan([str(folder / "b.aedat4")], tmp_path, settings)]

    assert marks(SETTINGS) == marks(SETTINGS)
    assert marks(SETTINGS) != marks({**SETTINGS, "slicer": "time:5ms"})
    before = marks(SETTINGS)
    record(folder / "b.aedat4", seed=9)
    assert marks(SETTINGS) != before


def test_recordings_of_one_name_do_not_share_a_folder(folder, tmp_path):
    sources = [str(folder / "a.aedat4"), str(folder / "deeper" / "a.aedat4")]
    folders = [job.folder for job in plan(sources, tmp_path, SETTINGS)]
    assert len(set(folders)) == 2


def test_a_worker_that_dies_costs_its_recording_only(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTVISION_TEST_VICTIM", str(folder / "b.aedat4"))
    killer = tmp_path / "site"
    killer.mkdir()
    (killer / "sitecustomize.py").write_text(KILLER)
    monkeypatch.setenv("PYTHONPATH", f"{killer}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    jobs = [
        Job(str(folder / name), str(tmp_path / name), SETTINGS, name)
        for name in ("b.aedat4", "a.aedat4", "deeper/a.aedat4")
    ]
    found = {Path(one.source).relative_to(folder).as_posix(): one for one in run_local(jobs, 1)}
    assert found["b.aedat4"].state == "failed"
    assert "SIGKILL" in found["b.aedat4"].problem
    assert [found[name].state for name in ("a.aedat4", "deeper/a.aedat4")] == ["done", "done"]


KILLER = """
import builtins, os, signal, threading, time
victim = os.environ.get("EVENTVISION_TEST_VICTIM", "")
real = os.stat

def stat(path, *args, **options):
    if victim and str(path) == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, *args, **options)

os.stat = stat
"""


@pytest.mark.parametrize(
    ("cores", "workers", "expected"),
    [
        ([3], 1, [[3]]),
        ([0, 1], 1, [[0, 1]]),
        ([0, 1], 2, [[0], [1]]),
        ([0, 1, 2, 5, 7], 2, [[0, 2, 7], [1, 5]]),
        ([0, 1], 3, [[0, 1], [0, 1], [0, 1]]),
    ],
)
def test_workers_share_the_cores_and_none_has_less_than_one(cores, workers, expected):
    assert shares(cores, workers) == expected


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be asked for here")
def test_a_process_keeps_to_its_cores():
    code = (
        "from eventvision_apps.cli.batching.cores import keep_to, usable_cores;"
        "keep_to(usable_cores()[-1:]); print(usable_cores())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(usable_cores()[-1:])


def test_the_report_is_a_page_of_its_own_that_names_cannot_break(tmp_path):
    outcome = Outcome("/x/<script>alert(1)</script>.raw", "failed", "", "it's <b>broken</b>")
    write_report([outcome], "detection; slices time:10ms", 1.5, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "&lt;b&gt;broken" in page


@pytest.fixture
def cluster():
    """A Ray cluster of two node processes with one core each, on this machine."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'eventvision[cluster]'")
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, include_dashboard=False)
        cluster.wait_for_nodes()
        yield cluster.address
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        pytest.skip("this machine is too busy: Ray gives its nodes 30 s to start")
    finally:
        cluster.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_the_same_command_runs_on_a_cluster_of_two_nodes(cluster, folder, tmp_path):
    outcome = batch(folder, tmp_path / "out", "--ray", cluster)
    found = states(outcome)
    assert [found[name] for name in ("in/a.aedat4", "in/b.aedat4", "deeper/a.aedat4")] == [
        "done"
    ] * 3
    assert found["in/nonsense.aedat4"] == "failed"
    assert (tmp_path / "out" / "recordings" / "deeper" / "a.aedat4" / "results.parquet").is_file()
    workers = {one["worker"] for one in json.loads(outcome.stdout)["recordings"]}
    assert len({worker.partition(", node ")[2] for worker in workers}) == 2
