"""What a recording holds and what is damaged in it, as rows to show."""

from __future__ import annotations

from eventvision.core import Damage, SensorSize
from eventvision.io import RecordingSummary, open_source, scan

from .amounts import count_text
from .jobs import Report

Row = tuple[str, str]


def inspect(source: str, report: Report, sensor: SensorSize | None = None) -> RecordingSummary:
    """Read a whole recording.

    Raises:
        SourceError: If it cannot be read.
    """
    report(0.0, "opening")
    with open_source(source, sensor=sensor) as opened:
        return scan(opened, lambda share, events: report(share, count_text(events, "event")))


def summary_rows(summary: RecordingSummary) -> list[Row]:
    """Return what a recording holds, each with its unit."""
    info = summary.info
    size_from = {"header": "", "data": ", inferred from the events", "user": ", as given"}
    rows = [
        ("File", info.name),
        ("Format", info.format),
        ("Sensor", f"{info.sensor} px{size_from[info.sensor_from]}"),
        ("Camera", info.camera or "not recorded"),
        ("Events", f"{summary.events:,}"),
        ("Duration", f"{summary.duration_s:.6f} s"),
        ("Mean rate", f"{summary.rate_mean_evps / 1e6:.3f} million events/s"),
        ("Peak rate in 10 ms", f"{summary.rate_peak_evps / 1e6:.3f} million events/s"),
        ("Brighter (ON) events", f"{summary.on_share:.1%}"),
        ("Images", f"{summary.frames:,}"),
        ("Inertial samples", f"{summary.imu:,}"),
        ("Triggers", f"{summary.triggers:,}"),
    ]
    return rows + [("Note", note) for note in info.notes]


def damage_headline(summary: RecordingSummary) -> str:
    """Say in a line how bad a recording is."""
    damage = summary.damage
    if not damage:
        return "No damage was found: the whole recording can be read."
    known = f"{count_text(damage.events_skipped, 'event')} lost"
    lost = known if damage.events_skipped else "how many events are lost cannot be told"
    places = count_text(damage.places, "damaged place")
    return f"{places}; {lost}; everything else was read. Repair writes a sound copy."


def damage_rows(summary: RecordingSummary) -> list[tuple[str, str, str, str]]:
    """Return kind, place, what was found and events lost of each damaged place that was kept."""
    return [(item.kind, _place(item), item.message, _lost(item)) for item in summary.damage.items]


def _lost(item: Damage) -> str:
    return f"{item.events_skipped:,}" if item.events_skipped else "not known"


def _place(item: Damage) -> str:
    return "" if item.byte_start is None else f"bytes {item.byte_start:,}–{item.byte_end:,}"
