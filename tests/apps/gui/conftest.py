"""Windows without a screen; no thread may be left behind."""

from __future__ import annotations

import os
import threading

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")


@pytest.fixture
def no_thread_stays():
    """Fail if a thread that was begun meanwhile goes on."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(120)
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def application(no_thread_stays, tmp_path, qtbot, monkeypatch):
    """A state and a controller that keep nothing, ended afterwards."""
    from eventvision_apps.gui.controller import Controller
    from eventvision_apps.gui.state import AppState

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    state = AppState()
    controller = Controller(state)
    yield state, controller
    controller.quit()
