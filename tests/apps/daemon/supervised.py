"""A supervisor in a thread, over sources that tests make."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventvision_apps.daemon.settings import load_daemon_config
from eventvision_apps.daemon.supervisor import Supervisor
from live_sources import LiveSource

WAIT_S = 200
SETTINGS = """\
source: camera:test
filters: none
slicer: time:20ms
tasks: [detection]
watchdog: {{wait_s: 0.01, stage_s: 3600, restarts: 3, within_s: 3600}}
outputs: {{folder: {folder}/results, keep: {{free_gigabytes: 0}}}}
"""


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_s, "waited in vain"
        time.sleep(0.01)


class Daemon:
    """A supervisor in a thread, over sources made here."""

    def __init__(self, folder, monkeypatch, sources, drain_s: float = WAIT_S) -> None:
        self.path = folder / "daemon.yaml"
        self.path.write_text(SETTINGS.format(folder=folder))
        self.opened: list[LiveSource] = []
        self._sources = iter(sources)
        monkeypatch.setattr("eventvision_apps.daemon.run.open_source", self._open)
        monkeypatch.setattr("eventvision_apps.daemon.supervisor.DRAIN_S", drain_s)
        self.codes: list[int] = []
        self._folder = folder

    def _open(self, *_: object, **__: object) -> LiveSource:
        source = next(self._sources)
        if isinstance(source, BaseException):
            raise source
        self.opened.append(source)
        return source

    def edit(self, old: str, new: str) -> None:
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new))

    @contextmanager
    def running(self) -> Iterator[Supervisor]:
        supervisor = Supervisor(self.path, load_daemon_config(self.path))
        thread = threading.Thread(target=lambda: self.codes.append(supervisor.run()), daemon=True)
        thread.start()
        try:
            wait_until(lambda: supervisor._services is not None or not thread.is_alive())
            yield supervisor
        finally:
            supervisor.stop()
            thread.join(WAIT_S)
            assert not thread.is_alive()

    def results(self) -> list[str]:
        files = (self._folder / "results").glob("*.jsonl*")
        files = sorted(files, key=lambda file: file.stat().st_mtime_ns)
        return [line for file in files for line in file.read_text().splitlines()]


def status_of(supervisor: Supervisor, *names: str) -> object:
    found: object = supervisor.state.status()
    for name in names:
        found = found[name]  # type: ignore[index]
    return found
