"""`eventvision cut`: a stretch of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventvision.io import ConversionReport, cut

from .jobs import plan, run_jobs
from .options import sensor_size
from .output import ShowProgress


def run(
    sources: Sequence[str],
    out: str,
    *,
    start_s: float,
    end_s: float | None,
    to: str | None,
    sensor: str | None,
    force: bool,
    strict: bool,
    as_json: bool,
) -> int:
    """Cut recordings; return 2 if one was damaged or failed, else 0."""
    size = sensor_size(sensor)

    def work(source: str, target: Path, show: ShowProgress) -> ConversionReport:
        return cut(
            source,
            target,
            start_s,
            end_s,
            format=to,
            sensor=size,
            force=force,
            strict=strict,
            on_progress=show,
        )

    return run_jobs(plan(sources, out, to), work, "cut", as_json=as_json)
