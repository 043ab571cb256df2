"""MQTT against a real broker: availability, commands, outages, restarts, hostile messages."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from eventvision.core import ConfigError
from eventvision.sinks import MqttCommand, MqttSettings, MqttSink

from .conftest import detections

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from mosquitto import Broker, Listener, needs_mosquitto, until

pytestmark = needs_mosquitto


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
    until(lambda: listener.of("availability")[-1:] == [b"online"])
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
        until(lambda: listener.of("tasks/alarm/state")[-1:] == [b"OFF"])


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


def test_other_tasks_are_announced_and_those_that_are_gone_withdrawn(settings, broker, listener):
    with closing(MqttSink(settings, tasks=("detection", "alarm"))) as sink:
        until(lambda: listener.of("tasks/alarm/state") == [b"ON"])
        sink.tell_task("detection", on=False)
        until(lambda: listener.of("tasks/detection/state") == [b"ON", b"OFF"])
        sink.tell_tasks(("detection", "tracking"))
        until(lambda: listener.of("tasks/tracking/state") == [b"ON"])
        until(lambda: listener.of("tasks/alarm/state") == [b"ON", b""])
        assert listener.of("tasks/detection/state")[-1] == b"ON"
    with closing(Listener(broker.port)) as late:
        late.say("heard", b"what was kept comes before this")
        until(lambda: late.of("heard"))
        switches = [topic for topic, _ in late.heard if "/switch/" in topic]
        assert sorted(topic.split("/")[-2] for topic in switches) == [
            "recording",
            "task_detection",
            "task_tracking",
        ]


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path):
    with pytest.raises(ConfigError, match="PEM files"):
        MqttSink(MqttSettings(tls=True, ca=tmp_path / "none.pem", spool=None))
