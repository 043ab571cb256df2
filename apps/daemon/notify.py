"""Talk to systemd: ready, alive, reloading, stopping, and a line on how things are.

The protocol is a datagram of `NAME=VALUE` lines to the socket that `NOTIFY_SOCKET` names; see
`sd_notify(3)`. Where there is no systemd, nothing is sent.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Sends notes to the service manager, if there is one.

    Args:
        environment: Variables by name; those of this process if None.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        known = os.environ if environment is None else environment
        path = known.get("NOTIFY_SOCKET", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self.watchdog_s = _watchdog_s(known)
        self._due_s = 0.0
        self._status = ""

    def ready(self) -> None:
        """Say that start-up, or a reload, has been completed."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Say that all is well; sent twice as often as the watchdog asks for."""
        now_s = time.monotonic()
        if self.watchdog_s is not None and now_s >= self._due_s:
            self._due_s = now_s + self.watchdog_s / 2
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say how things are, in one line, where that has changed."""
        line = " ".join(text.split())
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with (
            suppress(OSError),  # a manager that is gone cannot be told
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
        ):
            out.sendto("\n".join(lines).encode(), self._address)


def _watchdog_s(known: Mapping[str, str]) -> float | None:
    """Return how often the service manager wants to hear; None if it does not care."""
    wanted, whom = known.get("WATCHDOG_USEC", ""), known.get("WATCHDOG_PID", "")
    if not wanted.isdecimal() or not int(wanted) or (whom and whom != str(os.getpid())):
        return None
    return int(wanted) / 1e6
