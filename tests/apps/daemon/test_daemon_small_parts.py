"""What the daemon is made of: counters, back-off, clocks, notes to systemd, log lines."""

from __future__ import annotations

import json
import logging
import os
import socket

import pytest
from eventvision_apps.daemon.faults import Faults
from eventvision_apps.daemon.housekeeping import Housekeeping
from eventvision_apps.daemon.logs import JournalLines, JsonLines, set_up_logging
from eventvision_apps.daemon.notify import Notifier
from eventvision_apps.daemon.parts import DaemonState, memory_bytes
from eventvision_apps.daemon.restarts import BackOff, ClockWatch, Restarts
from eventvision_apps.daemon.settings import DaemonConfig

from eventvision.core import ConfigError


class Clock:
    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def test_a_fault_that_lasts_is_counted_and_logged_once(caplog):
    faults = Faults()
    for _ in range(3):
        faults.began("disk full", "the disk is full")
    faults.passed("disk full", "there is room")
    faults.passed("disk full", "there is room")
    assert [record.message for record in caplog.records] == ["the disk is full", "there is room"]
    assert (faults.counts, faults.lasting) == ({"disk full": 1}, [])
    faults.began("disk full", "the disk is full")
    assert (faults.counts, faults.lasting) == ({"disk full": 2}, ["disk full"])


def test_restarts_wait_longer_and_longer_and_end_when_there_are_too_many():
    clock = Clock()
    restarts = Restarts(5, 60.0, 0.5, clock)
    assert [restarts.next_wait_s() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, None]
    clock.now_s = 61
    assert restarts.next_wait_s() == 0.5


def test_restarts_that_come_rarely_go_on_for_ever():
    clock = Clock()
    restarts = Restarts(2, 60.0, 1.0, clock)
    waits = []
    for hour in range(50):
        clock.now_s = 3600.0 * hour
        waits.append(restarts.next_wait_s())
    assert set(waits) == {1.0}


def test_attempts_back_off_to_ten_seconds_and_begin_anew_after_a_success():
    wait = BackOff(0.5)
    assert [wait.next_wait_s() for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    wait.reset()
    assert wait.next_wait_s() == 0.5


def test_a_clock_that_jumps_is_noticed_and_distrusted_for_a_while():
    wall, steady = Clock(1e9), Clock()
    watch = ClockWatch(wall, steady)
    assert watch.is_trusted(10)
    wall.now_s += 1
    steady.now_s += 1
    assert watch.jump_s() == 0
    wall.now_s += 1e8
    steady.now_s += 1
    assert watch.jump_s() == pytest.approx(1e8 - 1)
    assert watch.jump_s() == 0
    assert not watch.is_trusted(10)
    steady.now_s += 11
    wall.now_s += 11
    assert watch.is_trusted(10)


def test_a_clock_that_jumps_is_told_once_and_no_file_goes_for_its_age(tmp_path, caplog):
    old = tmp_path / "20260101T000000Z.jsonl"
    old.write_text("{}")
    (tmp_path / "20260101T010000Z.jsonl").write_text("{}")
    os.utime(old, (1e9, 1e9))
    keep = {"days": 1, "gigabytes": None, "free_gigabytes": 0}
    outputs = {"folder": str(tmp_path), "keep": keep}
    config = DaemonConfig.model_validate({"source": "a", "outputs": outputs})
    wall, steady, faults = Clock(1e9), Clock(), Faults()
    clock = ClockWatch(wall, steady)
    wall.now_s += 8e8
    Housekeeping(config, faults, clock).tick(config)
    assert faults.counts == {"clock jump": 1}
    assert sum("the clock jumped by" in record.message for record in caplog.records) == 1
    assert old.exists()
    Housekeeping(config, Faults(), ClockWatch(wall, steady))
    assert not old.exists()


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """A service manager's end of the notify socket."""
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    name = "notify.sock" if request.param == "file" else f"@eventvision-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        heard.settimeout(120)
        yield name, heard


def test_systemd_hears_that_it_is_ready_alive_and_what_it_does(manager):
    name, heard = manager
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000000"})
    assert notifier.watchdog_s == 2.0
    notifier.ready()
    notifier.alive()
    notifier.alive()
    notifier.status("all is\nwell")
    notifier.status("all is well")
    notifier.reloading()
    notifier.stopping()
    said = [heard.recv(4096).decode() for _ in range(5)]
    assert said[:3] == ["READY=1", "WATCHDOG=1", "STATUS=all is well"]
    assert said[3].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert said[4] == "STOPPING=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": "/no/such/socket", "WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_systemd_nothing_is_sent_and_nothing_fails(environment):
    notifier = Notifier(environment)
    notifier.ready()
    notifier.alive()
    assert notifier.watchdog_s is None


def record(level: int, message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"levelno": level, "levelname": logging.getLevelName(level)})
    made.msg, made.name = message, "eventvision.test"
    vars(made).update(extra)
    return made


def test_a_line_of_json_holds_all_that_was_said():
    line = json.loads(JsonLines().format(record(logging.ERROR, "two\nlines", fault="x")))
    assert (line["level"], line["message"], line["fault"]) == ("error", "two\\nlines", "x")
    assert line["time"].endswith("+00:00")


def test_the_journal_is_told_the_priority():
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
    lines = [JournalLines().format(record(level, "a")) for level in levels]
    assert lines == ["<7>a", "<6>a", "<4>a", "<3>a"]


@pytest.mark.parametrize(
    ("format_", "environment", "kind"),
    [
        ("auto", {"JOURNAL_STREAM": "8:1"}, "JournalLines"),
        ("auto", {}, "JsonLines"),
        ("json", {"JOURNAL_STREAM": "8:1"}, "JsonLines"),
        ("text", {}, "TextLines"),
    ],
)
def test_the_format_of_logs_follows_where_they_go(format_, environment, kind):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        set_up_logging("warning", format_, environment)
        assert type(root.handlers[0].formatter).__name__ == kind
        assert root.level == logging.WARNING
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def test_the_state_hides_secrets_and_says_what_json_can_hold(monkeypatch):
    config = DaemonConfig.model_validate(
        {"source": "a", "http": {"token": "0123456789abcdef-secret"}}
    )
    state = DaemonState(config)
    text = json.dumps([state.config(), state.status()])
    assert "0123456789abcdef-secret" not in text
    assert state.status()["daemon"]["phase"] == "starting"
    assert state.healthy()
    assert not state.ready()
    assert state.results() is None


def test_nothing_can_be_switched_while_nothing_runs():
    state = DaemonState(DaemonConfig.model_validate({"source": "a"}))
    with pytest.raises(ConfigError, match="try again soon"):
        state.set_task("detection", on=True)
    with pytest.raises(ConfigError, match="recorder"):
        state.record(on=True)


def test_memory_is_told_on_linux():
    assert memory_bytes() > 10e6
