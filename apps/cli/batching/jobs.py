"""What is to be done for each recording, and what was done already.

    OUT/recordings/<place>/results.parquet   what was found, a row a slice
    OUT/recordings/<place>/outcome.json      written last: what was done, with what, from what
    OUT/summary.parquet, OUT/report.html     about all of them

A recording is done when its outcome is there and was made of the same file with the same settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from eventvision.core import EventVisionError, complete_file
from eventvision.io import find_recordings

OUTCOME = "outcome.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One recording.

    Attributes:
        source: What to read.
        folder: Where to write.
        settings: Of the run, by their names in `RunConfig`.
        mark: Differs where the file, the settings or this program have changed.
    """

    source: str
    folder: str
    settings: Mapping[str, Any]
    mark: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recording.

    Attributes:
        source: What was read.
        state: `done`, `damaged` (all that could be read was), or `failed`.
        mark: Of the job.
        problem: What is wrong, if anything.
        wall_s: How long it took.
        summary: `Summary.as_dict` of the run; empty if it failed.
        curves: A hundred values over the recording each: events and objects a slice.
        worker: Who did it: machine and process, or node of a cluster.
    """

    source: str
    state: Literal["done", "damaged", "failed"]
    mark: str
    problem: str = ""
    wall_s: float = 0.0
    summary: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    worker: str = ""

    def save(self, folder: Path) -> None:
        """Write it; what was there before stays if that fails.

        Raises:
            OutputError: If it cannot be written.
        """
        with complete_file(folder / OUTCOME) as path:
            path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def saved_outcome(job: Job) -> Outcome | None:
    """Return what an earlier run made of the same recording with the same settings, if it did."""
    try:
        found = json.loads((Path(job.folder) / OUTCOME).read_text(encoding="utf-8"))
        outcome = Outcome(**found)
    except (OSError, ValueError, TypeError):
        return None
    return outcome if outcome.mark == job.mark and outcome.state != "failed" else None


def plan(sources: Sequence[str], out: Path, settings: Mapping[str, Any]) -> Iterator[Job | Outcome]:
    """Yield what is to be done, and outcomes of names that stand for nothing.

    Args:
        sources: Recordings, wildcards and folders.
        out: Where everything goes.
        settings: Of all runs.
    """
    taken: set[Path] = set()
    for name in sources:
        try:
            found = find_recordings(name, skip=out)
        except EventVisionError as error:
            yield Outcome(name, "failed", "", str(error))
            continue
        for one in found:
            folder = _free(out / "recordings" / one.place, taken)
            taken.add(folder)
            source = str(Path(one.name).absolute())
            yield Job(source, str(folder.absolute()), settings, _mark(source, settings))


def _free(folder: Path, taken: set[Path]) -> Path:
    """Return a folder that no other recording has: two may have the same name."""
    number, free = 2, folder
    while free in taken:
        free = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return free


def _mark(source: str, settings: Mapping[str, Any]) -> str:
    try:
        state = Path(source.partition("#")[0]).stat()
        file = [state.st_size, state.st_mtime_ns]
    except OSError:
        file = []
    about = [version("eventvision"), source, file, dict(settings)]
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()
