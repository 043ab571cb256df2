"""`eventvision repair`: sound copies of damaged recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventvision.io import ConversionReport, repair

from .jobs import plan, run_jobs
from .options import sensor_size
from .output import ShowProgress


def run(
    sources: Sequence[str],
    out: str,
    *,
    to: str | None,
    sensor: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Repair recordings; return 2 if one was damaged or failed, else 0."""
    size = sensor_size(sensor)

    def work(source: str, target: Path, show: ShowProgress) -> ConversionReport:
        return repair(source, target, format=to, sensor=size, force=force, on_progress=show)

    return run_jobs(plan(sources, out, to), work, "repair", as_json=as_json)
