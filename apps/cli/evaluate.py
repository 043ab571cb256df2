"""`eventvision evaluate`: models beside baselines, on frozen sequences and real recordings."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eventvision.core import ConfigError

from .output import print_table, tell

if TYPE_CHECKING:
    from eventvision.training.evaluation import Report


def make(name: str, data: Sequence[Path], *, images: Path | None) -> int:
    """Make a frozen set in the one folder that `--data` names."""
    if len(data) != 1:
        raise ConfigError("--data", " ".join(map(str, data)), "one folder to make the set in")
    from eventvision.training.evaluation import make_set

    made = make_set(name, data[0], images=images, watch=tell)
    rows = [("sequences", str(len(made))), ("digest", made.digest)]
    print_table(f"{made.folder}: set {made.name}", rows)
    return 0


def run(
    models: Sequence[str],
    data: Sequence[Path],
    *,
    devices: Sequence[str],
    slicers: Sequence[str],
    filters: str,
    twins: Sequence[Path],
    out: Path,
    page: Path | None,
    card: bool,
    threads: int,
    as_json: bool,
) -> int:
    """Score, print and write."""
    if not data:
        raise ConfigError("--data", "", "a folder of a frozen set or of recordings")
    from eventvision.training.evaluation import (
        cards_of,
        open_model,
        run_evaluation,
        write_page,
        write_scores,
    )

    opened = [
        open_model(model, device, threads=threads)
        for model in models
        for device in devices or ("auto",)
    ]
    if card:
        cards_of(opened)
    others = [open_model(twin, threads=threads, name="non-spiking twin") for twin in twins]
    chosen = "" if filters.strip().lower() == "none" else filters
    report = run_evaluation(
        opened + others, data, out, slicers=slicers or ("own",), filters=chosen, say=tell
    )
    if card:
        write_scores(report, opened, _command())
    if page is not None:
        write_page(report, page, _command())
    if as_json:
        json.dump(report.as_dict(), sys.stdout, indent=1, ensure_ascii=False)
        print()  # noqa: T201
        return 0
    _print(report, out)
    return 0


def _print(report: Report, out: Path) -> None:
    written = [(str(out / "report.json"),)]
    for section in report.sections:
        for table in section.tables:
            header = (table.first, *table.columns)
            print_table(f"{section.title}: {table.title}", table.cells(), header=header)
        written += [(str(path),) for path in section.pictures]
    print_table("written", written)


def _command() -> str:
    return shlex.join(["eventvision", *sys.argv[1:]])
