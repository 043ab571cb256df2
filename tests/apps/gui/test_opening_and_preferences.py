"""What can be opened, and what is kept from one start to the next."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from eventvision_apps.gui.opening import dropped_sources, open_filters, save_filters
from eventvision_apps.gui.preferences import Preferences, load_preferences, save_preferences
from eventvision_apps.gui.recording_plan import (
    FreeSpace,
    RecordingPlan,
    free_bytes,
    recording_text,
    recording_warning,
    short_name,
)
from eventvision_apps.gui.state import RecordingPart


def test_the_dialog_for_opening_knows_every_format():
    filters = open_filters()
    assert filters[0].startswith("All recordings (")
    assert filters[-1] == "All files (*)"
    for suffix in (
        ".aedat4",
        ".raw",
        ".dat",
        ".h5",
        ".bag",
        ".mcap",
        ".npz",
        ".es",
        ".txt",
        ".mat",
    ):
        assert f"*{suffix}" in filters[0]


def test_the_dialog_for_saving_offers_only_what_can_be_written():
    assert any(each.startswith("EVT2 (*.raw") for each in save_filters())
    assert not any("AEDAT2" in each for each in save_filters())
    assert not any("*.es" in each for each in save_filters())


def test_a_dropped_folder_stands_for_all_recordings_in_it(tmp_path):
    for name in ("b.raw", "a.aedat4", "readme.pdf"):
        (tmp_path / name).touch()
    found, problem = dropped_sources([str(tmp_path)])
    assert [Path(name).name for name in found] == ["a.aedat4", "b.raw"]
    assert not problem


@pytest.mark.parametrize("name", ["empty", "gone.raw"])
def test_what_cannot_be_opened_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    found, problem = dropped_sources([str(tmp_path / name)])
    assert not found
    assert name in problem


def test_preferences_are_kept(tmp_path):
    path = tmp_path / "folder" / "gui.json"
    kept = Preferences(theme="dark", pre_roll_s=5.0, recent=("a.raw",), welcome=False)
    assert save_preferences(path, kept)
    assert load_preferences(path) == kept


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{", '{"theme": "pink", "recent": 3, "pre_roll_s": "x", "unknown": 1}'],
)
def test_preferences_that_make_no_sense_are_as_at_the_first_start(tmp_path, text):
    path = tmp_path / "gui.json"
    path.write_text(text)
    assert load_preferences(path) == Preferences()


def test_preferences_that_cannot_be_written_are_no_catastrophe(tmp_path):
    (tmp_path / "file").touch()
    assert not save_preferences(tmp_path / "file" / "gui.json", Preferences())


def test_names_with_secrets_are_not_kept(tmp_path):
    path = tmp_path / "gui.json"
    path.write_text(json.dumps({"recent": ["a.raw", "tcp://host:1?token=secret"]}))
    assert load_preferences(path).recent == ("a.raw",)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/data/street.aedat4", "street"),
        ("camera:evk4/00050423?settings=a.json", "evk4-00050423"),
        ("sim:street?seed=1", "street"),
        ("sim:/videos/a b.mp4", "a-b"),
        ("tcp://host:7777", "host-7777"),
        ("data.npz#3", "data"),
        ("", "recording"),
    ],
)
def test_recordings_are_called_by_what_is_recorded(source, name):
    assert short_name(source) == name


def test_a_recording_never_takes_the_name_of_another(tmp_path):
    plan = RecordingPlan(folder=tmp_path)
    at = datetime(2026, 3, 2, 14, 5, 9)
    first = plan.new_file("sim:street", at)
    first.touch()
    assert first.name == "street-20260302-140509.aedat4"
    assert plan.new_file("sim:street", at).name == "street-20260302-140509-2.aedat4"


@pytest.mark.parametrize("fields", [{"suffix": ".mp4"}, {"pre_roll_s": -1}, {"pre_roll_s": 61}])
def test_plans_that_cannot_be_are_refused(fields):
    with pytest.raises(ValueError, match="must be"):
        RecordingPlan(folder=Path(), **fields)


@pytest.mark.parametrize(
    ("part", "free", "warning"),
    [
        (RecordingPart(path="a", seconds=9, bytes=9_000_000), 10**12, ""),
        (RecordingPart(path="a", seconds=9, bytes=9_000_000), 30_000_000, "full in 30 s"),
        (RecordingPart(path="a", seconds=9, bytes=9, dropped=5), None, "5 events are missing"),
        (RecordingPart(path="a"), 0, ""),
    ],
)
def test_a_recording_warns_of_what_is_lost_and_of_a_full_disk(part, free, warning):
    told = recording_warning(part, free)
    assert warning in told
    assert bool(warning) == bool(told)


def test_elapsed_time_and_size_are_told():
    part = RecordingPart(path="a.raw", seconds=61.5, bytes=12_345_678)
    assert recording_text(part) == "1:01.5 · 12.3 MB"
    assert recording_text(RecordingPart()) == ""


def test_free_space_is_told_where_there_is_a_disk(tmp_path):
    assert free_bytes(tmp_path / "new.raw") > 0
    assert free_bytes(tmp_path / "none" / "new.raw") is None


def test_a_disk_is_asked_in_a_thread(tmp_path, no_thread_stays):
    space = FreeSpace()
    space.of(tmp_path)
    space._thread.join(10)
    assert space.of(tmp_path) > 0
