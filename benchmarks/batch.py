"""Many recordings, by one worker and by two: how much more is done in the same time.

    python -m benchmarks.batch [--recordings 8] [--seconds 4]     two processes on this machine
    python -m benchmarks.batch --ray                              a Ray cluster of one and two nodes

The nodes of the cluster are processes on this machine, with one core each. Prints one JSON object;
`speed_up` is the time of one worker over that of two.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SIMULATED = ("simulate", "juggle", "--camera", "davis346")


def measure(recordings: int, seconds: float, *, on_ray: bool) -> dict[str, object]:
    """Do the same recordings with one worker and with two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(recordings):
            where = folder / "in" / f"{seed}.aedat4"
            where.parent.mkdir(exist_ok=True)
            _run(*SIMULATED, str(where), "--seconds", str(seconds), "--seed", str(seed))
        _batch(folder, "warm", "--workers", "1")
        took_s = {}
        for workers in (1, 2):
            with _crew(workers, on_ray=on_ray) as options:
                began_s = time.monotonic()
                _batch(folder, f"out{workers}", *options)
                took_s[workers] = time.monotonic() - began_s
    return {
        "recordings": recordings,
        "seconds_each": seconds,
        "where": "ray" if on_ray else "processes",
        "one_worker_s": round(took_s[1], 2),
        "two_workers_s": round(took_s[2], 2),
        "speed_up": round(took_s[1] / took_s[2], 2),
    }


@contextmanager
def _crew(workers: int, *, on_ray: bool) -> Iterator[tuple[str, str]]:
    """Yield the options that choose so many workers."""
    if not on_ray:
        yield "--workers", str(workers)
        return
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(workers - 1):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    shutdown: Callable[[], object] = cluster.shutdown
    try:
        yield "--ray", cluster.address
    finally:
        shutdown()


def _batch(folder: Path, out: str, *options: str) -> None:
    what = ("--tasks", "detection,tracking", "--slicer", "time:10ms")
    _run("batch", str(folder / "in"), "--out", str(folder / out), *what, *options)


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "eventvision_apps.cli.main", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure what was asked for and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--ray", action="store_true")
    wanted = parser.parse_args()
    print(json.dumps(measure(wanted.recordings, wanted.seconds, on_ray=wanted.ray), indent=2))


if __name__ == "__main__":
    main()
