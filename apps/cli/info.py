"""`eventvision info`: one pass over a recording, printed as a table or as JSON."""

from __future__ import annotations

import json
import sys

from eventvision.core import SourceError
from eventvision.io import RecordingSummary, open_source, scan

from .options import sensor_size
from .output import damage_line, print_table, tell


def run(source: str, *, sensor: str | None, as_json: bool) -> int:
    """Print what a recording holds; return 2 if it is damaged, else 0."""
    with open_source(source, sensor=sensor_size(sensor)) as opened:
        if opened.is_live:
            raise SourceError(source, "is live and has no end", "record it, then ask again")
        summary = scan(opened)
    if as_json:
        json.dump(summary.as_dict(), sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        print_table(source, _rows(summary))
    if summary.damage:
        tell(damage_line(source, summary.damage))
    return 2 if summary.damage else 0


def _rows(summary: RecordingSummary) -> list[tuple[str, str]]:
    info = summary.info
    size_from = {"header": "", "data": " (inferred from the events)", "user": " (as given)"}
    rows = [
        ("format", info.format),
        ("sensor", f"{info.sensor}{size_from[info.sensor_from]}"),
        ("camera", info.camera or "not recorded"),
        ("events", f"{summary.events:,}"),
        ("first event", "none" if summary.t_first_us is None else f"{summary.t_first_us:,} us"),
        ("last event", "none" if summary.t_last_us is None else f"{summary.t_last_us:,} us"),
        ("duration", f"{summary.duration_s:.6f} s"),
        ("rate, mean", f"{summary.rate_mean_evps / 1e6:.3f} Mev/s"),
        ("rate, peak in 10 ms", f"{summary.rate_peak_evps / 1e6:.3f} Mev/s"),
        ("ON events", f"{summary.on_share:.1%}"),
        ("frames", f"{summary.frames:,}"),
        ("IMU samples", f"{summary.imu:,}"),
        ("triggers", f"{summary.triggers:,}"),
        ("damage", str(summary.damage)),
    ]
    return rows + [("note", note) for note in info.notes]
