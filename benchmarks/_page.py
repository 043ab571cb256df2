"""The page of results: a table and a picture per benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from ._harness import HEADER, Report, Row, cells, rounded

OURS_COLOUR, PEER_COLOUR = "#1f6feb", "#b8bfc8"
INTRODUCTION = """# Benchmarks

Written by `make bench`. Ours and the peer take turns on the same machine in the same run, and the
best of several laps counts; a ratio above 1 means that ours is better. Absolute numbers are those
of one machine on one day: compare ratios, and run it yourself. Peers that are not installed say
so; `EVENTVISION_PEERS_PYTHON` names an interpreter that has them.
"""


def write_page(reports: Sequence[Report], page: Path) -> None:
    """Write the page and its pictures, which go into `pictures/` beside it."""
    pictures = page.parent / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join([INTRODUCTION, *(section(report, pictures) for report in reports)]))


def section(report: Report, pictures: Path) -> str:
    """Return the part of the page about one benchmark, and draw its pictures."""
    drawn = [draw(report.name, unit, rows, pictures) for unit, rows in by_unit(report.rows)]
    title, _, about = report.about.partition("\n")
    shown = "\n".join(f"![{report.name}](pictures/{path.name})" for path in drawn)
    return f"## {title}\n{about}\n\n{table(report.rows)}\n\n{shown}\n\nMeasured {report.machine}.\n"


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [HEADER, ("---", "---:", "---", "---", "---:"), *map(cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def by_unit(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Group rows that can share an axis."""
    ordered = sorted(rows, key=lambda row: row.unit)
    return [(unit, list(group)) for unit, group in groupby(ordered, key=lambda row: row.unit)]


def draw(name: str, unit: str, rows: Sequence[Row], folder: Path) -> Path:
    """Draw ours above its peers for every measurement, and return the picture's path."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bars = bars_of(rows)
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.34 * len(bars)), layout="constrained")
    for place, (label, value, ours) in enumerate(bars):
        axes.barh(place, value, color=OURS_COLOUR if ours else PEER_COLOUR, height=0.8)
        axes.text(value, place, f" {rounded(value)}", va="center", fontsize=8)
        axes.text(0, place, f"{label}  ", va="center", ha="right", fontsize=8)
    axes.invert_yaxis()
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    direction = "less" if rows[0].less_is_better else "more"
    axes.set_xlabel(f"{unit} ({direction} is better)")
    path = folder / f"benchmark-{name}-{unit.lower().replace('/', '-per-')}.png"
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def bars_of(rows: Sequence[Row]) -> list[tuple[str, float, bool]]:
    """Return label, value and whether it is ours, ours once per measurement."""
    bars = []
    for label, group in groupby(rows, key=lambda row: row.label):
        peers = list(group)
        bars.append((label, peers[0].ours, True))
        bars += [(row.peer_name, row.peer, False) for row in peers if row.peer is not None]
    return bars
