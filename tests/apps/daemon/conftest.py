"""Servers over a daemon that does nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from http_site import Site

Opener = Callable[..., Site]


def opener() -> Iterator[Opener]:
    """Yield what opens a server with some settings; all are closed at the end."""
    pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")
    pytest.importorskip("uvicorn", reason="the daemon's HTTP side is not installed")
    from eventvision_apps.daemon.http import HttpServer, HttpSettings
    from fake_daemon import FakeDaemon

    opened = []

    def open_(**values: Any) -> Site:
        daemon = FakeDaemon()
        server = HttpServer(daemon, HttpSettings(port=0, **values))
        opened.append(server)
        server.start()
        return Site(server, daemon)

    yield open_
    for server in opened:
        server.close()


@pytest.fixture
def open_site() -> Iterator[Opener]:
    """Open servers with some settings."""
    yield from opener()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A server with the usual settings, for tests that change nothing."""
    for open_ in opener():
        yield open_()
