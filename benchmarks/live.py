"""All learned tasks at once on a live stream, while it is denoised and recorded.

A camera in a process of its own shows the shipped street over and over; `eventvision replay` takes
it over TCP, removes background activity, cuts slices of 40 ms, runs detection, segmentation, depth,
reconstruction and tracking on the default device, and writes the recording and the results. What
counts is the slices a second for which every task gave a result, the time from the arrival of a
slice's last event to its results, and the slices that were dropped. Sensors of more than 640x480
pixels are seen through larger pixels. The other process takes its share of the same machine.

    python -m benchmarks.live [--json] [--repeat N]
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ._harness import Absent, Options, Row, run_benchmark, tell

ROOT = Path(__file__).parents[1]
SIZES = ("346x260", "640x480", "1280x720")
SLICE_MS, SECONDS, ENDS_EARLY_S = 40, 20.0, 1.0
TASKS = "detection:model,segmentation,depth,reconstruction:model,tracking"


def watched(size: str) -> Mapping[str, Any]:
    """Return the summary of a run on a camera of a size.

    Raises:
        Absent: If the run failed.
    """
    camera = subprocess.Popen(
        [sys.executable, "-m", "benchmarks._live_camera", "street", size, str(SECONDS)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    try:
        address = camera.stdout.readline().strip() if camera.stdout else ""
        with TemporaryDirectory() as folder:
            return _summary_of(address, Path(folder))
    finally:
        camera.kill()
        camera.wait()


def _summary_of(address: str, folder: Path) -> Mapping[str, Any]:
    command = [
        sys.executable, "-m", "eventvision_apps.cli.main", "replay", address,
        "--end", str(SECONDS - ENDS_EARLY_S), "--slicer", f"time:{SLICE_MS}ms", "--tasks", TASKS,
        "--record", str(folder / "live.aedat4"), "--results", str(folder / "live.jsonl"), "--json",
    ]  # fmt: skip
    outcome = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    if outcome.returncode:
        raise Absent("the run failed")
    found: dict[str, Any] = json.loads(outcome.stdout)
    return found


def rows_for(size: str, summary: Mapping[str, Any]) -> list[Row]:
    """Return what counts of a run."""
    recorded_s = summary["recording_s"]
    share = min(summary["task_shares"].values(), default=1.0)
    binning = max(network["binning"] for network in summary["networks"])
    label = f"{size}{f' seen as {binning}x{binning} pixels' if binning > 1 else ''}"
    total = summary["latency_ms"]["total"]
    dropped = sum(count for cause, count in summary["dropped"].items() if "slices" in cause)
    return [
        Row(label=f"{label}: slices with all tasks", unit="slices/s",
            ours=share * summary["slices"] / recorded_s),
        Row(label=f"{label}: latency, p50", unit="ms", ours=total["p50"], less_is_better=True),
        Row(label=f"{label}: latency, p99", unit="ms", ours=total["p99"], less_is_better=True),
        Row(label=f"{label}: dropped", unit="slices", ours=dropped, less_is_better=True),
    ]  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Run at every size; of some runs, that with the lowest p99 counts."""
    rows: list[Row] = []
    for size in SIZES:
        tell(f"live, {size}")
        laps = [rows_for(size, watched(size)) for _ in range(options.repeat)]
        best = min(laps, key=lambda lap: lap[2].ours)
        rows += best
    return rows


if __name__ == "__main__":
    run_benchmark("live", __doc__ or "", measure)
