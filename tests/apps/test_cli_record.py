"""`eventvision record` and `eventvision cameras`, as a process where that matters."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import run
from eventvision_apps.cli import cameras, info, record, record_trigger

from eventvision.core import (
    EVENT_DTYPE,
    TRIGGER_DTYPE,
    ConfigError,
    DamageReport,
    Events,
    OutputError,
    Packet,
    SensorSize,
    SourceInfo,
)
from eventvision.io import UDEV_RULES, CameraDescription, install_udev_rules, open_source

SENSOR = SensorSize(64, 48)
PACKET_US = 5_000
SIGNAL_AT = 60


def packet(number: int, *, count: int = 50, rising: bool = False) -> Packet:
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = number * PACKET_US + np.arange(count) * (PACKET_US // count)
    data["x"] = data["t"] % 64
    triggers = np.array([(int(data["t"][0]), 0, True)] if rising else [], TRIGGER_DTYPE)
    return Packet(Events(data, SENSOR), triggers=triggers)


class FakeCamera:
    """A live source that says what the test wants; a signal comes while it does."""

    info = SourceInfo(name="camera:", format="live", sensor=SENSOR, sensor_from="header")
    is_live, progress = True, None

    def __init__(self, packets=None, *, number: signal.Signals | None = None) -> None:
        self.packets, self.number = packets, number
        self.damage = DamageReport()
        self.said = 0

    def __iter__(self):
        for part in self.packets if self.packets is not None else map(packet, itertools.count()):
            if self.said == SIGNAL_AT and self.number is not None:
                os.kill(os.getpid(), self.number)
            if self.said > SIGNAL_AT:
                time.sleep(0.001)
            yield part
            self.said += 1

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        pass


def record_from(camera: FakeCamera, out: Path, monkeypatch, **options) -> int:
    monkeypatch.setattr(record, "open_source", lambda *_, **__: camera)
    given = {"sensor": None, "seconds": None, "pre_roll": None, "on": "user", "force": False}
    wanted = record.options(source="camera:", out=out, **{**given, **options})
    return record.run(wanted, as_json=False)


def times(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return np.concatenate([part.events.t for part in source])


@pytest.fixture
def text_recording(tmp_path) -> Path:
    path = tmp_path / "events.txt"
    path.write_text("".join(f"{t} {t % 60} {t % 40} {t % 2}\n" for t in range(0, 200_000, 50)))
    return path


@pytest.mark.parametrize("suffix", [".aedat4", ".raw"])
def test_a_file_is_recorded_with_every_event(text_recording, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    done = run("record", text_recording, out, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["events"], told["gaps"], told["bytes"]) == (4_000, 0, out.stat().st_size)
    assert set(told["dropped"].values()) == {0}
    assert np.array_equal(times(out), times(text_recording))


def test_an_existing_file_is_refused_with_one_line(text_recording, tmp_path):
    out = tmp_path / "out.raw"
    out.write_text("precious")
    done = run("record", text_recording, out)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"eventvision: {out}: exists already; name another file, or replace it with --force"
    ]
    assert out.read_text() == "precious"
    assert run("record", text_recording, out, "--force").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_file(tmp_path, monkeypatch, capsys, number):
    out = tmp_path / "out.aedat4"
    camera = FakeCamera(number=number)
    assert record_from(camera, out, monkeypatch) == 0
    assert camera.said == SIGNAL_AT
    assert times(out).size == 50 * camera.said
    assert "events" in capsys.readouterr().out


def test_a_recording_ends_after_so_many_seconds(tmp_path, monkeypatch):
    out = tmp_path / "out.raw"
    camera = FakeCamera()
    record_from(camera, out, monkeypatch, seconds=0.1)
    assert times(out)[-1] == 99_900
    assert camera.said < 30


def test_the_user_triggers_a_recording_with_a_pre_roll(tmp_path, monkeypatch):
    out = tmp_path / "out.raw"
    camera = FakeCamera(number=signal.SIGUSR1)
    record_from(camera, out, monkeypatch, pre_roll="20ms", seconds=0.05)
    found = times(out)
    assert found[0] > 0
    assert 70_000 <= found[-1] - found[0] + 100 <= 80_000


@pytest.mark.parametrize(
    ("on", "packets"),
    [
        ("trigger", [packet(n, rising=n == 40) for n in range(100)]),
        ("rate:50k", [packet(n, count=500 if n >= 40 else 50) for n in range(100)]),
    ],
)
def test_a_recording_begins_before_what_happens(tmp_path, monkeypatch, on, packets):
    out = tmp_path / "out.raw"
    record_from(FakeCamera(packets), out, monkeypatch, on=on, pre_roll="50ms")
    found = times(out)
    assert found[0] == 39 * PACKET_US + 4_900 - 50_000
    assert found[-1] > 99 * PACKET_US


def test_nothing_is_recorded_if_nothing_happens(tmp_path, monkeypatch):
    out = tmp_path / "out.raw"
    packets = [packet(n) for n in range(20)]
    record_from(FakeCamera(packets), out, monkeypatch, on="rate:1M", pre_roll="50ms")
    with open_source(out) as source:
        assert sum(len(part) for part in source) == 0


def test_a_rate_is_measured_over_ten_milliseconds_however_packets_are_cut():
    busy = record_trigger.RateAbove(90_000)
    quiet = record_trigger.RateAbove(110_000)
    parts = [packet(n, count=500) for n in range(10)]
    assert [busy(part) for part in parts] == [False] + [True] * 9
    assert not any(quiet(part) for part in parts)
    joined = Packet(Events.join([part.events for part in parts]))
    assert record_trigger.RateAbove(90_000)(joined)
    assert not record_trigger.RateAbove(110_000)(joined)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seconds": 0}, "--seconds"),
        ({"seconds": float("nan")}, "--seconds"),
        ({"pre_roll": "5"}, "--pre-roll"),
        ({"sensor": "big"}, "--sensor"),
        ({"on": "trigger"}, "--pre-roll 5s"),
        ({"on": "rate:fast", "pre_roll": "5s"}, "--on"),
        ({"on": "never", "pre_roll": "5s"}, "--on"),
    ],
)
def test_a_wrong_option_is_named(tmp_path, monkeypatch, options, said):
    with pytest.raises(ConfigError, match=said):
        record_from(FakeCamera(), tmp_path / "out.raw", monkeypatch, **options)


def test_without_a_camera_it_is_said_what_was_looked_for_and_what_to_try():
    done = run("cameras")
    assert done.returncode == 0
    for word in ("dv-processing", "neuromorphic-drivers", "evk4", "--install-udev", "replay"):
        assert word in done.stdout, done.stdout


def test_cameras_are_told_as_json():
    told = json.loads(run("cameras", "--json").stdout)
    assert set(told) == {"cameras", "drivers", "supported"}
    assert {driver["name"] for driver in told["drivers"]} == {
        "dv-processing",
        "neuromorphic-drivers",
    }


def test_an_attached_camera_is_told_with_the_name_that_opens_it(monkeypatch, capsys):
    attached = CameraDescription(
        driver="x", model="evk4", title="EVK4", serial="42", problem="access denied"
    )
    monkeypatch.setattr(cameras, "list_cameras", lambda: [attached])
    monkeypatch.setenv("COLUMNS", "200")
    assert cameras.run(as_json=False) == 0
    told = capsys.readouterr().out
    assert "camera:evk4/42" in told
    assert "access denied" in told
    assert "permissions" in told


def test_settings_of_a_model_are_printed_as_a_file_to_begin_with(tmp_path):
    told = json.loads(run("cameras", "--settings-of", "davis", "--json").stdout)
    assert told["model"] == "davis"
    assert told["frames"] is True
    assert "0 to 255" in run("cameras", "--settings-of", "davis").stdout


def test_rules_are_printed_before_they_are_installed():
    done = run("cameras", "--install-udev", "--dry-run")
    assert (done.returncode, done.stdout) == (0, UDEV_RULES)
    assert done.stdout.count('TAG+="uaccess"') == len(done.stdout.splitlines()) // 2


def test_rules_are_written_and_udev_is_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: told.append(command))
    install_udev_rules(tmp_path / "65-test.rules")
    assert (tmp_path / "65-test.rules").read_text() == UDEV_RULES
    assert [command[:2] for command in told] == [["udevadm", "control"], ["udevadm", "trigger"]]


def test_rules_that_cannot_be_written_are_one_clear_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        install_udev_rules(tmp_path / "nowhere" / "65-test.rules")


def test_a_live_source_is_described_without_waiting_for_its_end(monkeypatch, capsys):
    monkeypatch.setattr(info, "open_source", lambda *_, **__: FakeCamera())
    assert info.run(["camera:"], sensor=None, strict=False, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["live"]
    assert (told["width"], told["height"]) == (SENSOR.width, SENSOR.height)


def test_live_sources_do_not_come_in_lists(monkeypatch, capsys):
    monkeypatch.setattr(info, "open_source", lambda *_, **__: FakeCamera())
    assert info.run(["camera:", "camera:"], sensor=None, strict=False, as_json=False) == 2
    assert "is live and has no end" in capsys.readouterr().err


def test_replay_records_what_it_plays(text_recording, tmp_path):
    out = tmp_path / "out.aedat4"
    done = run("replay", text_recording, "--tasks", "none", "--record", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dropped"]["events: not recorded, disk too slow"] == 0
    assert np.array_equal(times(out), times(text_recording))
