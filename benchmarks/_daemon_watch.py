"""Runs a daemon beside a camera and a broker, and asks it how it is once a second."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = """\
source: {source}
filters: [background:2ms]
slicer: time:33ms
tasks: [{tasks}]
recorder: {{folder: rec, format: raw, when: alarm, keep: {{gigabytes: 1, free_gigabytes: 0.1}}}}
outputs: {{folder: res, keep: {{free_gigabytes: 0.1}}}}
http: {{port: {port}}}
logging: {{format: json}}
{broker}
"""
ALL_TASKS = (
    "reconstruction, detection:model, segmentation, depth, tracking, 'alarm:region=60x60+30+30'"
)


@dataclass(slots=True)
class Watch:
    """What was seen of a daemon.

    Attributes:
        started_s: From the start of the process to its first slice.
        seen: What it said each second: `at_s` since the first slice, `cpu_s` used by then, and all
            of `/api/status`.
        log: What it logged.
        rates: When each rate of the camera began, in seconds since the first slice.
        exit_s: How long it took to end after SIGTERM.
    """

    started_s: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    rates: list[tuple[float, str]] = field(default_factory=list)
    exit_s: float = 0.0


def watch(
    folder: Path, stretches: Sequence[str], *, tasks: str = ALL_TASKS, broker: bool = True
) -> Watch:
    """Let a daemon perceive what the camera shows; return what was seen of it.

    Args:
        folder: Where it works.
        stretches: What the camera shows, as `_daemon_camera` reads it.
        tasks: What it looks for.
        broker: Whether to start a broker, where there is mosquitto.
    """
    found = Watch()
    with ExitStack() as running:
        camera = _started(running, "-m", "benchmarks._daemon_camera", *stretches)
        address = str(camera.stdout.readline()).strip() if camera.stdout else ""
        port = _free_port()
        path = folder / "daemon.yaml"
        path.write_text(
            SETTINGS.format(
                source=address,
                tasks=tasks,
                port=port,
                broker=_broker(running, folder) if broker else "",
            )
        )
        began_s = time.monotonic()
        log = folder / "log"
        daemon = _started(
            running,
            "-m",
            "eventvision_apps.cli.main",
            "daemon",
            "-c",
            str(path),
            log=log,
            at=folder,
        )
        seconds = sum(float(text.partition(":")[2]) for text in stretches)
        first_at: float | None = None
        while daemon.poll() is None:
            status = _status(port)
            now_s = time.monotonic()
            if first_at is None and status is not None and status["slices"]:
                first_at, found.started_s = now_s, now_s - began_s
                first_wall = time.time()
            if first_at is not None:
                if now_s - first_at > seconds:
                    break
                if status is not None:
                    used = _cpu_s(daemon.pid)
                    found.seen.append({"at_s": now_s - first_at, "cpu_s": used, **status})
            time.sleep(1.0 if first_at is not None else 0.1)
            if first_at is None and now_s - began_s > 300:
                raise TimeoutError(log.read_text())
        stopping_s = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        found.exit_s = time.monotonic() - stopping_s
        camera.wait(60)
        found.rates = [
            (float(line.split()[0]) - first_wall, line.split()[1]) for line in (camera.stdout or ())
        ]
        found.log = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
    return found


def _started(
    running: ExitStack, *arguments: str, log: Path | None = None, at: Path | None = None
) -> subprocess.Popen[str]:
    out = subprocess.PIPE if log is None else running.enter_context(log.open("w"))
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=out,
        stderr=None if log is None else subprocess.STDOUT,
        text=True,
        cwd=at or root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    running.callback(_ended, process)
    return process


def _ended(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _broker(running: ExitStack, folder: Path) -> str:
    """Start mosquitto, if it is here; return the daemon's section for it."""
    command = shutil.which("mosquitto")
    if command is None:
        return ""
    port = _free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([command, "-c", settings], stderr=subprocess.DEVNULL)
    running.callback(process.wait)
    running.callback(process.kill)
    return f"mqtt: {{port: {port}, name: bench}}"


def _status(port: int) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        address = f"http://127.0.0.1:{port}/api/status"
        with urllib.request.urlopen(address, timeout=5) as answer:
            status: dict[str, Any] = json.load(answer)
            return status
    return None


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
