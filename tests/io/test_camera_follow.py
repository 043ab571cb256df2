"""A camera's file of settings, changed while the camera runs."""

from __future__ import annotations

import time

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, ConfigError, SensorSize
from eventvision.io import follow_settings, open_source, save_settings
from eventvision.io._cameras import follow, source
from eventvision.io._cameras.driver import Batch, CameraDescription
from eventvision.io._cameras.settings import Evk4Settings
from eventvision.io._cameras.source import CameraSource
from eventvision.pipeline import RunConfig, replay

SENSOR = SensorSize(64, 48)
SOON_S = 120.0


class FakeCamera:
    """Driver and session of one camera that says something all the time."""

    name, models, missing, sensor = "fake", ("evk4",), "", SENSOR

    def __init__(self, bursts: int = 10**9) -> None:
        self.settings: list[Evk4Settings] = []
        self.said, self.bursts = 0, bursts

    def discover(self) -> list[CameraDescription]:
        return [CameraDescription(driver="fake", model="evk4", title="Fake", serial="7")]

    def open(self, camera, settings):
        self.settings.append(settings)
        return self

    def read(self, timeout_s: float) -> Batch | None:
        time.sleep(0.005)
        if self.said >= self.bursts:
            return None
        events = np.zeros(50, EVENT_DTYPE)
        events["t"] = 5_000 * self.said + np.arange(50)
        self.said += 1
        return Batch(events=events)

    def apply(self, settings) -> None:
        if settings.bias_fo == 55:
            raise ConfigError("bias_fo", 55, "less than that")
        self.settings.append(settings)

    def close(self) -> None:
        pass


@pytest.fixture
def camera(monkeypatch) -> FakeCamera:
    monkeypatch.setattr(follow, "LOOK_EVERY_S", 0.01)
    fake = FakeCamera()
    monkeypatch.setattr(source, "DRIVERS", (fake,))
    return fake


def wait_for(condition) -> None:
    give_up_s = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < give_up_s, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "evk4.json"
    save_settings(Evk4Settings(bias_fo=1), path)
    return path


def write_at_once(path, text: str) -> None:
    """Replace a file as editors do: nobody sees a part of it."""
    part = path.with_name("part")
    part.write_text(text)
    part.replace(path)


@pytest.mark.parametrize("named", [True, False])
def test_a_changed_file_takes_effect_and_is_told(camera, settings, named):
    name, given = (f"camera:?settings={settings}", None) if named else ("camera:", settings)
    told: list[str] = []
    with open_source(name, settings=given) as opened, follow_settings(opened, told.append):
        save_settings(Evk4Settings(bias_fo=20, bias_hpf=3), settings)
        wait_for(lambda: told)
    assert [kept.bias_fo for kept in camera.settings] == [1, 20]
    assert told == ["camera:: bias_fo 1 -> 20, bias_hpf 0 -> 3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"model": "evk4", "bias_fo": 99}', ("bias_fo", "-35 to 55")),
        ('{"model": "evk4", "bias_fo": 55}', ("bias_fo", "less than that")),
        ('{"model": "evk4", "bia', ("settings as JSON",)),
        ('{"model": "davis"}', ("davis", "settings of evk4")),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_changes_nothing(camera, settings, text, words):
    told: list[str] = []
    with open_source("camera:", settings=settings) as opened, follow_settings(opened, told.append):
        write_at_once(settings, text)
        wait_for(lambda: told)
        assert isinstance(opened, CameraSource)
        assert opened.settings == Evk4Settings(bias_fo=1)
        save_settings(Evk4Settings(bias_fo=2), settings)
        wait_for(lambda: len(told) == 2)
    assert all(word in told[0] for word in (*words, "the settings stay as they were"))
    assert camera.settings[-1].bias_fo == 2


def test_a_file_that_vanishes_for_a_while_changes_nothing(camera, settings):
    told: list[str] = []
    with open_source("camera:", settings=settings) as opened, follow_settings(opened, told.append):
        settings.unlink()
        time.sleep(0.1)
        save_settings(Evk4Settings(bias_fo=3), settings)
        wait_for(lambda: len(camera.settings) > 1)
    assert [kept.bias_fo for kept in camera.settings] == [1, 3]


def test_other_sources_have_no_settings(settings):
    with pytest.raises(ConfigError, match=r"recording\.aedat4 is no camera"):
        open_source("recording.aedat4", settings=settings)


def test_a_replay_opens_its_camera_with_the_settings_and_follows_them(camera, settings, tmp_path):
    told: list[str] = []
    config = RunConfig(
        source="camera:",
        settings=settings,
        end_s=1.0,
        filters="",
        tasks=(),
        results=tmp_path / "results.jsonl",
    )

    def save_once(_) -> None:
        if not told:
            save_settings(Evk4Settings(bias_fo=9), settings)
            wait_for(lambda: told)

    summary = replay(config, save_once, told.append)
    assert [kept.bias_fo for kept in camera.settings] == [1, 9]
    assert told == ["camera:: bias_fo 1 -> 9"]
    assert summary.events > 0
