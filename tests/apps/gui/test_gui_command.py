"""`eventvision gui` says what is missing instead of ending abruptly."""

from __future__ import annotations

import sys

import pytest
from eventvision_apps.cli.main import app
from typer.testing import CliRunner

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_it_says_so(monkeypatch):
    for name in SCREENS:
        monkeypatch.delenv(name, raising=False)
    outcome = CliRunner().invoke(app, ["gui"])
    assert outcome.exit_code == 2
    assert "no screen" in outcome.output


def test_without_pyqt6_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    outcome = CliRunner().invoke(app, ["gui"])
    assert outcome.exit_code == 2
    assert "pip install 'eventvision[gui]'" in outcome.output


def test_source_and_configuration_are_handed_on(monkeypatch, tmp_path):
    given = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(
        "eventvision_apps.gui.main.run", lambda source, config: given.append((source, config)) or 0
    )
    outcome = CliRunner().invoke(app, ["gui", "a.raw", "-c", str(tmp_path / "c.yaml")])
    assert outcome.exit_code == 0
    assert given == [("a.raw", tmp_path / "c.yaml")]
