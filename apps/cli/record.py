"""`eventvision record`: any source into a file that survives whatever may happen."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eventvision.core import ConfigError, Packet, SensorSize, Source, parse_duration_us
from eventvision.io import follow_settings, open_source, split
from eventvision.sinks import Recorder, RecorderReport

from .options import reader_options, sensor_size
from .output import damage_line, print_table, progress_bar, tell
from .record_trigger import Happens, on_user, parse_trigger
from .signals import stopping


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What to record.

    Attributes:
        source: File, camera or peer.
        out: File to write.
        sensor: Size of the pixel array, where the source is wrong.
        read: What the reader should not find out by itself.
        settings: File with the settings of a camera.
        seconds: How much to record; None for all.
        pre_roll_us: Above 0, wait for a trigger and begin so much earlier.
        happens: What to wait for then, beside the user.
        overwrite: Whether an existing file may be replaced.
    """

    source: str
    out: Path
    sensor: SensorSize | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    settings: Path | None = None
    seconds: float | None = None
    pre_roll_us: int = 0
    happens: Happens
    overwrite: bool = False


def options(
    *,
    source: str,
    out: Path,
    sensor: str | None,
    read: Sequence[str] = (),
    settings: Path | None = None,
    seconds: float | None,
    pre_roll: str | None,
    on: str,
    force: bool,
) -> Options:
    """Check what the user asked for.

    Raises:
        ConfigError: Names the option that is wrong.
    """
    if seconds is not None and not 0 < seconds < 1e9:
        raise ConfigError("--seconds", seconds, "a positive number")
    happens = parse_trigger(on)
    if pre_roll is None and on != "user":
        raise ConfigError("--on", on, "it together with --pre-roll, such as --pre-roll 5s")
    return Options(
        source=source,
        out=out,
        sensor=sensor_size(sensor),
        read=reader_options(read),
        settings=settings,
        seconds=seconds,
        pre_roll_us=0 if pre_roll is None else _duration_us("--pre-roll", pre_roll),
        happens=happens,
        overwrite=force,
    )


def run(wanted: Options, *, as_json: bool) -> int:
    """Record until the source ends, the time is up, or Ctrl-C; return 2 if anything was damaged."""
    opened = open_source(
        wanted.source, sensor=wanted.sensor, read=wanted.read, settings=wanted.settings
    )
    with opened as source, follow_settings(source, tell):
        recorder = Recorder(
            wanted.out,
            source.info.sensor,
            camera=source.info.camera,
            pre_roll_us=wanted.pre_roll_us,
            policy="drop" if source.is_live else "block",
            overwrite=wanted.overwrite,
        )
        began_s = time.monotonic()
        with recorder, stopping() as stop, on_user(recorder.trigger):
            _record(source, recorder, wanted, stop)
        _report(wanted, source, recorder.report, time.monotonic() - began_s, as_json=as_json)
        if source.damage:
            tell(damage_line(wanted.source, source.damage))
        return 2 if source.damage else 0


def _record(source: Source, recorder: Recorder, wanted: Options, stop: threading.Event) -> None:
    first_us: int | None = None
    events = 0
    with progress_bar("record" if recorder.is_recording else "waiting for a trigger") as show:
        for packet in source:
            if stop.is_set():
                return
            if not recorder.is_recording and wanted.happens(packet):
                recorder.trigger()
            if first_us is None and recorder.is_recording and len(packet):
                first_us = int(packet.events.t[0])
            part, is_last = _within(packet, first_us, wanted.seconds)
            recorder.write(part)
            events += len(part)
            if is_last:
                return
            show(source.progress, events)


def _within(packet: Packet, first_us: int | None, seconds: float | None) -> tuple[Packet, bool]:
    """Return what of a packet belongs to the recording, and whether that ends with it."""
    if first_us is None or seconds is None:
        return packet, False
    end_us = first_us + round(seconds * 1e6)
    known_us = int(packet.events.t[-1]) if len(packet) else packet.until_us or 0
    return split(packet, end_us)[0], known_us >= end_us


def _report(
    wanted: Options, source: Source, report: RecorderReport, wall_s: float, *, as_json: bool
) -> None:
    lost = getattr(source, "dropped", {})
    if as_json:
        values = {
            "file": str(wanted.out),
            "events": report.events,
            "bytes": report.bytes,
            "gaps": report.gaps,
            "wall_s": round(wall_s, 4),
            "dropped": {**lost, **report.dropped},
            "damage": source.damage.kinds,
        }
        json.dump(values, sys.stdout, indent=2)
        print()  # noqa: T201
        return
    rows = [
        ("events", f"{report.events:,}"),
        ("size", f"{report.bytes / 1e6:,.1f} MB"),
        ("wall time", f"{wall_s:.1f} s"),
        ("gaps marked", f"{report.gaps:,}"),
        *((f"not recorded: {why}", f"{n:,}") for why, n in {**lost, **report.dropped}.items() if n),
    ]
    print_table(str(wanted.out), rows)


def _duration_us(option: str, text: str) -> int:
    try:
        return parse_duration_us(text)
    except ValueError as error:
        raise ConfigError(option, text, "a time such as 5s") from error
