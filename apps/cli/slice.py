"""`eventvision slice`: where a recording would be cut, as a list and as a plot."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from eventvision.core import Slice, output_errors
from eventvision.pipeline import RunConfig, list_slices

from .output import print_table, tell
from .slice_plot import SlicePlot

_MOST_LINES = 40


def checked(values: dict[str, Any]) -> RunConfig:
    """Check what the user asked for.

    Raises:
        ConfigError: Names the option that is wrong.
    """
    return RunConfig.checked(**{**values, "tasks": ()})


def run(config: RunConfig, *, as_json: bool, plot: Path | None, every: bool) -> int:
    """List the slices, and draw them if a file is named."""
    drawn = SlicePlot() if plot is not None else None
    rows: list[dict[str, Any]] = []
    for slice_ in list_slices(config, tell):
        rows.append(_row(slice_))
        if drawn is not None:
            drawn.add(slice_)
    if as_json:
        json.dump({"slicer": config.slicer, "slices": rows}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(config, rows, every=every)
    if drawn is not None and plot is not None:
        with output_errors(plot):
            plot.write_bytes(drawn.png())
        tell(f"plot: {plot}")
    return 0


def _row(slice_: Slice) -> dict[str, Any]:
    row: dict[str, Any] = {
        "t0_us": slice_.t0_us,
        "t1_us": slice_.t1_us,
        "events": len(slice_),
        "reason": slice_.ended_by,
    }
    if slice_.potential is not None and slice_.potential.size:
        row["potential"] = round(float(slice_.potential[-1]), 4)
    return row


def _print(config: RunConfig, rows: list[dict[str, Any]], *, every: bool) -> None:
    shown = rows if every else rows[:_MOST_LINES]
    origin = rows[0]["t0_us"] if rows else 0
    print_table(
        f"{config.source}, {config.slicer}",
        [
            (
                str(number),
                f"{(row['t0_us'] - origin) / 1e3:.3f}",
                f"{(row['t1_us'] - row['t0_us']) / 1e3:.3f}",
                f"{row['events']:,}",
                row["reason"],
            )
            for number, row in enumerate(shown)
        ],
        header=("slice", "begins, ms", "length, ms", "events", "ended by"),
    )
    if len(shown) < len(rows):
        tell(f"{len(rows) - len(shown)} more; --all lists them, --json as well")
    if rows:
        print_table("all slices", _sums(rows))


def _sums(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    lengths = np.array([row["t1_us"] - row["t0_us"] for row in rows]) / 1e3
    events = np.array([row["events"] for row in rows])
    span_s = (rows[-1]["t1_us"] - rows[0]["t0_us"]) / 1e6
    reasons = Counter(row["reason"] for row in rows)
    return [
        ("slices", f"{len(rows):,}, {len(rows) / span_s:.1f} a second"),
        ("length", f"{_spread(lengths)} ms"),
        ("events", _spread(events)),
        ("ended by", ", ".join(f"{name} {count:,}" for name, count in reasons.most_common())),
    ]


def _spread(values: np.ndarray[Any, Any]) -> str:
    low, middle, high = np.percentile(values, (5, 50, 95))
    return f"{middle:,.1f} (5 % below {low:,.1f}, 5 % above {high:,.1f})"
