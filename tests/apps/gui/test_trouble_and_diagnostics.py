"""Problems in plain words, diagnostics without secrets, themes that can be read, samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from eventvision_apps.gui.diagnostics import collect, snapshot, without_secrets
from eventvision_apps.gui.samples import SAMPLES, STEPS, samples, thumbnail
from eventvision_apps.gui.state import AppState, Problem, SourcePart
from eventvision_apps.gui.theme import DARK, LIGHT, chosen_theme, contrast
from eventvision_apps.gui.trouble import drops, source_problems, worst


@pytest.mark.parametrize(
    ("cause", "place", "part"),
    [
        ("slices: results too slow", "pipeline", "3 slices lost (results too slow); switch a task"),
        ("events: damaged", "source", "Repair"),
        ("events: not recorded, disk too slow", "recording", "faster disk"),
        ("results: eye-small had no device", "device", "started again"),
        ("events: read too slowly", "source", "3 events lost"),
        ("something new", "source", "3 something new lost"),
    ],
)
def test_what_is_lost_is_told_with_place_and_remedy(cause, place, part):
    (drop,) = drops({cause: 3, "events: other": 0})
    assert drop.place == place
    assert part in drop.text


def test_a_camera_that_is_away_and_damage_are_problems_of_the_source():
    part = SourcePart(name="camera:", waiting="the camera is away", damage="1x truncated")
    texts = [problem.text for problem in source_problems(part)]
    assert "used again as soon as it is back" in texts[0]
    assert "1x truncated" in texts[1]
    assert source_problems(SourcePart()) == ()
    (problem,) = source_problems(SourcePart(name="a"), {"corrupt-packet": 2})
    assert "2x corrupt-packet" in problem.text


def test_the_worst_problem_decides():
    problems = [Problem(where="source", text="", severity=each) for each in ("info", "warning")]
    assert worst(tuple(problems)) == "warning"
    assert worst(()) is None


@pytest.mark.parametrize(
    "text",
    [
        "tcp://h:1?token=s3cret&sensor=1x1",
        '{"mqtt": {"password": "s3cret"}}',
        "password: s3cret",
        "API_TOKEN=s3cret",
        "client_secret = 's3cret'",
    ],
)
def test_secrets_are_hidden(text):
    hidden = without_secrets(text)
    assert "s3cret" not in hidden
    assert "(hidden)" in hidden


@pytest.mark.parametrize("text", ["token_file=/a/b", "tokens per second", "keyboard: us"])
def test_what_is_no_secret_stays(text):
    assert without_secrets(text) == text


def test_diagnostics_tell_versions_devices_settings_and_problems_but_not_the_home_folder():
    state = AppState()
    state.source.set(SourcePart(name=f"{Path.home()}/a.raw"))
    state.problems.set((Problem(where="device", text="onnx: failed"),))
    text = collect(snapshot(state))
    for part in ("[eventvision]", "numpy ", "[devices]", "[cameras]", "slicer: ", "onnx: failed"):
        assert part in text
    assert "~/a.raw" in text
    assert str(Path.home()) not in text


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(
    ("text", "behind", "least"),
    [
        ("text", "window", 7), ("text", "field", 7), ("text", "raised", 7),
        ("faint", "window", 4.5),
        ("faint", "field", 4.5), ("on_accent", "accent", 4.5), ("good", "window", 4.5),
        ("warn", "window", 4.5), ("bad", "window", 4.5), ("warn", "field", 4.5),
        ("bad", "field", 4.5), ("window", "bad", 4.5), ("event_on", "stage", 3),
        ("event_off", "stage", 3),
    ],
)  # fmt: skip
def test_text_can_be_read(theme, text, behind, least):
    assert contrast(getattr(theme, text), getattr(theme, behind)) >= least


def test_contrast_runs_from_1_to_21():
    assert contrast(0x808080, 0x808080) == pytest.approx(1)
    assert contrast(0x000000, 0xFFFFFF) == pytest.approx(21)


def test_the_system_decides_unless_the_user_does():
    assert chosen_theme("system", system_is_dark=True) is DARK
    assert chosen_theme("system", system_is_dark=False) is LIGHT
    assert chosen_theme("light", system_is_dark=True) is LIGHT
    assert chosen_theme("dark", system_is_dark=False) is DARK


def test_samples_ship_and_say_what_they_are_for():
    found = samples()
    assert [sample.name for sample in found] == list(SAMPLES)
    assert all(sample.path.is_file() and sample.about.endswith(".") for sample in found)
    assert len(STEPS) == 3


def test_a_thumbnail_shows_events_in_both_colours():
    picture = thumbnail(samples()[0].path, on=0xFF0000, off=0x0000FF, background=0)
    assert picture.shape == (168, 224)
    assert set(np.unique(picture)) == {0xFF000000, 0xFF0000FF, 0xFFFF0000}
