"""Run every benchmark and write docs/benchmarks.md.

python -m benchmarks.all [--recordings DIR] [--repeat N]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ._harness import Report, Row, options_from_command_line, print_table
from ._machine import Machine
from ._page import write_page

BENCHMARKS = (
    "readers", "chain", "integer", "perception", "simulation", "scenes", "generator", "spiking",
    "graph", "placement", "trigger", "live", "whole", "gui",
)  # fmt: skip
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def run(name: str, options: list[str]) -> Report:
    """Run one benchmark in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *options]
    outcome = subprocess.run(
        command, stdout=subprocess.PIPE, cwd=PAGE.parents[1], text=True, check=False
    )
    if outcome.returncode:
        sys.exit(f"benchmarks.{name} failed; {PAGE} is left as it was")
    return report_from(json.loads(outcome.stdout))


def report_from(data: dict[str, Any]) -> Report:
    """Read what `Report.as_dict` gave."""
    rows = [
        Row(**{key: value for key, value in row.items() if key != "ratio"}) for row in data["rows"]
    ]
    return Report(**data | {"machine": Machine(**data["machine"]), "rows": rows})


def main() -> None:
    """Run all, print their tables, write the page."""
    options, _ = options_from_command_line(__doc__ or "")
    passed_on = ["--repeat", str(options.repeat)]
    if options.recordings is not None:
        passed_on += ["--recordings", str(options.recordings.resolve())]
    reports = []
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        reports.append(run(name, passed_on))
        print(f"{reports[-1].machine}\n")
        print_table(reports[-1].rows)
    write_page(reports, PAGE)
    print(f"\nwritten to {PAGE}")


if __name__ == "__main__":
    main()
