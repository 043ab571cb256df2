"""`eventvision replay`: run the pipeline over a recording and sum up."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from eventvision.pipeline import Progress, RunConfig, Summary, load_config, replay

from .output import damage_line, print_table, progress_bar, tell


def run(values: dict[str, Any], file: Path | None = None, *, as_json: bool) -> int:
    """Play a recording; return 2 if it is damaged, 130 if interrupted, else 0.

    Args:
        values: Settings by their names in `RunConfig`.
        file: Where the others come from.
        as_json: Whether to print JSON.
    """
    config = RunConfig.checked(**values) if file is None else load_config(file, given=values)
    with progress_bar("replay") as show:

        def on_progress(progress: Progress) -> None:
            show(progress.share, progress.events)

        summary = replay(config, on_progress, tell)
    if as_json:
        json.dump(summary.as_dict(), sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        _print_summary(config, summary)
    if summary.damage:
        tell(damage_line(config.source, summary.damage))
    if summary.interrupted:
        tell("interrupted; what was read so far has been written")
        return 130
    return 2 if summary.damage else 0


def _print_summary(config: RunConfig, summary: Summary) -> None:
    rows = [
        ("events", f"{summary.events:,}"),
        *((f"removed by {name}", f"{count:,}") for name, count in summary.filtered.items()),
        ("slices", f"{summary.slices:,}"),
        ("recording", f"{summary.recording_us / 1e6:.3f} s"),
        ("wall time", f"{summary.wall_s:.3f} s"),
        ("rate", f"{summary.mev_per_s:.2f} Mev/s"),
        *((f"dropped {cause}", f"{count:,}") for cause, count in summary.dropped.items()),
    ]
    print_table(config.source, rows)
    stages = [
        (stage, f"{times['p50']:.2f}", f"{times['p99']:.2f}")
        for stage, times in summary.latency_ms.items()
    ]
    if stages:
        print_table("latency", stages, header=("stage", "p50 ms", "p99 ms"))
    _print_networks(summary)
    _print_outputs(config)


def _print_networks(summary: Summary) -> None:
    """Say which models ran where, and which tasks had to run less often."""
    networks = [
        (
            network.model,
            ", ".join(network.tasks),
            f"{network.device} ({network.artifact})",
            f"{network.binning}x{network.binning} pixels as one" if network.binning > 1 else "all",
            f"{network.steps:,}",
            f"{network.failures:,}",
        )
        for network in summary.networks
    ]
    if networks:
        header = ("model", "tasks", "device", "pixels", "steps", "failures")
        print_table("networks", networks, header=header, words=True)
    shares = [(task, f"{share:.0%}") for task, share in summary.task_shares.items() if share < 1]
    if shares:
        print_table("ran on a part of the slices", shares)


def _print_outputs(config: RunConfig) -> None:
    for label, path in (
        ("video", config.video),
        ("results", config.results),
        ("arrays", config.arrays),
        ("record", config.record),
    ):
        if path is not None:
            print(f"{label:8} {path}")  # noqa: T201
