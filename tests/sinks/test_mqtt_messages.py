"""What is said over MQTT, and which commands are understood."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eventvision.core import Alarm, Counts, LineCount, Passage
from eventvision.sinks import MqttCommand, MqttSettings
from eventvision.sinks._mqtt_commands import parse_command
from eventvision.sinks._mqtt_discovery import announcements
from eventvision.sinks._mqtt_messages import Messages

from .conftest import detections, tracks

BOX = (10.0, 8.0, 12.0, 9.0)
NOTHING = detections()
BASE = "eventvision/camera"
TASKS = ("detection", "alarm")


def said(messages, result):
    return [(m.topic.removeprefix(f"{BASE}/"), json.loads(m.payload)) for m in messages.of(result)]


def kinds(messages, result):
    return [kind for kind, _ in said(messages, result)]


@pytest.fixture
def messages():
    return Messages(MqttSettings(most_per_s=10), clock=lambda: 1_700_000_000.25)


def test_detections_and_tracks_are_those_of_the_results_file(messages, make_result):
    result = make_result(0, {"detection": detections(BOX), "tracking": tracks((4,), BOX)})
    (_, first), (_, second) = said(messages, result)
    assert first["detections"][0]["class"] == "car"
    assert second["tracks"][0]["id"] == 4
    assert (first["t0_us"], first["width"], first["time"]) == (1_000_000, 40, 1_700_000_000.25)
    assert first["id"] != second["id"]


def test_detections_are_samples_but_emptiness_is_told_at_once_and_once(messages, make_result):
    told = [
        kinds(messages, make_result(index, {"detection": found}))
        for index, found in enumerate([detections(BOX)] * 25 + [NOTHING] * 3 + [detections(BOX)])
    ]
    shown = [index for index, kind in enumerate(told) if kind]
    assert shown == [0, 10, 20, 25]
    assert kinds(messages, make_result(40, {"detection": detections(BOX)})) == ["detections"]


def test_an_alarm_is_told_when_it_begins_and_when_it_ends(messages, make_result):
    on, off = Alarm(detections(BOX), began=True), Alarm(NOTHING, began=False)
    results = [make_result(i, {"alarm": a}) for i, a in enumerate([off, on, on, on, off, off])]
    told = [said(messages, result) for result in results]
    assert [len(each) for each in told] == [0, 1, 0, 0, 1, 0]
    assert [len(told[i][0][1]["alarm"]["objects"]) for i in (1, 4)] == [1, 0]


def test_counts_are_told_when_something_passes(messages, make_result):
    lines = (LineCount("gate", (0, 0), (0, 9), 3, 1),)
    passage = Passage("gate", "forward", 5, "car", 1_001_000, 0.0, 4.0, 100.0, 0.0, speed_m_s=2.5)
    assert kinds(messages, make_result(0, {"counting": Counts(lines, ())})) == []
    ((kind, whole),) = said(messages, make_result(1, {"counting": Counts(lines, (), (passage,))}))
    assert (kind, whole["counts"]["lines"][0]["forward"]) == ("counts", 3)
    assert whole["counts"]["passages"][0]["speed_m_s"] == 2.5


def test_only_what_is_wanted_is_published(make_result):
    messages = Messages(MqttSettings(publish=["tracks"]))
    result = make_result(0, {"detection": detections(BOX), "tracking": tracks((4,), BOX)})
    assert kinds(messages, result) == ["tracks"]


def test_ids_are_never_used_twice_even_by_the_next_run(make_result):
    result = make_result(0, {"detection": detections(BOX), "tracking": tracks((4,), BOX)})
    runs = [Messages(MqttSettings()) for _ in range(3)]
    ids = [whole["id"] for run in runs for _, whole in said(run, result)]
    assert len(set(ids)) == 6


COMMANDS = [
    ("tasks/alarm/set", b"ON", MqttCommand("task", "alarm", on=True)),
    ("tasks/detection/set", b" off\n", MqttCommand("task", "detection", on=False)),
    ("recording/set", b"on", MqttCommand("recording", "", on=True)),
    ("tasks/tracking/set", b"ON", None),
    ("tasks//set", b"ON", None),
    ("tasks/alarm/../set", b"ON", None),
    ("tasks/alarm/state", b"ON", None),
    ("recording/set", b"1", None),
    ("recording/set", b"", None),
    ("recording/set", b"\xff\xfe\x00", None),
    ("recording/set", b"ON" * 1_000_000, None),
]


@pytest.mark.parametrize(("topic", "payload", "meaning"), COMMANDS)
def test_commands_are_on_or_off_for_what_is_there(topic, payload, meaning):
    found = parse_command(BASE, f"{BASE}/{topic}", payload, TASKS, is_retained=False)
    assert found == meaning


def test_a_command_that_the_broker_had_kept_is_none():
    topic = f"{BASE}/recording/set"
    assert parse_command(BASE, topic, b"ON", TASKS, is_retained=True) is None


@given(st.text(), st.binary())
def test_nothing_that_a_broker_sends_is_an_error(topic, payload):
    found = parse_command(BASE, topic, payload, TASKS, is_retained=False)
    assert found is None or topic.startswith(f"{BASE}/")


def test_home_assistant_is_told_of_everything_that_can_be_seen_and_switched():
    found = dict(announcements(MqttSettings(), ("tracking", "alarm"), version="1"))
    about = json.loads(found["homeassistant/switch/camera/task_tracking/config"])
    assert about["command_topic"] == f"{BASE}/tasks/tracking/set"
    assert about["availability_topic"] == f"{BASE}/availability"
    assert "homeassistant/binary_sensor/camera/alarm/config" in found
    ids = [json.loads(payload)["unique_id"] for payload in found.values()]
    assert len(set(ids)) == len(ids)


def test_home_assistant_is_told_nothing_where_that_is_not_wanted():
    assert dict(announcements(MqttSettings(discovery=None), TASKS, version="1")) == {}
    found = dict(announcements(MqttSettings(commands=False), TASKS, version="1"))
    assert not any("/switch/" in topic for topic in found)


REFUSED = [
    ({"port": 0}, "port"),
    ({"name": "a/b"}, "name"),
    ({"topic": "a/#"}, "topic"),
    ({"most_per_s": 0}, "most_per_s"),
    ({"password": "x"}, "a password needs a user"),
    ({"tls": True, "certificate": "a.pem"}, "come together"),
    ({"ca": "a.pem"}, "need tls"),
    ({"publish": ["events"]}, "publish"),
    ({"hots": "x"}, "hots"),
]


@pytest.mark.parametrize(("values", "named"), REFUSED)
def test_settings_that_cannot_be_used_are_named(values, named):
    with pytest.raises(ValidationError, match=named):
        MqttSettings(**values)


def test_the_password_is_shown_nowhere():
    settings = MqttSettings(user="u", password="very secret")
    assert "very secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
