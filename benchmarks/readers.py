"""Reading and writing recordings: speed, seeking and memory.

Everyone reads all events into arrays from a file that the system has cached; dv-processing, whose
own containers are cheaper for it, is timed with both. lz4 is the LZ4 library on its own: it only
decompresses the same packets, from memory, on one core: what a reader that stands on it cannot
beat. Writers have the events in memory, in containers of their own.

The first seek is that into a file that was opened this moment and of which no index is kept from
earlier runs; most formats are then indexed as a whole. After it come twenty more, of which the
slowest counts. Peak memory is that of a fresh process that does nothing but read; eventcv loads the
whole file.

    python -m benchmarks.readers [--json] [--recordings DIR]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ._calls import (
    Call,
    events_per_us,
    peak_memory_mb,
    race_calls,
    rows_of_calls,
    with_versions,
)
from ._harness import Options, Row, run_benchmark, tell
from ._worker import Outcome
from .recordings import RECORDINGS, SUFFIXES, Recording, recordings_in

OURS, PEERS = "_readers_ours.py", "_readers_peers.py"
OURSELVES, TWO_THREADS = "eventvision", "eventvision with 2 threads"
SEEKS = 21


def readers(file_format: str, path: Path) -> dict[str, Call]:
    """Return who can read a file, and how; the first word of a name is the package, ours first."""
    where = {"path": str(path)}
    calls = {OURSELVES: Call(OURS, "read", where), "faery": Call(PEERS, "faery", where)}
    if file_format.startswith("AEDAT4"):
        calls["dv-processing"] = Call(PEERS, "dv_processing", where)
        calls["dv-processing to numpy"] = Call(PEERS, "dv_processing_to_numpy", where)
    if file_format == "AEDAT4":
        calls[TWO_THREADS] = Call(OURS, "read_with_threads", where | {"threads": 2})
        calls["lz4 alone"] = Call(PEERS, "lz4_library", where)
    if file_format in {"EVT3", "EVT2", "DAT"}:
        encoding = {"encoding": file_format.lower()}
        calls["expelliarmus"] = Call(PEERS, "expelliarmus", where | encoding)
    if file_format != "ES":
        calls["eventcv"] = Call(PEERS, "eventcv", where)
    return calls


def reading(recording: Recording, file_format: str, path: Path, repeat: int) -> list[Row]:
    """Race the readers of one file; where ours has two threads, these get rows of their own."""
    label = f"read {file_format}, {recording.size}"
    tell(label)
    speed = events_per_us(recording.events)
    results = race_calls(readers(file_format, path), speed, repeat=repeat)
    threaded = results.pop(TWO_THREADS, None)
    rows = rows_of_calls(label, "Mev/s", results)
    if threaded is None:
        return rows
    del results[OURSELVES]
    return rows + rows_of_calls(f"{label}, 2 threads", "Mev/s", {TWO_THREADS: threaded, **results})


def writing(recording: Recording, path: Path, repeat: int) -> list[Row]:
    """Race the writers of AEDAT4 with LZ4."""
    label = f"write AEDAT4, {recording.size}"
    tell(label)
    with TemporaryDirectory(dir=path.parent) as folder:
        job = {"source": str(path), "width": recording.width, "height": recording.height}
        calls = {
            OURSELVES: Call(OURS, "write", job | {"path": f"{folder}/ours.aedat4"}),
            "dv-processing": Call(PEERS, "dv_write", job | {"path": f"{folder}/theirs.aedat4"}),
        }
        results = race_calls(calls, events_per_us(recording.events), repeat=repeat)
    return rows_of_calls(label, "Mev/s", results)


def seeking(recording: Recording, file_format: str, path: Path, repeat: int) -> list[Row]:
    """Race to places in one file: the first is late in it, the others are anywhere."""
    later = np.random.default_rng(0).uniform(0, 0.99, SEEKS - 1)
    shares = [0.9, *later.tolist()]
    job = {"path": str(path), "times_us": [int(recording.duration_us * at) for at in shares]}
    calls = {OURSELVES: Call(OURS, "seek", job)}
    if file_format.startswith("AEDAT4"):
        calls["dv-processing"] = Call(PEERS, "dv_seek", job)
    waits: dict[str, Callable[[Outcome], float]] = {
        "open and first seek": lambda outcome: outcome.value[0],
        "next seeks, slowest": lambda outcome: max(outcome.value[1:]),
    }
    rows = []
    for what, wait_ms in waits.items():
        label = f"{what}, {file_format}, {path.stat().st_size / 1e6:.0f} MB"
        tell(label)
        results = race_calls(calls, wait_ms, repeat=repeat, best=min)
        rows += rows_of_calls(label, "ms", results, less_is_better=True)
    return rows


def memory(recording: Recording, file_format: str, path: Path) -> list[Row]:
    """Let everyone read one file in a process of its own."""
    label = f"peak memory, {file_format}, {recording.events / 1e6:.0f} M events"
    tell(label)
    calls = readers(file_format, path)
    calls.pop("lz4 alone", None)
    threaded = calls.pop(TWO_THREADS, None)
    rows = rows_of_calls(label, "MB", peak_memory_mb(calls), less_is_better=True)
    if threaded is None:
        return rows
    alone = peak_memory_mb({TWO_THREADS: threaded})
    return rows + rows_of_calls(f"{label}, 2 threads", "MB", alone, less_is_better=True)


def measure(options: Options) -> list[Row]:
    """Measure every format on both sensors; seeking in the larger files."""
    folder = recordings_in(options.recordings, SUFFIXES)
    files = [
        (recording, file_format, recording.path(folder, file_format))
        for file_format in SUFFIXES
        for recording in RECORDINGS
    ]
    rows = [row for file in files for row in reading(*file, options.repeat)]
    for recording in RECORDINGS:
        rows += writing(recording, recording.path(folder, "AEDAT4"), options.repeat)
    largest = max(RECORDINGS, key=lambda recording: recording.events)
    for file in files:
        if file[0] is largest:
            rows += seeking(*file, options.repeat)
    rows += [row for file in files for row in memory(*file)]
    return with_versions(rows, PEERS)


if __name__ == "__main__":
    run_benchmark("readers", __doc__, measure)
