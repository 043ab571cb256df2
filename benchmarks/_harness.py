"""Racing ours against the peers, and saying how it went."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ._machine import Machine, this_machine

Number = float | None


class Absent(Exception):  # noqa: N818 - a fact about a peer, told in its row
    """A contestant cannot take part.

    Attributes:
        remark: What its row says, such as `not installed`.
        detail: What it said itself.
    """

    def __init__(self, remark: str, detail: str = "") -> None:
        super().__init__(f"{remark}: {detail}" if detail else remark)
        self.remark, self.detail = remark, detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One measurement beside that of one peer.

    Attributes:
        label: What was measured.
        unit: Unit of both values.
        ours: Our value.
        peer_name: Who it is compared with; empty for nobody.
        peer: Their value; None where there is none.
        remark: Why there is none.
        less_is_better: Whether a smaller value wins.
    """

    label: str
    unit: str
    ours: float
    peer_name: str = ""
    peer: Number = None
    remark: str = ""
    less_is_better: bool = False

    @property
    def ratio(self) -> Number:
        """How many times better ours is."""
        if self.peer is None:
            return None
        return self.peer / self.ours if self.less_is_better else self.ours / self.peer


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line asks of a benchmark."""

    repeat: int = 3
    recordings: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All rows of a benchmark and where they were measured."""

    name: str
    about: str
    machine: Machine
    rows: Sequence[Row] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as one JSON object; each row has its ratio."""
        rows = [asdict(row) | {"ratio": row.ratio} for row in self.rows]
        return asdict(self) | {"rows": rows}


def race(
    contestants: Mapping[str, Callable[[], float]],
    *,
    repeat: int,
    best: Callable[[Sequence[float]], float] = max,
) -> dict[str, float | Absent]:
    """Run all contestants in turns and return each one's best value, or why it has none.

    They take turns because machines slow down and speed up: everybody meets the same weather. The
    first lap warms up compilers and file caches and does not count.
    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    absent: dict[str, Absent] = {}
    for lap in range(repeat + 1):
        for name, run in contestants.items():
            if name in absent:
                continue
            try:
                value = run()
            except Absent as reason:
                tell(f"{name}: {reason}")
                absent[name] = reason
            else:
                if lap:
                    values[name].append(value)
    return {name: absent[name] if name in absent else best(values[name]) for name in contestants}


def rows_of(
    label: str, unit: str, results: Mapping[str, float | Absent], *, less_is_better: bool = False
) -> list[Row]:
    """Return a row per peer from the results of a race; the first contestant is ours.

    Raises:
        Absent: If ours could not run.
    """
    (_, ours), *peers = results.items()
    if isinstance(ours, Absent):
        raise ours
    return [
        Row(
            label=label,
            unit=unit,
            ours=ours,
            peer_name=name,
            peer=None if isinstance(value, Absent) else value,
            remark=value.remark if isinstance(value, Absent) else "",
            less_is_better=less_is_better,
        )
        for name, value in peers
    ]


def cells(row: Row) -> tuple[str, ...]:
    """Return label, ours, peer, unit and ratio as text."""
    theirs = row.remark if row.peer is None else rounded(row.peer)
    peer = f"{row.peer_name}: {theirs}" if row.peer_name else ""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    return row.label, rounded(row.ours), peer, row.unit, ratio


HEADER = ("measurement", "ours", "peer", "unit", "ratio")


def rounded(value: float) -> str:
    """Write a number with three significant digits, large ones in full.

    >>> [rounded(value) for value in (0.01234, 3.456, 78.91, 1234.5)]
    ['0.0123', '3.46', '78.9', '1234']
    """
    digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def print_table(rows: Sequence[Row]) -> None:
    """Print rows in aligned columns; numbers to the right."""
    lines = [HEADER, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    for line in lines:
        texts = [
            text.rjust(width) if column in {1, 4} else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(texts).rstrip())


def tell(text: str) -> None:
    """Say on stderr what is going on, so that stdout holds results only."""
    print(text, file=sys.stderr, flush=True)


def positive(text: str) -> int:
    """Read a whole number above zero, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def options_from_command_line(about: str) -> tuple[Options, argparse.Namespace]:
    """Read the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--repeat", type=positive, default=3, metavar="N", help="laps, best counts (default: 3)"
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="folder of recordings (default: made in out/benchmarks)",
    )
    arguments = parser.parse_args()
    return Options(repeat=arguments.repeat, recordings=arguments.recordings), arguments


def run_benchmark(name: str, about: str, measure: Callable[[Options], Sequence[Row]]) -> None:
    """Measure, and print a table or JSON; the main function of every benchmark."""
    options, arguments = options_from_command_line(about)
    machine = this_machine()
    try:
        rows = measure(options)
    except Absent as problem:
        sys.exit(f"benchmarks.{name}: {problem}")
    if arguments.json:
        report = Report(name=name, about=about.strip(), machine=machine, rows=rows)
        json.dump(report.as_dict(), sys.stdout, indent=2)
        print()
    else:
        print(f"{machine}\n")
        print_table(rows)
