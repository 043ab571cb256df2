"""`eventvision convert`, `cut` and `repair`: recordings in, recordings out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .arguments import (
    EndOption,
    ForceOption,
    JsonOption,
    OutArgument,
    ReadOption,
    SensorOption,
    SourcesArgument,
    StartOption,
    StrictOption,
    ToOption,
)

if TYPE_CHECKING:
    from .jobs import Wanted


def convert(
    sources: SourcesArgument,
    out: OutArgument,
    read: ReadOption,
    to: ToOption = None,
    sensor: SensorOption = None,
    force: ForceOption = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write recordings in another format, with frames, IMU and triggers where it holds them."""
    wanted = _wanted(sources, out, to=to, sensor=sensor, read=read, force=force, as_json=as_json)
    from eventvision.io import convert as work

    sys.exit(wanted.run("convert", work, keeps_format=False, strict=strict))


def cut(
    sources: SourcesArgument,
    out: OutArgument,
    read: ReadOption,
    start: StartOption = 0.0,
    end: EndOption = None,
    to: ToOption = None,
    sensor: SensorOption = None,
    force: ForceOption = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a stretch of recordings; times stay as they are."""
    wanted = _wanted(sources, out, to=to, sensor=sensor, read=read, force=force, as_json=as_json)
    from eventvision.io import cut as work

    sys.exit(wanted.run("cut", work, start_s=start, end_s=end, strict=strict))


def repair(
    sources: SourcesArgument,
    out: OutArgument,
    read: ReadOption,
    to: ToOption = None,
    sensor: SensorOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write all of damaged recordings that can be read; what comes out is sound."""
    wanted = _wanted(sources, out, to=to, sensor=sensor, read=read, force=force, as_json=as_json)
    from eventvision.io import repair as work

    sys.exit(wanted.run("repair", work))


def _wanted(
    sources: list[str],
    out: str,
    *,
    to: str | None,
    sensor: str | None,
    read: list[str],
    force: bool,
    as_json: bool,
) -> Wanted:
    from .jobs import Wanted
    from .options import reader_options, sensor_size

    return Wanted(
        sources=sources,
        out=out,
        to=to,
        sensor=sensor_size(sensor),
        read=reader_options(read),
        force=force,
        as_json=as_json,
    )
