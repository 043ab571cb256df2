"""Commands that turn recordings into recordings: many in, many out, one after the other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eventvision.core import ConfigError, EventVisionError, OutputError, SensorSize
from eventvision.io import ConversionReport, Found, find_recordings, may_be_many, target_format

from .output import damage_line, print_table, progress_bar, tell

Work = Callable[..., ConversionReport]
"""`convert`, `cut` or `repair` of `eventvision.io`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the user asked for.

    Attributes:
        sources: Recordings, wildcards and folders.
        out: A file for a single recording, else a folder.
        to: Name of the format to write; None to go by the extensions.
        sensor: Size of the pixel array, where the recordings are wrong.
        read: What readers should not find out by themselves.
        force: Whether to replace what is there.
        as_json: Whether to print one object rather than tables.
    """

    sources: Sequence[str]
    out: str
    to: str | None
    sensor: SensorSize | None
    read: Mapping[str, str]
    force: bool
    as_json: bool

    def run(self, label: str, work: Work, *, keeps_format: bool = True, **options: Any) -> int:
        """Do it; a failure is told and does not stop the rest.

        Args:
            label: Name of the work.
            work: Does it for one recording.
            keeps_format: Whether recordings may go into a folder in the format that they have.
            options: Further arguments of `work`.

        Returns:
            0; 2 if a recording was damaged or failed.
        """
        jobs = plan(self.sources, self.out, self.to, keeps_format=keeps_format)
        common: dict[str, Any] = {"format": self.to, "sensor": self.sensor, "read": self.read}
        done = partial(work, **common, force=self.force, **options)
        return run_jobs(jobs, done, label, as_json=self.as_json)


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and what is to become of it, or the reason why nothing can."""

    source: str
    target: Path = Path()
    problem: EventVisionError | None = None


def plan(
    sources: Sequence[str], out: str, to: str | None, *, keeps_format: bool = True
) -> list[Job]:
    """Return what is to be done.

    Args:
        sources: Recordings, wildcards and folders, which are searched for recordings.
        out: A file for a single recording, else a folder.
        to: Name of the format to write; None to go by the extensions.
        keeps_format: Whether recordings may go into a folder in the format that they have.

    Raises:
        ConfigError: If there is no such format, if it must be given, or if `out` is a file but
            there may be several recordings.
    """
    suffix = target_format(out, to).suffixes[0] if to else None
    many = len(sources) > 1 or any(may_be_many(name) for name in sources)
    if not (many or Path(out).is_dir() or out.endswith(("/", os.sep))):
        return [Job(sources[0], Path(out))]
    if Path(out).is_file():
        raise ConfigError("OUT", out, "a folder, since there may be several recordings")
    if suffix is None and not keeps_format:
        raise ConfigError("--to", "", f"a format such as aedat4, since {out} is a folder")
    return list(_in_folder(sources, Path(out), suffix))


def run_jobs(jobs: Iterable[Job], work: Work, label: str, *, as_json: bool) -> int:
    """Do one job after the other; a failure is told and does not stop the rest.

    Returns:
        0; 2 if a recording was damaged or a job failed.
    """
    reports, failures = [], []
    for job in jobs:
        try:
            if job.problem is not None:
                raise job.problem
            with progress_bar(f"{label} {Path(job.source).name}") as show:
                report = work(job.source, job.target, on_progress=show)
        except EventVisionError as error:
            tell(str(error))
            failures.append({"source": job.source, "error": str(error)})
            continue
        reports.append(report)
        if not as_json:
            _print_report(report)
        if report.damage:
            tell(damage_line(report.source, report.damage))
    if as_json:
        files = [report.as_dict() for report in reports]
        json.dump({"files": files, "failures": failures}, sys.stdout, indent=2)
        print()  # noqa: T201
    return 2 if failures or any(report.damage for report in reports) else 0


def _in_folder(sources: Sequence[str], out: Path, suffix: str | None) -> Iterator[Job]:
    taken: dict[Path, str] = {}
    for name in sources:
        try:
            found = find_recordings(name, skip=out)
        except EventVisionError as error:
            yield Job(name, problem=error)
            continue
        for one in found:
            target = out / _renamed(one, suffix)
            if target in taken:
                problem = f"is what becomes of {taken[target]} already"
                remedy = f"write {one.name} to another folder"
                yield Job(one.name, problem=OutputError(target, problem, remedy))
            else:
                taken[target] = one.name
                yield Job(one.name, target)


def _renamed(found: Found, suffix: str | None) -> Path:
    return found.place if suffix is None else found.place.with_suffix(suffix)


def _print_report(report: ConversionReport) -> None:
    rows = [
        ("read", f"{report.source} ({report.read_as}, {report.sensor})"),
        ("written", str(report)),
        *(("note", note) for note in report.notes),
    ]
    print_table(report.target, rows)
