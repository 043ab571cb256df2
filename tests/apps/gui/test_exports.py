"""Exports: forms are checked, work is done by the library, cancelling leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eventvision_apps.gui.exports import new_export, with_stretch
from eventvision_apps.gui.inspection import damage_headline, damage_rows, inspect, summary_rows
from eventvision_apps.gui.jobs import Job, JobCancelledError

from eventvision.core import ConfigError, OutputError
from eventvision.io import open_source, scan
from eventvision.pipeline import RunConfig
from eventvision.simulation import shipped_recording

SHAPES = str(shipped_recording("shapes"))


def ignore(share, text=""):
    """Hear a report and go on."""


def run(form):
    job = Job("test", form.checked().work())
    assert job.wait(120)
    return job.status


def test_a_recording_is_converted(tmp_path):
    status = run(new_export("convert", SHAPES, tmp_path))
    assert status.state == "done", status.text
    with open_source(tmp_path / "shapes.raw") as source:
        assert scan(source).events == 292_020
    assert "292,020 events" in status.text


def test_the_part_between_the_marks_is_saved(tmp_path):
    form = with_stretch(new_export("cut", SHAPES, tmp_path), 0.5, 0.6)
    assert run(form).state == "done"
    with open_source(tmp_path / "shapes-part.aedat4") as source:
        assert 0.09 < scan(source).duration_s <= 0.1


@pytest.mark.parametrize(("kind", "name"), [("video", "shapes.mp4"), ("results", "shapes.jsonl")])
def test_video_and_results_are_made_with_the_settings_of_the_pipeline(tmp_path, kind, name):
    config = RunConfig.checked(source=SHAPES, tasks=("detection",), slicer="time:50ms")
    form = replace(new_export(kind, SHAPES, tmp_path), run=config, end_s=0.2)
    status = run(form)
    assert status.state == "done", status.text
    assert (tmp_path / name).stat().st_size > 100


def test_a_video_has_one_frame_for_each_share_of_time(tmp_path):
    form = replace(
        new_export("video", SHAPES, tmp_path),
        run=RunConfig.checked(source=SHAPES, tasks=(), filters=""),
        end_s=0.2,
        video_fps=30.0,
        slowdown=2.0,
    )
    assert "12 slices" in run(form).text or "13 slices" in run(form).text


@pytest.mark.parametrize("kind", ["convert", "cut", "video", "results"])
def test_cancelling_leaves_nothing_behind(tmp_path, kind):
    form = new_export(kind, SHAPES, tmp_path).checked()
    calls = []

    def cancel(share, text=""):
        calls.append(share)
        if len(calls) > 1:
            raise JobCancelledError

    with pytest.raises(JobCancelledError):
        form.work()(cancel)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [
        ("cut", {"start_s": -1}, ConfigError),
        ("cut", {"start_s": 2, "end_s": 1}, ConfigError),
        ("convert", {"out": "a.es"}, ConfigError),
        ("video", {"out": "a.avi"}, ConfigError),
        ("results", {"out": "taken.jsonl"}, OutputError),
    ],
)
def test_fields_that_cannot_be_used_are_told_before_anything_is_done(tmp_path, kind, fields, error):
    (tmp_path / "taken.jsonl").touch()
    out = fields.pop("out", None)
    form = replace(new_export(kind, SHAPES, tmp_path), **fields)
    form = form if out is None else replace(form, out=tmp_path / out)
    with pytest.raises(error):
        form.checked()


def test_new_files_never_take_the_name_of_others(tmp_path):
    (tmp_path / "shapes.raw").touch()
    assert new_export("convert", SHAPES, tmp_path).out.name == "shapes-2.raw"


def test_a_sound_recording_is_said_to_be_sound():
    summary = inspect(SHAPES, ignore)
    assert dict(summary_rows(summary))["Events"] == "292,020"
    assert "No damage" in damage_headline(summary)
    assert damage_rows(summary) == []


def test_damaged_places_are_listed_with_what_was_lost(tmp_path):
    content = bytearray(shipped_recording("shapes").read_bytes())
    content[400_000:400_400] = bytes(400)
    path = tmp_path / "hurt.aedat4"
    path.write_bytes(content)
    summary = inspect(str(path), ignore)
    assert "damaged place" in damage_headline(summary)
    kind, place, message, _ = damage_rows(summary)[0]
    assert kind
    assert place.startswith("bytes ")
    assert message
