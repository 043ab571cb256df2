"""`eventvision batch`: what it does."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eventvision.core import ConfigError, output_errors
from eventvision.pipeline import RunConfig

from ..output import print_table, tell
from .jobs import Job, Outcome, plan, saved_outcome
from .report import write_report
from .tables import write_summary

REPORT, SUMMARY = "report.html", "summary.parquet"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the user asked for.

    Attributes:
        sources: Recordings, wildcards and folders.
        out: Folder for everything that is written.
        settings: Of all runs, by their names in `RunConfig`, as the user wrote them.
        workers: Processes on this machine.
        ray: Address of a cluster; None for this machine.
        fresh: Whether to do again what was done already.
        as_json: Whether to print JSON.
    """

    sources: Sequence[str]
    out: Path
    settings: Mapping[str, Any]
    workers: int
    ray: str | None
    fresh: bool
    as_json: bool


def run(wanted: Wanted) -> int:
    """Do everything; return 2 if anything failed or was damaged, 130 if interrupted, else 0.

    Raises:
        ConfigError: If a setting is wrong, or the cluster cannot be used.
        OutputError: If the folder cannot be written.
    """
    _check(wanted)
    began_s = time.monotonic()
    outcomes, jobs = _planned(wanted)
    interrupted = False
    try:
        for outcome in _outcomes(jobs, wanted):
            outcomes[outcome.source] = outcome
            _tell(outcome, len(jobs), wanted)
    except KeyboardInterrupt:
        interrupted = True
        tell("interrupted; the same command goes on where this one ended")
    whole = [outcomes[source] for source in sorted(outcomes)]
    wall_s = time.monotonic() - began_s
    write_summary(whole, wanted.out / SUMMARY)
    write_report(whole, _described(wanted.settings), wall_s, wanted.out / REPORT)
    _print(whole, len(jobs), wall_s, wanted)
    if interrupted:
        return 130
    return 2 if any(outcome.state != "done" for outcome in whole) else 0


def _check(wanted: Wanted) -> None:
    """Find out what is wrong with the settings once, not for each recording."""
    RunConfig.checked(**{**wanted.settings, "source": "recording"})
    if find_spec("pyarrow") is None:
        expected = "pyarrow installed: pip install 'eventvision[parquet]'"
        raise ConfigError("batch", str(wanted.out), expected)
    with output_errors(wanted.out):
        wanted.out.mkdir(parents=True, exist_ok=True)


def _planned(wanted: Wanted) -> tuple[dict[str, Outcome], list[Job]]:
    """Return what is settled already, and what is to be done."""
    outcomes: dict[str, Outcome] = {}
    jobs: dict[str, Job] = {}
    for one in plan(wanted.sources, wanted.out, wanted.settings):
        if isinstance(one, Outcome):
            outcomes[one.source] = one
            tell(one.problem)
        elif one.source not in jobs and one.source not in outcomes:
            before = None if wanted.fresh else saved_outcome(one)
            if before is None:
                jobs[one.source] = one
            else:
                outcomes[one.source] = before
    return outcomes, list(jobs.values())


def _outcomes(jobs: Sequence[Job], wanted: Wanted) -> Any:
    if wanted.ray is not None:
        from .cluster import run_on_cluster

        return run_on_cluster(jobs, wanted.ray)
    from .local import run_local

    return run_local(jobs, wanted.workers)


def _tell(outcome: Outcome, count: int, wanted: Wanted) -> None:
    if outcome.problem:
        tell(outcome.problem)
    elif not wanted.as_json and count > 1:
        tell(f"{outcome.source}: {outcome.summary['events']:,} events in {outcome.wall_s:.1f} s")


def _described(settings: Mapping[str, Any]) -> str:
    tasks = ", ".join(settings.get("tasks", ())) or "no tasks"
    return f"{tasks}; slices {settings.get('slicer')}; filters {settings.get('filters') or 'none'}"


def _print(outcomes: Sequence[Outcome], done_now: int, wall_s: float, wanted: Wanted) -> None:
    if wanted.as_json:
        json.dump({"recordings": [asdict(one) for one in outcomes]}, sys.stdout, indent=2)
        print()  # noqa: T201
        return
    states = {state: sum(o.state == state for o in outcomes) for state in ("damaged", "failed")}
    rows = [
        ("recordings", f"{len(outcomes):,}"),
        ("done before", f"{len(outcomes) - done_now:,}"),
        *((state, f"{count:,}") for state, count in states.items() if count),
        ("events", f"{sum(one.summary.get('events', 0) for one in outcomes):,}"),
        ("wall time", f"{wall_s:.2f} s"),
        ("report", str(wanted.out / REPORT)),
        ("summary", str(wanted.out / SUMMARY)),
    ]
    print_table("batch", rows)
