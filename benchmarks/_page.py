"""The page of results: a table and a picture per benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ._harness import HEADER, Report, Row, cells, rounded

OURS_COLOUR, PEER_COLOUR = "#1f6feb", "#b8bfc8"
INTRODUCTION = """# Benchmarks

Written by `make bench`. Ours and the peer take turns on the same machine in the same run, and the
best of several laps counts; a ratio above 1 means that ours is better. Absolute numbers are those
of one machine on one day: compare ratios, and run it yourself. Peers that are not installed say
so; `EVENTVISION_PEERS_PYTHON` names an interpreter that has them.
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture; `place` counts from the top."""

    place: float
    label: str
    value: float
    ours: bool


def write_page(reports: Sequence[Report], page: Path) -> None:
    """Write the page and its pictures, which go into `pictures/` beside it."""
    pictures = page.parent / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join([INTRODUCTION, *(section(report, pictures) for report in reports)]))


def section(report: Report, pictures: Path) -> str:
    """Return the part of the page about one benchmark, and draw its pictures."""
    drawn = [
        draw(report.name, unit, rows, pictures)
        for unit, rows in by_unit(report.rows)
        if any(row.peer is not None for row in rows)
    ]
    title, _, about = report.about.partition("\n")
    shown = "\n".join(f"![{report.name}](pictures/{path.name})" for path in drawn)
    heading = f"## {title.rstrip('.')}\n{about}"
    return "\n\n".join([heading, table(report.rows), shown, f"Measured {report.machine}.\n"])


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [HEADER, ("---", "---:", "---", "---", "---:"), *map(cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def file_name(unit: str) -> str:
    """Return a unit in letters, digits and dashes.

    >>> file_name("Mev/s"), file_name("ns per neuron-step")
    ('mev-per-s', 'ns-per-neuron-step')
    """
    words = unit.lower().replace("/", "-per-").replace("%", "percent")
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")


def by_unit(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Group rows that can share an axis, in the order in which units first occur."""
    units = dict.fromkeys(row.unit for row in rows)
    return [(unit, [row for row in rows if row.unit == unit]) for unit in units]


def draw(name: str, unit: str, rows: Sequence[Row], folder: Path) -> Path:
    """Draw ours above its peers for every measurement, and return the picture's path."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bars = bars_of(rows)
    figure, axes = plt.subplots(figsize=(8, 1.0 + 0.3 * bars[-1].place), layout="constrained")
    for bar in bars:
        colour, weight = (OURS_COLOUR, "bold") if bar.ours else (PEER_COLOUR, "normal")
        axes.barh(bar.place, bar.value, color=colour, height=0.85)
        text: dict[str, Any] = {"y": bar.place, "va": "center", "fontsize": 8, "weight": weight}
        axes.text(bar.value, s=f" {rounded(bar.value)}", **text)
        axes.text(0, s=f"{bar.label}  ", ha="right", **text)
    axes.invert_yaxis()
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    direction = "less" if rows[0].less_is_better else "more"
    axes.set_xlabel(f"{unit} ({direction} is better)")
    path = folder / f"benchmark-{name}-{file_name(unit)}.png"
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def bars_of(rows: Sequence[Row]) -> list[Bar]:
    """Lay out the bars: ours once per measurement, its peers below, a gap before the next."""
    bars: list[Bar] = []
    place = 0.0
    for label, group in groupby(rows, key=lambda row: row.label):
        peers = list(group)
        values = [(f"{label}: eventvision", peers[0].ours)]
        values += [(row.peer_name, row.peer) for row in peers if row.peer is not None]
        for index, (name, value) in enumerate(values):
            bars.append(Bar(place, name, value, ours=index == 0))
            place += 1
        place += 0.6
    return bars
