"""The recorder: what comes in is in the file, what is not is counted, whatever happens."""

from __future__ import annotations

import errno
import os
import threading
import time

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    GAP_SOURCE,
    TRIGGER_DTYPE,
    ConfigError,
    Events,
    OutputError,
    Packet,
    SensorSize,
)
from eventvision.io import open_source
from eventvision.sinks import Recorder
from eventvision.sinks import _recorder as module

SENSOR = SensorSize(320, 240)
SUFFIXES = [".aedat4", ".raw"]
GAP_IN_FILE = {".aedat4": GAP_SOURCE, ".raw": module.RAW_GAP_INPUT}


def packet(first_us: int, count: int = 100, *, step_us: int = 10, **others) -> Packet:
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = first_us + step_us * np.arange(count)
    data["x"], data["y"], data["on"] = data["t"] % 320, data["t"] % 240, data["t"] % 3 == 0
    return Packet(Events(data, SENSOR), **others)


def read(path) -> tuple[np.ndarray, np.ndarray]:
    with open_source(path) as source:
        packets = list(source)
        assert not source.damage
    triggers = [part.triggers for part in packets]
    return np.concatenate([p.events.data for p in packets]), np.concatenate(triggers)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return all(np.array_equal(left[name], right[name]) for name in ("t", "x", "y", "on"))


class SlowWriter:
    """Passes on to a real writer when the test lets it."""

    def __init__(self, writer) -> None:
        self.writer, self.may_write = writer, threading.Event()

    def write(self, written) -> None:
        self.may_write.wait(120)
        self.writer.write(written)

    def flush(self) -> None:
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


@pytest.fixture
def slowed(monkeypatch):
    """Let recorders be slow; the writers that they use."""
    opened, writers = module._opened, []

    def open_slowly(*arguments, **options):
        writers.append(SlowWriter(opened(*arguments, **options)))
        return writers[-1]

    monkeypatch.setattr(module, "_opened", open_slowly)
    return writers


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"recording{request.param}"


def test_the_file_holds_what_was_written(path):
    packets = [packet(start) for start in range(0, 50_000, 1_000)]
    with Recorder(path, SENSOR) as recorder:
        for part in packets:
            recorder.write(part)
    data, _ = read(path)
    assert same(data, np.concatenate([part.events.data for part in packets]))
    report = recorder.report
    assert (report.events, report.gaps, report.bytes) == (5_000, 0, path.stat().st_size)
    assert sum(report.dropped.values()) == 0


def test_the_file_can_be_read_while_it_is_written(path):
    with Recorder(path, SENSOR) as recorder:
        recorder.write(packet(0))
        give_up_s = time.monotonic() + 120
        while recorder.report.events < 100 and time.monotonic() < give_up_s:
            time.sleep(0.01)
        assert read(path)[0].size == 100


def test_a_recording_without_events_is_a_readable_file(path):
    Recorder(path, SENSOR).close()
    with open_source(path) as source:
        assert source.info.sensor == SENSOR
        assert sum(len(part) for part in source) == 0


def test_marks_of_gaps_that_come_with_the_packets_are_kept(path):
    with Recorder(path, SENSOR) as recorder:
        recorder.write(packet(0))
        recorder.write(packet(5_000).after_gap())
    triggers = read(path)[1]
    assert triggers["t"].tolist() == [5_000]
    assert triggers["source"].tolist() == [GAP_IN_FILE[path.suffix]]
    assert recorder.report.gaps == 1


def test_triggers_travel_along(path):
    edges = np.array([(50, 0, True), (60, 0, False)], TRIGGER_DTYPE)
    with Recorder(path, SENSOR) as recorder:
        recorder.write(packet(0, triggers=edges))
    assert np.array_equal(read(path)[1], edges)


