"""`eventvision serve`: the events of any source, for whoever connects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .arguments import (
    JsonOption,
    ReadOption,
    SensorOption,
    SettingsOption,
    SourceArgument,
)


def serve(
    source: SourceArgument,
    read: ReadOption,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="Where to listen. What other machines can reach needs a token, or TLS with --ca.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes one that is free.")
    ] = 7777,
    speed: Annotated[
        str,
        typer.Option(
            metavar="max|FACTOR",
            help="For recordings: seconds of it per second; max waits for the slowest client.",
        ),
    ] = "1",
    now: Annotated[
        bool, typer.Option("--now", help="Begin a recording before the first client is there.")
    ] = False,
    send: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="events, frames, imu, triggers. dv-processing reads one kind a port.",
        ),
    ] = "events",
    token: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Clients must send it. Others here may see this line."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same, read from a file.")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate chain, PEM: serve with TLS.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Private key of --cert.")] = None,
    ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Authority that must have signed clients' certificates."),
    ] = None,
    sensor: SensorOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stream a camera, a recording or a simulation over the network; Ctrl-C ends it."""
    from .options import reader_options, sensor_size
    from .serving import Options, access, pace, run

    wanted = Options(
        source=source,
        host=host,
        port=port,
        speed=pace(speed),
        waits=not now,
        send=tuple(send.split(",")),
        token=access(token, token_file),
        cert=cert,
        key=key,
        authority=ca,
        sensor=sensor_size(sensor),
        read=reader_options(read),
        settings=settings,
    )
    sys.exit(run(wanted, as_json=as_json))
