"""`eventvision info`: one pass over recordings, printed as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from eventvision.core import EventVisionError, Source, SourceError, SourceInfo
from eventvision.io import RecordingSummary, find_recordings, may_be_many, open_source, scan

from .options import reader_options, sensor_size
from .output import damage_line, print_table, progress_bar, tell

Opened = Callable[[str], Source]
"""Opens a source as the user wants it."""

_COLUMNS = ("recording", "format", "sensor", "events", "seconds", "Mev/s", "damaged places")


def run(
    sources: Sequence[str],
    *,
    sensor: str | None = None,
    read: Sequence[str] = (),
    strict: bool = False,
    as_json: bool = False,
) -> int:
    """Print what recordings hold; return 2 if one is damaged or cannot be read, else 0.

    A single recording fills a table; several get a line each, and one that cannot be read is told
    and does not stop the rest.
    """
    opened = partial(
        open_source, sensor=sensor_size(sensor), read=reader_options(read), strict=strict
    )
    if len(sources) == 1 and not may_be_many(sources[0]):
        return _tell_one(sources[0], opened, as_json=as_json)
    summaries, failures = _survey(sources, opened)
    if as_json:
        files = [summary.as_dict() for summary in summaries]
        _print_json({"files": files, "failures": failures})
    elif summaries:
        print_table(f"{len(summaries)} recordings", [_line(s) for s in summaries], header=_COLUMNS)
    for summary in summaries:
        _tell_damage(summary)
    return 2 if failures or any(summary.damage for summary in summaries) else 0


def _tell_one(name: str, opened: Opened, *, as_json: bool) -> int:
    with opened(name) as source:
        if source.is_live:
            _tell_live(source.info, as_json=as_json)
            return 0
        summary = _summary(name, source)
    if as_json:
        _print_json(summary.as_dict())
    else:
        print_table(name, _rows(summary))
    _tell_damage(summary)
    return 2 if summary.damage else 0


def _summary(name: str, source: Source) -> RecordingSummary:
    if source.is_live:
        raise SourceError(name, "is live and has no end", "record it, then ask again")
    with progress_bar(f"info {name}") as show:
        return scan(source, show)


def _tell_live(info: SourceInfo, *, as_json: bool) -> None:
    if as_json:
        size = {"width": info.sensor.width, "height": info.sensor.height}
        told = {"source": info.name, "format": info.format, "live": True, **size}
        _print_json({**told, "camera": info.camera, "notes": list(info.notes)})
        return
    rows = [
        ("format", info.format),
        ("sensor", str(info.sensor)),
        ("camera", info.camera or "does not say"),
        ("events", "come live, without end; record them to learn more"),
    ]
    print_table(info.name, rows + [("note", note) for note in info.notes])


def _survey(
    sources: Sequence[str], opened: Opened
) -> tuple[list[RecordingSummary], list[dict[str, str]]]:
    summaries, failures = [], []
    for name, found in _found(sources):
        try:
            if isinstance(found, EventVisionError):
                raise found
            with opened(name) as source:
                summaries.append(_summary(name, source))
        except EventVisionError as error:
            tell(str(error))
            failures.append({"source": name, "error": str(error)})
    return summaries, failures


def _found(sources: Sequence[str]) -> Iterator[tuple[str, EventVisionError | None]]:
    """Yield the recordings that names stand for; where there are none, the name and why."""
    for source in sources:
        try:
            yield from [(found.name, None) for found in find_recordings(source)]
        except EventVisionError as error:
            yield source, error


def _print_json(values: object) -> None:
    json.dump(values, sys.stdout, indent=2)
    print()  # noqa: T201


def _tell_damage(summary: RecordingSummary) -> None:
    if summary.damage:
        tell(damage_line(summary.info.name, summary.damage))


def _line(summary: RecordingSummary) -> tuple[str, ...]:
    return (
        summary.info.name,
        summary.info.format,
        str(summary.info.sensor),
        f"{summary.events:,}",
        f"{summary.duration_s:.3f}",
        f"{summary.rate_mean_evps / 1e6:.3f}",
        f"{summary.damage.places:,}" if summary.damage else "none",
    )


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
