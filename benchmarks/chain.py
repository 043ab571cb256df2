"""From a file to voxel grids: what every user of event cameras does first.

Read, remove background activity (2 ms), cut into slices of 10 ms, render a voxel grid of 5 bins for
each. EventCV does the same from the same file; dv-processing, which reads AEDAT4 only, has no voxel
grid and accumulates a frame instead. Peak memory is that of a fresh process that does only this.

    python -m benchmarks.chain [--json] [--recordings DIR]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._harness import Absent, Options, Row, race, rows_of, run_benchmark, tell
from ._worker import Worker
from .recordings import RECORDINGS, Recording, recordings_in

OURS, PEERS = "_chain_ours.py", "_chain_peers.py"
Call = tuple[str, str, dict[str, Any]]
"""Script, function, arguments."""


def contestants(recording: Recording, file_format: str, path: Path) -> dict[str, Call]:
    """Return who can run the chain on a file, by package, and how; ours comes first."""
    size = {"width": recording.width, "height": recording.height}
    calls: dict[str, Call] = {"eventvision": (OURS, "chain", {"path": str(path)})}
    if file_format == "AEDAT4":
        calls["dv-processing"] = (PEERS, "dv_processing", {"path": str(path), **size})
    return calls | {"eventcv": (PEERS, "eventcv", {"path": str(path)})}


def speed(recording: Recording, file_format: str, path: Path, repeat: int) -> list[Row]:
    """Race on one file."""
    label = f"chain, {file_format}, {recording.size}"
    tell(label)
    with Worker(OURS) as ours, Worker.of_peers(PEERS) as peers:
        workers = {OURS: ours, PEERS: peers}

        def runner(call: Call) -> Callable[[], float]:
            script, function, arguments = call

            def run() -> float:
                outcome = workers[script].call(function, **arguments)
                if outcome.value != recording.events:
                    raise Absent(f"lost events: {outcome.value} of {recording.events}")
                return recording.events / outcome.seconds / 1e6

            return run

        calls = contestants(recording, file_format, path).items()
        results = race(
            {workers[call[0]].name_with_version(name): runner(call) for name, call in calls},
            repeat=repeat,
        )
    return rows_of(label, "Mev/s", results)


def memory(recording: Recording, file_format: str, path: Path) -> list[Row]:
    """Run everyone once in a process of its own."""
    label = f"peak memory, {file_format}, {recording.size}"
    tell(label)
    results: dict[str, float | Absent] = {}
    for name, (script, function, arguments) in contestants(recording, file_format, path).items():
        with Worker(script) if script == OURS else Worker.of_peers(script) as worker:
            who = worker.name_with_version(name)
            try:
                results[who] = worker.call(function, **arguments).peak_mb
            except Absent as reason:
                results[who] = reason
    return rows_of(label, "MB", results, less_is_better=True)


def measure(options: Options) -> list[Row]:
    """Measure speed and memory on both sensors from both formats."""
    folder = recordings_in(options.recordings)
    files = [
        (recording, file_format, recording.path(folder, file_format))
        for recording in RECORDINGS
        for file_format in ("AEDAT4", "EVT3")
    ]
    rows = [row for file in files for row in speed(*file, options.repeat)]
    return rows + [row for file in files for row in memory(*file)]


if __name__ == "__main__":
    run_benchmark("chain", __doc__, measure)
