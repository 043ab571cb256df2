"""A real MQTT broker that can be stopped and killed, and a client that notes everything."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

BASE = "eventvision/camera"
PATIENCE_S = 120.0


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; it is what is tested, not how soon."""
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "did not happen"
        time.sleep(0.02)


class Broker:
    """A mosquitto that can be stopped, killed and started again."""

    def __init__(self, folder: Path, extra: str = "allow_anonymous true") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        keep = f"persistence true\npersistence_location {folder}/\nautosave_on_changes true\n"
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n{keep}autosave_interval 1\n{user}{extra}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._is_there)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _is_there(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """Another client, which notes everything; the broker keeps for it what comes meanwhile."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, f"listener-{id(self)}", clean_session=False
        )
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: setattr(self, "is_ready", True)
        self._client.on_message = lambda _, __, m: self.heard.append((m.topic, m.payload))
        self.is_ready = False
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until(lambda: self.is_ready)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(f"{BASE}/{topic}", payload, qos=1, retain=retain)

    def of(self, topic: str) -> list[bytes]:
        return [payload for heard, payload in self.heard if heard == f"{BASE}/{topic}"]

    def ids(self, first_slice: int = 0) -> Counter[str]:
        """Return how often each message came, of slices from `first_slice` on."""
        found = map(json.loads, self.of("detections"))
        return Counter(message["id"] for message in found if message["slice"] >= first_slice)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
