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
slicer: {slicer}
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
        missed: Events that the camera could not get rid of, since nobody took them.
        alarms: Alarms that the broker passed on: how long after the last event of their slice had
            left the camera, in ms, and the message.
        written: Slices in which alarms begin, in the results files.
        exit_s: How long it took to end after SIGTERM.
    """

    started_s: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)
    missed: int = 0
    alarms: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    exit_s: float = 0.0


def watch(
    folder: Path,
    stretches: Sequence[str],
    *,
    tasks: str = ALL_TASKS,
    slicer: str = "time:33ms",
    broker: bool = True,
) -> Watch:
    """Let a daemon perceive what the camera shows; return what was seen of it.

    Args:
        folder: Where it works.
        stretches: What the camera shows, as `_daemon_camera` reads it.
        tasks: What it looks for.
        slicer: When its slices end.
        broker: Whether to start a broker, where there is mosquitto.
    """
    found = Watch()
    with ExitStack() as running:
        camera = _started(running, "-m", "benchmarks._daemon_camera", *stretches)
        address = str(camera.stdout.readline()).strip() if camera.stdout else ""
        port = _free_port()
        path = folder / "daemon.yaml"
        broker_port = _broker(running, folder) if broker else None
        heard = [] if broker_port is None else _listening(running, broker_port)
        path.write_text(
            SETTINGS.format(
                source=address,
                tasks=tasks,
                slicer=slicer,
                port=port,
                broker="" if broker_port is None else f"mqtt: {{port: {broker_port}, name: bench}}",
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
        with suppress(KeyboardInterrupt):  # ends early, and tells what was seen
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
        camera.terminate()
        camera.wait(60)
        *begun, (_, _, missed) = [line.split() for line in (camera.stdout or ())]
        found.rates = [(float(at) - first_wall, float(rate)) for at, rate in begun]
        found.missed = int(missed)
        found.alarms = [_delayed(*one, began_wall=float(begun[0][0])) for one in heard]
        found.written = _alarms_written(folder / "res")
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


def _broker(running: ExitStack, folder: Path) -> int | None:
    """Start mosquitto, if it is here; return its port."""
    command = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if command is None:
        return None
    port = _free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([command, "-c", settings], stderr=subprocess.DEVNULL)
    running.callback(process.wait)
    running.callback(process.kill)
    return port


def _listening(running: ExitStack, port: int) -> list[tuple[float, bytes]]:
    """Return a list that fills with alarms and the times at which the broker passes them on."""
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    heard: list[tuple[float, bytes]] = []
    client = Client(CallbackAPIVersion.VERSION2)

    def on_connect(*_: object) -> None:
        client.subscribe("eventvision/bench/alarms", 1)

    def on_message(_: object, __: object, told: MQTTMessage) -> None:
        heard.append((time.time(), bytes(told.payload)))

    client.on_connect, client.on_message = on_connect, on_message
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    running.callback(client.loop_stop)
    running.callback(client.disconnect)
    return heard


def _delayed(at: float, text: bytes, *, began_wall: float) -> tuple[float, dict[str, Any]]:
    told: dict[str, Any] = json.loads(text)
    return 1e3 * (at - began_wall) - told["t1_us"] / 1e3, told


def _alarms_written(folder: Path) -> list[int]:
    """Return the slices in which alarms begin, of all results files."""
    files = sorted(folder.glob("*.jsonl*"))
    lines = (json.loads(line) for file in files for line in file.read_text().splitlines())
    return [line["slice"] for line in lines if line.get("alarm") and line["alarm"]["began"]]


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
