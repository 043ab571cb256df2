"""What an extra brings is asked for by name where it is not installed; nothing else needs it."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from eventvision.core import EventVisionError, SensorSize
from eventvision.io import camera_drivers
from eventvision.simulation import VideoScene
from eventvision.sinks import VideoSink

SENSOR = SensorSize(64, 48)
ROOT = Path(__file__).parents[1]


@pytest.fixture
def without_extras(monkeypatch):
    found = importlib.util.find_spec
    gone = {"av", "dv_processing", "neuromorphic_drivers"}

    def find(name: str, *more: object):
        return None if name in gone else found(name, *more)

    for module in ("sinks._encoder", "simulation._video"):
        monkeypatch.setattr(f"eventvision.{module}.find_spec", find)
    monkeypatch.setattr(importlib.util, "find_spec", find)


NEEDS_VIDEO = {
    "writing a video": lambda path: VideoSink(path, SENSOR),
    "reading a video": lambda path: VideoScene(path, sensor=SENSOR),
}


@pytest.mark.usefixtures("without_extras")
@pytest.mark.parametrize("what", NEEDS_VIDEO)
def test_videos_without_their_extra_are_refused_in_one_line_that_names_it(what, tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"anything")
    with pytest.raises(EventVisionError, match=re.escape("pip install 'eventvision[video]'")) as no:
        NEEDS_VIDEO[what](path)
    assert len(str(no.value).splitlines()) == 1


@pytest.mark.usefixtures("without_extras")
def test_drivers_without_their_extra_find_no_camera_and_say_what_is_missing():
    for driver in camera_drivers():
        assert "pip install 'eventvision[camera]'" in driver.missing
        assert driver.discover() == []


def test_every_extra_that_is_named_anywhere_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    files += [*(ROOT / "eventvision").rglob("*.py"), *(ROOT / "apps").rglob("*.py")]
    named = {
        (name.strip(), path.name)
        for path in files
        for names in re.findall(r"eventvision\[([\w,]+)\]", path.read_text(encoding="utf-8"))
        for name in names.split(",")
    }
    assert len(named) > 10
    assert {name for name, _ in named} <= set(extras)
