"""MQTT against a real broker: availability, commands, outages, restarts, hostile messages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eventvision.core import ConfigError
from eventvision.sinks import MqttCommand, MqttSettings, MqttSink

from .conftest import detections

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

BASE = "eventvision/camera"
PATIENCE_S = 20.0


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


@pytest.fixture
def broker(tmp_path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def listener(broker) -> Iterator[Listener]:
    with closing(Listener(broker.port)) as listener:
        yield listener


@pytest.fixture
def settings(broker, tmp_path) -> MqttSettings:
    return MqttSettings(port=broker.port, most_per_s=1000, spool=tmp_path / "spool.db")


def shown(make_result, numbers):
    return [make_result(n, {"detection": detections((1, 1, 5, 5))}) for n in numbers]


def test_results_arrive_and_the_state_is_told_before_and_after(
    settings, listener, broker, make_result
):
    with closing(MqttSink(settings, tasks=("detection",), status=lambda: {"events": 7})) as sink:
        until(lambda: sink.report["connected"])
        for result in shown(make_result, range(5)):
            sink.write(result)
        until(lambda: len(listener.of("detections")) == 5)
    until(lambda: listener.of("availability") == [b"online", b"offline"])
    slices = [json.loads(payload)["slice"] for payload in listener.of("detections")]
    assert slices == [0, 1, 2, 3, 4]
    assert listener.of("tasks/detection/state") == [b"ON"]
    with closing(Listener(broker.port)) as late:
        until(lambda: late.of("availability") == [b"offline"])


def test_numbers_about_the_run_are_published(broker, listener):
    settings = MqttSettings(port=broker.port, spool=None, stats_every_s=0.1)
    with closing(MqttSink(settings, status=lambda: {"events": 7})):
        until(lambda: listener.of("stats"))
    assert json.loads(listener.of("stats")[0])["events"] == 7


def test_a_process_that_dies_is_told_by_its_last_will(settings, listener):
    sink = MqttSink(settings)
    until(lambda: listener.of("availability") == [b"online"])
    sink._link._client.socket().shutdown(socket.SHUT_RDWR)
    until(lambda: b"offline" in listener.of("availability"))
    until(lambda: listener.of("availability")[-1] == b"online")
    sink.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_found_while_the_broker_was_away_arrives_once(
    settings, broker, listener, make_result, how
):
    notices: list[str] = []
    with closing(MqttSink(settings, on_notice=notices.append)) as sink:
        until(lambda: sink.report["connected"])
        for result in shown(make_result, range(3)):
            sink.write(result)
        until(lambda: sink.report["arrived"] == 3)
        broker.stop(how)
        until(lambda: not sink.report["connected"])
        for result in shown(make_result, range(3, 153)):
            sink.write(result)
        until(lambda: len(sink._spool) == 150)
        broker.start()
        until(lambda: sink.report["waiting"] == 0)
        until(lambda: len(listener.ids(first_slice=3)) == 150)
        assert sink.report["dropped"] == {
            "broker away": 0,
            "spool full": 0,
            "spool cannot be written": 0,
        }
    assert set(listener.ids(first_slice=3).values()) == {1}
    assert [line.split(":")[0] for line in notices] == ["mqtt", "mqtt"]
    assert "is back" in notices[1]


def test_what_is_left_when_a_run_ends_is_sent_by_the_next(settings, broker, make_result):
    broker.stop()
    with closing(MqttSink(settings)) as sink:
        for result in shown(make_result, range(30)):
            sink.write(result)
    broker.start()
    with closing(Listener(broker.port)) as listener, closing(MqttSink(settings)) as sink:
        for result in shown(make_result, range(30, 35)):
            sink.write(result)
        until(lambda: len(listener.of("detections")) == 35)
        found = [json.loads(payload)["slice"] for payload in listener.of("detections")]
        assert found == list(range(35))
        assert set(listener.ids().values()) == {1}


def test_commands_switch_and_everything_else_is_refused(settings, listener):
    obeyed: list[MqttCommand] = []
    with closing(MqttSink(settings, tasks=("alarm",), on_command=obeyed.append)) as sink:
        until(lambda: sink.report["connected"])
        hostile = [b"", b"\x00", b"{}", b"ONN", b"\xff" * 1000, b"ON" * 100_000]
        for payload in hostile:
            listener.say("tasks/alarm/set", payload)
        listener.say("tasks/nothing/set", b"ON")
        listener.say("tasks/alarm/set", b"OFF")
        listener.say("recording/set", b"ON")
        until(lambda: len(obeyed) == 2)
        assert obeyed == [
            MqttCommand("task", "alarm", on=False),
            MqttCommand("recording", "", on=True),
        ]
        assert sink.report["commands_refused"] == len(hostile) + 1
        sink.tell_task("alarm", on=False)
        until(lambda: listener.of("tasks/alarm/state")[-1] == b"OFF")


def test_a_command_that_fails_does_not_end_the_rest(settings, listener, make_result):
    notices: list[str] = []

    def fail(command: MqttCommand) -> None:
        raise RuntimeError(f"cannot switch {command.kind}")

    with closing(MqttSink(settings, on_command=fail, on_notice=notices.append)) as sink:
        until(lambda: sink.report["connected"])
        listener.say("recording/set", b"ON")
        until(lambda: notices)
        sink.write(*shown(make_result, [0]))
        until(lambda: listener.of("detections"))
    assert notices == ["mqtt: RuntimeError: cannot switch recording"]


def test_a_broker_that_refuses_is_told_once_without_the_password(tmp_path):
    broker = Broker(tmp_path, "allow_anonymous false")
    notices: list[str] = []
    settings = MqttSettings(port=broker.port, spool=None, user="me", password="very secret")
    with closing(MqttSink(settings, on_notice=notices.append)) as sink:
        until(lambda: notices)
        time.sleep(1.5)
        assert not sink.report["connected"]
    broker.stop()
    (line,) = notices
    assert "refuses us" in line
    assert "secret" not in line


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path):
    with pytest.raises(ConfigError, match="PEM files"):
        MqttSink(MqttSettings(tls=True, ca=tmp_path / "none.pem", spool=None))
