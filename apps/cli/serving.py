"""What `eventvision serve` does: packets of a source, at their pace, to all clients of a server."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eventvision.core import ConfigError, Packet, SensorSize, Source
from eventvision.io import EventServer, Tls, follow_settings, open_source
from eventvision.pipeline import Pacer

from .output import damage_line, print_table, progress_bar, tell
from .signals import stopping

MOST_AHEAD_PACKETS = 32
"""As fast as possible, no client falls behind by more; half of what its queue holds."""

STEP_US = 10_000
"""Recording time in a packet at speed 1, so that what clients may miss for a moment still waits."""

_POLL_S = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What to serve, and to whom.

    Attributes:
        source: File, camera or peer.
        host: Where to listen.
        port: Where to listen; 0 for any.
        speed: Recording seconds per second; None for as fast as clients read.
        waits: Whether a recording begins when the first client is there.
        send: Kinds of data.
        token: What clients must send.
        cert: Certificates of the server, for TLS.
        key: Its private key.
        authority: That of the clients' certificates.
        sensor: Size of the pixel array, where the source is wrong.
        read: What the reader should not find out by itself.
        settings: File with the settings of a camera.
    """

    source: str
    host: str
    port: int
    speed: float | None
    waits: bool
    send: tuple[str, ...]
    token: str | None
    cert: Path | None
    key: Path | None
    authority: Path | None
    sensor: SensorSize | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    settings: Path | None = None

    @property
    def tls(self) -> Tls | None:
        """Files for an encrypted server.

        Raises:
            ConfigError: If some of them are missing.
        """
        if self.cert is None and self.key is None and self.authority is None:
            return None
        if self.cert is None or self.key is None:
            given = "--ca" if self.authority else "--key" if self.key else "--cert"
            raise ConfigError(given, "", "--cert FILE and --key FILE together, for TLS")
        return Tls(certificate=self.cert, key=self.key, authority=self.authority)


def pace(text: str) -> float | None:
    """Read `--speed`; None for as fast as clients read.

    Raises:
        ConfigError: If it is neither a positive number nor `max`.
    """
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise ConfigError("--speed", text, "max, or a positive number such as 1")
    return speed


def access(token: str | None, file: Path | None) -> str | None:
    """Return the token of the command line, or of the file that is named there.

    Raises:
        ConfigError: If both are given, or the file cannot be read.
    """
    if file is None:
        return token
    if token is not None:
        raise ConfigError("--token", "...", "either --token or --token-file")
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("--token-file", file, f"a text file with a token ({error})") from error


def run(wanted: Options, *, as_json: bool) -> int:
    """Serve until the source ends or Ctrl-C; return 2 if anything was damaged."""
    opened = open_source(
        wanted.source, sensor=wanted.sensor, read=wanted.read, settings=wanted.settings
    )
    with opened as source, follow_settings(source, tell), stopping() as stop:
        server = EventServer(
            wanted.host,
            wanted.port,
            sensor=source.info.sensor,
            camera=source.info.camera,
            token=wanted.token,
            tls=wanted.tls,
            send=wanted.send,
        )
        with server:
            tell(f"serving {wanted.source} at {server.address}; Ctrl-C ends it")
            began_s = time.monotonic()
            events = _serve(source, server, wanted, stop)
        _report(source, server, events, time.monotonic() - began_s, as_json=as_json)
        if source.damage:
            tell(damage_line(wanted.source, source.damage))
        return 2 if source.damage else 0


def _serve(source: Source, server: EventServer, wanted: Options, stop: threading.Event) -> int:
    """Send everything; return how many events there were."""
    events = 0
    with progress_bar(f"serve {server.address}") as show:
        if wanted.waits and not source.is_live:
            _wait(lambda: bool(server.clients), stop)
        for packet in _played(source, server, wanted.speed, stop):
            if stop.is_set():
                break
            server.write(packet)
            events += len(packet)
            show(source.progress, events)
    return events


def _played(
    source: Source, server: EventServer, speed: float | None, stop: threading.Event
) -> Iterator[Packet]:
    """Yield the packets of a source when their time has come."""
    if source.is_live:
        yield from source
    elif speed is not None:
        yield from Pacer(speed, stop, step_us=STEP_US)(source)
    else:
        for packet in source:
            _wait(lambda: _keep_up(server), stop)
            yield packet


def _keep_up(server: EventServer) -> bool:
    return all(client.packets_waiting <= MOST_AHEAD_PACKETS for client in server.clients)


def _wait(is_so: Callable[[], bool], stop: threading.Event) -> None:
    while not is_so() and not stop.wait(_POLL_S):
        pass


def _report(
    source: Source, server: EventServer, events: int, wall_s: float, *, as_json: bool
) -> None:
    lost = getattr(source, "dropped", {})
    if as_json:
        values = {
            "address": server.address,
            "events": events,
            "wall_s": round(wall_s, 4),
            "clients": server.served,
            "refused": server.refused,
            "events_dropped": server.events_dropped,
            "left_out": server.left_out,
            "dropped": lost,
            "damage": source.damage.kinds,
        }
        json.dump(values, sys.stdout, indent=2)
        print()  # noqa: T201
        return
    rows = [
        ("events", f"{events:,}"),
        ("wall time", f"{wall_s:.1f} s"),
        ("clients", f"{server.served:,}"),
        ("connections refused", f"{server.refused:,}"),
        ("events that slow clients missed", f"{server.events_dropped:,}"),
        *((f"not sent: {kind}", f"{n:,}") for kind, n in server.left_out.items() if n),
        *((f"not received: {why}", f"{n:,}") for why, n in lost.items() if n),
    ]
    print_table(server.address, rows)
