"""Many recordings, by one worker and by two: how much more is done in the same time.

    python -m benchmarks.batch [--recordings 32]     processes on this machine
    python -m benchmarks.batch --ray                 a Ray cluster of one node and of two

A worker, or a node of the cluster, is a process that has one core of this machine to itself, as a
small machine would. Beside them, one worker is shown that may use two cores: reading and looking
are different threads. Every recording is a copy of the sample `juggle`. Prints one JSON object; all
times are those of the whole command, with starting Python, loading kernels and the report. What two
cores can do at best is told by sums that share nothing: cores of a virtual machine may be halves of
one. If processors take longer for the same work with two workers, the cores get into each other's
way; if they do not, somebody waits.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eventvision.simulation import shipped_recording

SAMPLE = "juggle"
CORES = sorted(os.sched_getaffinity(0))[:2]


def measure(recordings: int, *, on_ray: bool) -> dict[str, object]:
    """Do the same recordings with one worker and with two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        for number in range(recordings):
            shutil.copy(shipped_recording(SAMPLE), folder / "in" / f"{number}.aedat4")
        _batch(folder / "in" / "0.aedat4", folder / "warm", "--workers", "1")
        crew = _nodes if on_ray else _processes
        one, two = (_timed(folder, crew(cores)) for cores in (CORES[:1], CORES))
        told: dict[str, object] = {
            "recordings": recordings,
            "where": "ray" if on_ray else "processes",
            "one_worker": one,
            "two_workers": two,
            "speed_up": round(one["wall_s"] / two["wall_s"], 2),
            "speed_up_of_arithmetic": round(_speed_up_of_arithmetic(), 2),
        }
        if not on_ray:
            told["one_worker_on_two_cores"] = _timed(folder, _processes(CORES, workers=1))
        return told


def _timed(folder: Path, crew: AbstractContextManager[tuple[str, str]]) -> dict[str, float]:
    """Return the time of a whole batch, and that of processors, which leaves out a cluster's."""
    with crew as options:
        began_s, before_s = time.monotonic(), _children_cpu_s()
        _batch(folder / "in", folder / "out", "--fresh", *options)
        wall_s, cpu_s = time.monotonic() - began_s, _children_cpu_s() - before_s
        return {"wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2)}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _speed_up_of_arithmetic() -> float:
    """Return how much more two cores do than one where nothing is shared but the machine."""
    one_s, two_s = (_arithmetic_s(cores) for cores in (CORES[:1], CORES))
    return len(CORES) * one_s / two_s


def _arithmetic_s(cores: Sequence[int]) -> float:
    """Return how long the same sum takes on each of some cores at once."""
    command = [sys.executable, "-c", "sum(n * n for n in range(30_000_000))"]
    began_s = time.monotonic()
    running = []
    for core in cores:
        with _on([core]):
            running.append(subprocess.Popen(command))
    for process in running:
        process.wait()
    return time.monotonic() - began_s


@contextmanager
def _on(cores: Sequence[int]) -> Iterator[None]:
    """Let what is started meanwhile run on some cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _processes(cores: Sequence[int], workers: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the options that choose a worker for each core, unless told how many."""
    with _on(cores):
        yield "--workers", str(workers or len(cores))


@contextmanager
def _nodes(cores: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yield the options that choose a cluster with a node on each core."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    for core in cores:
        with _on([core]):
            cluster.add_node(num_cpus=1, include_dashboard=False)
    cluster.wait_for_nodes()
    shutdown: Callable[[], object] = cluster.shutdown
    try:
        yield "--ray", cluster.address
    finally:
        shutdown()


def _batch(source: Path, out: Path, *options: str) -> None:
    what = ("--tasks", "detection,tracking", "--slicer", "time:10ms")
    _run("batch", str(source), "--out", str(out), *what, *options)


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "eventvision_apps.cli.main", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure what was asked for and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=32)
    parser.add_argument("--ray", action="store_true")
    wanted = parser.parse_args()
    print(json.dumps(measure(wanted.recordings, on_ray=wanted.ray), indent=2))


if __name__ == "__main__":
    main()
