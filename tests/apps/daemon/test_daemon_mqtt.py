"""The daemon and a real broker: commands, switches by others, other tasks, an outage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from live_sources import LiveSource
from mosquitto import Broker, Listener, needs_mosquitto
from supervised import Daemon, status_of, wait_until

pytestmark = needs_mosquitto

SPOTS = "'detection:spots=10'"
MQTT = """\
mqtt: {{port: {port}, spool: {folder}/spool.db, most_per_s: 1000, stats_every_s: 0.2}}
"""


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
def daemon(tmp_path, monkeypatch, broker) -> Daemon:
    one = Daemon(tmp_path, monkeypatch, [LiveSource(events=300)])
    one.edit("tasks: [detection]", f"tasks: [{SPOTS}]")
    with one.path.open("a") as settings:
        settings.write(MQTT.format(port=broker.port, folder=tmp_path))
    return one


def test_tasks_are_switched_by_messages_and_all_switches_are_told(daemon, listener):
    with daemon.running() as supervisor:
        wait_until(lambda: listener.of("tasks/detection/state") == [b"ON"])
        wait_until(lambda: len(listener.of("detections")) > 0)
        listener.say("tasks/detection/set", b"OFF")
        wait_until(lambda: listener.of("tasks/detection/state")[-1:] == [b"OFF"])
        wait_until(lambda: not supervisor.state.results().results)
        assert status_of(supervisor, "mqtt", "commands") == 1
        supervisor.state.set_task("detection", on=True)
        wait_until(lambda: listener.of("tasks/detection/state")[-1:] == [b"ON"])
        wait_until(lambda: "detection" in supervisor.state.results().results)
        listener.say("tasks/nothing/set", b"ON")
        wait_until(lambda: status_of(supervisor, "mqtt", "commands_refused") == 1)
        wait_until(lambda: any(json.loads(told)["slices"] for told in listener.of("stats")))
    wait_until(lambda: listener.of("availability") == [b"online", b"offline"])
    assert len(daemon.opened) == 1


def test_an_alarm_is_told_to_the_broker_written_and_recorded(daemon, listener, tmp_path):
    daemon.edit(SPOTS, f"{SPOTS}, 'alarm:region=64x48+0+0:score=0.01'")
    with daemon.path.open("a") as settings:
        settings.write(f"recorder: {{folder: {tmp_path}/rec, keep: {{free_gigabytes: 0}}}}\n")
    with daemon.running() as supervisor:
        wait_until(lambda: listener.of("alarm/state")[-1:] == [b"ON"])
        wait_until(lambda: len(listener.of("alarms")) > 0)
        wait_until(lambda: status_of(supervisor, "recorder") is not None)
    (told,) = [json.loads(text) for text in listener.of("alarms")[:1]]
    assert told["alarm"]["objects"]
    written = {line["slice"]: line for line in map(json.loads, daemon.results())}
    assert written[told["slice"]]["alarm"]["began"]
    assert list((tmp_path / "rec").glob("*.aedat4"))


def test_other_tasks_in_the_settings_are_told_without_a_stop(daemon, listener):
    with daemon.running() as supervisor:
        wait_until(lambda: listener.of("tasks/detection/state") == [b"ON"])
        daemon.edit(f"tasks: [{SPOTS}]", f"tasks: [{SPOTS}, tracking]")
        supervisor.reload()
        wait_until(lambda: listener.of("tasks/tracking/state") == [b"ON"])
        listener.say("tasks/tracking/set", b"OFF")
        wait_until(lambda: listener.of("tasks/tracking/state")[-1:] == [b"OFF"])
        daemon.edit(", tracking", "")
        supervisor.reload()
        wait_until(lambda: listener.of("tasks/tracking/state")[-1:] == [b""])
    assert len(daemon.opened) == 1
    assert status_of(supervisor, "daemon", "restarts") == {}


def test_perception_goes_on_without_the_broker_and_nothing_found_is_lost(daemon, broker, listener):
    with daemon.running() as supervisor:
        wait_until(lambda: len(listener.of("detections")) > 3)
        broker.stop()
        wait_until(lambda: not status_of(supervisor, "mqtt", "connected"))
        seen = status_of(supervisor, "slices")
        wait_until(lambda: status_of(supervisor, "mqtt", "waiting") > 5)
        wait_until(lambda: status_of(supervisor, "slices") > seen)
        broker.start()
        wait_until(lambda: status_of(supervisor, "mqtt", "connections") > 1)
        assert sum(status_of(supervisor, "mqtt", "dropped").values()) == 0
        supervisor.state.set_task("detection", on=False)
        wait_until(lambda: not supervisor.state.results().results)
        wait_until(lambda: status_of(supervisor, "mqtt", "waiting") == 0)
    numbers = sorted(int(name.rpartition("-")[2]) for name in listener.ids())
    assert numbers == list(range(1, len(numbers) + 1))
