"""The daemon as a process: real signals, a real disk that is full, a real peer that is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import Events, Packet, SensorSize
from eventvision.io import open_source, open_writer

WAIT_S = 200
SENSOR = SensorSize(64, 48)
SETTINGS = """\
source: {source}
filters: none
slicer: time:20ms
tasks: [detection]
outputs: {{folder: results, keep: {{free_gigabytes: 0}}}}
watchdog: {{wait_s: 0.1, stage_s: 600}}
logging: {{format: json}}
"""


def wait_until(condition: Callable[[], bool], what: Callable[[], str] = lambda: "") -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_s, f"waited in vain; {what()}"
        time.sleep(0.05)


class Process:
    """A command of ours in a process, its output in a file."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._log = folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "eventvision_apps.cli.main", *arguments],
                cwd=folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def said(self, text: str) -> None:
        """Wait until it says something."""
        wait_until(
            lambda: text in self.output or self.process.poll() is not None, lambda: self.output
        )
        assert text in self.output

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(WAIT_S)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Process]]:
    """Starts commands; what still runs at the end is killed."""
    started: list[Process] = []

    def start_(*arguments: str, **environment: str) -> Process:
        started.append(Process(tmp_path, *arguments, **environment))
        return started[-1]

    yield start_
    for one in started:
        one.end(signal.SIGKILL)


@pytest.fixture
def recording(tmp_path) -> Path:
    """Twenty seconds of a few events."""
    rng = np.random.default_rng(0)
    t = np.sort(rng.integers(0, 20_000_000, 40_000))
    x, y = rng.integers(0, SENSOR.width, t.size), rng.integers(0, SENSOR.height, t.size)
    path = tmp_path / "street.aedat4"
    writer = open_writer(path, SENSOR)
    writer.write(Packet(Events.from_columns(t, x, y, t % 2, sensor=SENSOR)))
    writer.close()
    return path


def settings(folder: Path, source: str, extra: str = "") -> str:
    path = folder / "daemon.yaml"
    path.write_text(SETTINGS.format(source=source) + extra)
    return str(path)


def lines_of(folder: Path) -> list[dict]:
    files = sorted(folder.glob("*.jsonl*"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_systemd_hears_of_start_and_end_and_sigterm_leaves_whole_files(start, tmp_path, recording):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "n"))
        heard.setblocking(False)
        said: list[str] = []

        def hear() -> list[str]:
            """Empty the queue, which is short: what does not fit is lost."""
            with contextlib.suppress(BlockingIOError):
                while True:
                    said.append(heard.recv(4096).decode())
            return said

        path = settings(tmp_path, str(recording), "speed: 1\n")
        daemon = start(
            "daemon", "-c", path, NOTIFY_SOCKET=str(tmp_path / "n"), WATCHDOG_USEC="400000"
        )
        wait_until(
            lambda: any(one.startswith("STATUS=running; ") for one in hear()),
            lambda: daemon.output,
        )
        wait_until(lambda: bool(hear() and lines_of(tmp_path / "results")), lambda: daemon.output)
        daemon.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "STOPPING=1" in hear(), lambda: daemon.output)
    assert daemon.process.wait(WAIT_S) == 0
    assert said[0] == "READY=1"
    assert "WATCHDOG=1" in said
    assert not list((tmp_path / "results").glob("*.part"))
    indices = [line["slice"] for line in lines_of(tmp_path / "results")]
    assert indices == list(range(len(indices)))
    logged = [json.loads(line) for line in daemon.output.splitlines()]
    assert {"time", "level", "logger", "message"} <= set(logged[0])
    assert logged[-1]["message"] == "ended"


def test_a_recording_is_perceived_to_its_end_and_that_is_all(start, tmp_path, recording):
    daemon = start("daemon", "-c", settings(tmp_path, str(recording)))
    assert daemon.process.wait(WAIT_S) == 0
    lines = lines_of(tmp_path / "results")
    assert sum(line["events"] for line in lines) == 40_000


def test_settings_that_cannot_be_used_end_it_with_a_line_each(start, tmp_path):
    daemon = start("daemon", "-c", settings(tmp_path, "a.aedat4", "spede: 1\nslicer: 3\n"))
    assert daemon.process.wait(WAIT_S) == 2
    assert "spede: is no setting" in daemon.output
    assert "slicer: is there twice" in daemon.output
    assert "Traceback" not in daemon.output


def test_a_peer_that_is_killed_is_found_again(start, tmp_path, recording):
    port = str(free_port())
    serve = ("serve", str(recording), "--port", port, "--speed", "1")
    first = start(*serve)
    first.said(port)
    daemon = start("daemon", "-c", settings(tmp_path, f"tcp://127.0.0.1:{port}"))
    wait_until(lambda: len(lines_of(tmp_path / "results")) > 3, lambda: daemon.output)
    first.end(signal.SIGKILL)
    daemon.said("waiting for it")
    seen = len(lines_of(tmp_path / "results"))
    second = start(*serve)
    wait_until(lambda: len(lines_of(tmp_path / "results")) > seen + 3, lambda: daemon.output)
    assert daemon.end() == 0
    assert daemon.output.count("waiting for it") == 1
    second.end(signal.SIGKILL)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_stops_no_perception_and_breaks_no_file(start, tmp_path, small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 600_000)
    extra = f"""\
recorder: {{folder: {small_disk}, when: always, keep: {{free_gigabytes: 0}}}}
http: {{port: 0}}
"""
    text = SETTINGS.replace("results,", f"{small_disk},")
    path = tmp_path / "daemon.yaml"
    path.write_text(text.format(source="sim:shapes?sensor=64x48") + extra)
    daemon = start("daemon", "-c", str(path))
    daemon.said("the disk is full")
    filler.unlink()
    daemon.said("is possible again")
    assert daemon.process.poll() is None
    assert daemon.end() == 0
    assert "Traceback" not in daemon.output
    readable = 0
    for file in small_disk.glob("*.aedat4"):
        if file.stat().st_size:
            with open_source(file) as source:
                readable += sum(len(packet) for packet in source)
    assert readable > 0
    lines_of(small_disk)
