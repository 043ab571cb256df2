"""`eventvision serve`, as a process, and read by our own receiver."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing, contextmanager

import numpy as np
import pytest
from eventvision_apps.cli import serving
from eventvision_apps.cli.main import main

from eventvision.core import EVENT_DTYPE, TRIGGER_DTYPE, ConfigError, Events, Packet, SensorSize
from eventvision.io import EventServer, open_source, open_writer

SENSOR = SensorSize(64, 48)
COUNT = 20_000
TOKEN = "correct-horse-battery"


@pytest.fixture
def recording(tmp_path):
    events = np.zeros(COUNT, EVENT_DTYPE)
    events["t"] = 5_000_000 + np.arange(COUNT) * 20
    events["x"], events["y"] = np.arange(COUNT) % 64, np.arange(COUNT) % 48
    triggers = np.array([(5_000_100, 0, True)], TRIGGER_DTYPE)
    path = tmp_path / "a.aedat4"
    with closing(open_writer(path, SENSOR)) as writer:
        writer.write(Packet(Events(events, SENSOR), triggers=triggers))
    return path, events


@contextmanager
def serving_process(*arguments):
    """Run the command; yield the process and the address that it tells."""
    command = [sys.executable, "-m", "eventvision_apps.cli.main", "serve", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            line = process.stderr.readline()
            assert "serving" in line, line + process.stderr.read()
            yield process, line.partition(" at ")[2].partition(";")[0]
        finally:
            process.kill()


def run(monkeypatch, *arguments):
    """Run the command in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["eventvision", "serve", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def told(process):
    """Return what the process says at its end."""
    said, problems = process.communicate(timeout=600)
    assert process.returncode == 0, problems
    return json.loads(said)


@pytest.mark.parametrize("speed", ["1", "max"])
def test_a_client_gets_the_whole_recording(recording, speed):
    path, events = recording
    options = ("--port", 0, "--speed", speed, "--send", "events,triggers", "--json")
    with serving_process(path, *options) as (process, address), open_source(address) as source:
        packets = list(source)
        summary = told(process)
    assert source.info.sensor == SENSOR
    assert np.array_equal(np.concatenate([packet.events.data for packet in packets]), events)
    assert sum(packet.triggers.size for packet in packets) == 1
    assert summary["events"] == COUNT
    assert summary["clients"] == 1
    assert summary["events_dropped"] == summary["refused"] == 0
    assert summary["address"] == address


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_a_summary(recording, number):
    path, _ = recording
    with serving_process(path, "--port", 0, "--json") as (process, _):
        process.send_signal(number)
        summary = told(process)
    assert summary["events"] == summary["clients"] == 0


def test_a_simulated_camera_is_served_until_ctrl_c():
    with serving_process("sim:shapes", "--port", 0) as (process, address):
        with open_source(address) as source:
            packet = next(packet for packet in source if len(packet))
        process.send_signal(signal.SIGINT)
        said, problems = process.communicate(timeout=600)
    assert packet.sensor == source.info.sensor
    assert process.returncode == 0, problems
    assert "clients" in said
    assert "Traceback" not in problems


def test_what_is_not_sent_is_counted(recording):
    path, _ = recording
    with (
        serving_process(path, "--port", 0, "--speed", "max", "--json") as (process, address),
        open_source(address) as source,
    ):
        list(source)
        assert told(process)["left_out"] == {"frames": 0, "imu": 0, "triggers": 1}


def test_only_those_who_know_the_token_are_served(recording, tmp_path):
    path, events = recording
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n", encoding="ascii")
    options = ("--port", 0, "--speed", "max", "--token-file", secret, "--json")
    with serving_process(path, *options) as (process, address):
        with open_source(f"{address}?token_file={secret}") as source:
            found = np.concatenate([packet.events.data for packet in source])
        told(process)
    assert np.array_equal(found, events)


REFUSED = {
    "others could connect": (("--host", "0.0.0.0"), "host"),
    "a short token": (("--token", "short"), "token"),
    "a certificate without its key": (("--cert", "server.pem"), "--key"),
    "a key without its certificate": (("--key", "server.key"), "--cert"),
    "an authority alone": (("--ca", "ca.pem"), "--cert"),
    "files that are not there": (("--cert", "none.pem", "--key", "none.key"), "none.pem"),
    "a kind that is not sent": (("--send", "poses"), "poses"),
    "a false speed": (("--speed", "fast"), "--speed"),
    "a token twice": (("--token", TOKEN, "--token-file", "file"), "--token"),
    "a missing token file": (("--token-file", "none"), "none"),
}


@pytest.mark.parametrize(("options", "named"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_served_is_refused_in_one_line(
    recording, monkeypatch, capsys, options, named
):
    assert run(monkeypatch, recording[0], "--port", 0, *options) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert named in line


def test_a_port_that_is_taken_is_told(recording, monkeypatch, capsys):
    with EventServer(sensor=SENSOR) as server:
        assert run(monkeypatch, recording[0], "--port", server.address.rpartition(":")[2]) == 2
    assert "cannot listen" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "1x"])
def test_a_speed_is_a_positive_number(text):
    with pytest.raises(ConfigError, match="--speed"):
        serving.pace(text)
