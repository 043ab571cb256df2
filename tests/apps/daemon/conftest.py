"""Servers over a daemon that does nothing."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """A server under test, and a client that says nothing by itself."""

    server: Any
    daemon: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.server.address.rpartition(":")[2])

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("GET", path, None, headers)

    def send(
        self, method: str, path: str, value: Any, headers: dict[str, str] | None = None
    ) -> Answer:
        kind = {"Content-Type": "application/json"}
        return self.ask(method, path, json.dumps(value).encode(), {**kind, **(headers or {})})


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
