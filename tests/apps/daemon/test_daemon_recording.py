"""Recordings around alarms: begun before, ended after, in pieces, on disks that are full."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from eventvision_apps.daemon.faults import Faults
from eventvision_apps.daemon.recording import RecordingKeeper
from eventvision_apps.daemon.settings import Keep, RecorderSettings
from live_sources import SENSOR, LiveSource

from eventvision.core import Alarm, Detections, Result, Slice
from eventvision.io import open_source
from eventvision.pipeline import Pipeline
from eventvision.slicing import SliceByTime

WAIT_S = 120


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_s, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Do not take a machine that is busy for a street that is empty."""
    monkeypatch.setattr("eventvision_apps.daemon.recording._SILENT_US", 3_600_000_000)


class AlarmSwitch:
    """A task that raises an alarm while told to."""

    name = "alarm"
    needs: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.on = False

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Alarm:
        count = int(self.on)
        boxes = np.zeros((count, 4), np.float32)
        found = Detections(boxes, np.ones(count, np.float32), np.zeros(count, np.int64))
        return Alarm(found, began=False)

    def reset(self) -> None:
        pass


class Watched:
    """A pipeline with a keeper, in a thread."""

    def __init__(self, folder: Path, **values: object) -> None:
        keep = Keep(free_gigabytes=0)
        settings = {"folder": folder, "pre_roll_s": 0, "post_roll_s": 0, "keep": keep, **values}
        self.faults, self.alarm, self.source = Faults(), AlarmSwitch(), LiveSource()
        self.switches: list[bool] = []
        self.folder = folder
        self.keeper = RecordingKeeper(
            RecorderSettings(**settings), self.faults, self.switches.append
        )
        self.pipeline = Pipeline(
            source=self.source,
            slicer=SliceByTime(SENSOR, window_us=10_000),
            tasks=[self.alarm],
            sinks=[self.keeper],
            keep_us=60_000_000,
        )
        self._thread = threading.Thread(target=self.pipeline.run, daemon=True)

    def __enter__(self) -> Watched:
        self.keeper.begin(self.pipeline, is_live=True)
        self._thread.start()
        wait_until(lambda: self.pipeline.status().slices > 3)
        return self

    def __exit__(self, *_: object) -> None:
        self.pipeline.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    @property
    def is_recording(self) -> bool:
        return self.pipeline.status().recorder is not None

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.aedat4"), key=lambda path: path.stat().st_mtime_ns)


def times_in(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return np.concatenate([np.empty(0, np.int64), *(packet.events.t for packet in source)])


def test_nothing_is_recorded_while_all_is_quiet(tmp_path):
    with Watched(tmp_path / "none") as watched:
        assert not watched.is_recording
    assert not (tmp_path / "none").exists()


def test_a_recording_begins_before_the_alarm_and_ends_after_it(tmp_path):
    with Watched(tmp_path, pre_roll_s=600, post_roll_s=0.05) as watched:
        watched.alarm.on = True
        wait_until(lambda: watched.is_recording)
        before = watched.source.given
        wait_until(lambda: watched.source.given > before + 20)
        watched.alarm.on = False
        wait_until(lambda: not watched.is_recording)
    assert watched.switches == [True, False]
    (path,) = watched.files()
    t = times_in(path)
    assert t[0] < 4 * 5_000
    assert t[-1] > before * 5_000
    assert np.all(np.diff(t) >= 0)


def test_a_second_alarm_makes_a_second_recording(tmp_path):
    with Watched(tmp_path) as watched:
        for _ in range(2):
            watched.alarm.on = True
            wait_until(lambda: watched.is_recording)
            watched.alarm.on = False
            wait_until(lambda: not watched.is_recording)
    assert len(watched.files()) == 2
    assert watched.faults.counts == {}


def test_it_can_be_switched_by_hand(tmp_path):
    with Watched(tmp_path, when="by hand") as watched:
        watched.alarm.on = True
        watched.keeper.switch(on=True)
        wait_until(lambda: watched.is_recording)
        watched.keeper.switch(on=False)
        wait_until(lambda: not watched.is_recording)
    assert len(watched.files()) == 1


def test_a_long_recording_goes_on_in_new_files_without_a_gap(tmp_path):
    with Watched(tmp_path, when="always", longest_s=1) as watched:
        watched.keeper.use(
            watched.keeper._settings.model_copy(update={"longest_s": 0.1})  # shorter than allowed
        )
        wait_until(lambda: len(watched.files()) >= 3)
    recorded = [times_in(path) for path in watched.files()]
    joined = np.concatenate(recorded)
    assert np.all(np.diff(joined) >= 0)
    dropped = watched.pipeline.status().dropped["events: not recorded, disk too slow"]
    assert joined.size + dropped >= 50 * (joined[-1] - joined[0]) // 5_000 - 100


def test_the_end_of_the_run_ends_the_recording(tmp_path):
    with Watched(tmp_path, when="always") as watched:
        wait_until(lambda: watched.is_recording)
        before = watched.source.given
        wait_until(lambda: watched.source.given > before + 20)
    (path,) = watched.files()
    assert times_in(path).size > 0


def test_a_disk_without_room_is_told_once_and_tried_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("eventvision_apps.daemon.recording._RETRY_S", 0.05)
    with Watched(tmp_path, when="always", keep=Keep(free_gigabytes=1e6)) as watched:
        wait_until(lambda: watched.faults.lasting == ["recording"])
        before = watched.source.given
        wait_until(lambda: watched.source.given > before + 40)
        keep = Keep(free_gigabytes=0)
        watched.keeper.use(watched.keeper._settings.model_copy(update={"keep": keep}))
        wait_until(lambda: watched.is_recording)
        assert watched.faults.lasting == []
    assert watched.faults.counts == {"recording": 1}
    assert sum("the disk is full" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("format_", ["aedat4", "raw"])
def test_old_recordings_make_room(tmp_path, format_):
    old = tmp_path / f"old.{format_}"
    old.write_bytes(b"x" * 1000)
    free = 1e6
    settings = RecorderSettings(folder=tmp_path, format=format_, keep=Keep(free_gigabytes=free))
    keeper = RecordingKeeper(settings, Faults())
    with pytest.raises(Exception, match="the disk is full"):
        keeper._path()
    assert not old.exists()