def test_what_a_slow_disk_cannot_take_is_counted_and_the_gap_is_marked(path, slowed, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 5_000)
    with Recorder(path, SENSOR) as recorder:
        for start in range(0, 100_000, 1_000):
            recorder.write(packet(start))
        slowed[0].may_write.set()
        give_up_s = time.monotonic() + 120
        while recorder.report.events < 200 and time.monotonic() < give_up_s:
            time.sleep(0.01)
        recorder.write(packet(200_000))
    data, triggers = read(path)
    report = recorder.report
    assert report.dropped["disk too slow"] > 5_000
    assert data.size + report.dropped["disk too slow"] == 10_100
    assert data.size == report.events
    assert triggers["source"].tolist()[-1] == GAP_IN_FILE[path.suffix]
    assert report.gaps == triggers.size


def test_nothing_is_dropped_where_waiting_is_asked_for(path, slowed, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 5_000)
    with Recorder(path, SENSOR, policy="block") as recorder:
        threading.Timer(0.2, slowed[0].may_write.set).start()
        for start in range(0, 100_000, 1_000):
            recorder.write(packet(start))
    assert read(path)[0].size == 10_000


def test_the_pre_roll_is_recorded_when_something_happens(path):
    with Recorder(path, SENSOR, pre_roll_us=20_000) as recorder:
        for start in range(0, 100_000, 1_000):
            recorder.write(packet(start))
        assert not recorder.is_recording
        recorder.trigger()
        assert recorder.is_recording
        recorder.trigger()
        recorder.write(packet(100_000))
    data = read(path)[0]
    newest_us = 99_000 + 990
    assert data["t"][0] == newest_us - 20_000
    assert data["t"][-1] == 100_990
    assert (np.diff(data["t"]) == 10).all()


def test_nothing_is_recorded_if_nothing_happens(path):
    with Recorder(path, SENSOR, pre_roll_us=20_000) as recorder:
        recorder.write(packet(0))
    assert recorder.report.events == 0
    assert sum(recorder.report.dropped.values()) == 0


def test_a_pre_roll_that_memory_cannot_hold_is_told(path, monkeypatch):
    monkeypatch.setattr(module, "MOST_RING_BYTES", 20_000)
    with Recorder(path, SENSOR, pre_roll_us=1_000_000) as recorder:
        for start in range(0, 100_000, 1_000):
            recorder.write(packet(start))
        recorder.trigger()
    data, triggers = read(path)
    lost = recorder.report.dropped["no memory for all of the pre-roll"]
    assert 0 < data.size == 10_000 - lost
    assert triggers["t"].tolist() == [data["t"][0]]


def test_packets_of_the_pre_roll_always_fit(path, slowed, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 5_000)
    with Recorder(path, SENSOR, pre_roll_us=1_000_000) as recorder:
        for start in range(0, 100_000, 1_000):
            recorder.write(packet(start))
        recorder.trigger()
        slowed[0].may_write.set()
    assert recorder.report.events == 10_000


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(path):
    path.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        Recorder(path, SENSOR)
    assert path.read_text() == "precious"
    with Recorder(path, SENSOR, overwrite=True) as recorder:
        recorder.write(packet(0))
    assert read(path)[0].size == 100


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "new" / "folder" / "recording.raw"
    Recorder(path, SENSOR).close()
    assert path.exists()


@pytest.mark.parametrize("name", ["recording.mp4", "recording"])
def test_a_file_of_another_kind_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match=r"\.aedat4 or \.raw"):
        Recorder(tmp_path / name, SENSOR)


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a part of the path is a file"):
        Recorder(tmp_path / "file" / "recording.raw", SENSOR)


def test_a_disk_that_loses_what_it_was_given_is_told(path, monkeypatch):
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    recorder = Recorder(path, SENSOR, flush_every_us=10_000)
    give_up_s = time.monotonic() + 120
    while recorder.is_recording and time.monotonic() < give_up_s:
        time.sleep(0.01)
    with pytest.raises(OutputError, match="Input/output error"):
        recorder.write(packet(0))
    recorder.close()


@pytest.mark.parametrize("options", [{"pre_roll_us": -1}, {"flush_every_us": 0}])
def test_impossible_durations_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Recorder(tmp_path / "recording.raw", SENSOR, **options)
