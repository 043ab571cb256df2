"""`eventvision convert`: recordings in another format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventvision.io import ConversionReport, convert

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
    strict: bool,
    as_json: bool,
) -> int:
    """Convert recordings; return 2 if one was damaged or failed, else 0."""
    size = sensor_size(sensor)

    def work(source: str, target: Path, show: ShowProgress) -> ConversionReport:
        return convert(
            source,
            target,
            format=to,
            sensor=size,
            force=force,
            strict=strict,
            on_progress=show,
        )

    jobs = plan(sources, out, to, keeps_format=False)
    return run_jobs(jobs, work, "convert", as_json=as_json)
