"""From a key to a file: recording in the window, and panels that follow the state."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventvision.io import open_source, scan
from eventvision.simulation import shipped_recording

PATIENCE_MS = 120_000


def events_in(file: Path) -> int:
    with open_source(file) as recorded:
        return scan(recorded).events


@pytest.fixture
def window(application, qtbot, tmp_path):
    from eventvision_apps.gui.views.main_window import MainWindow

    state, controller = application
    controller.preferences.change(record_folder=str(tmp_path / "recordings"))
    made = MainWindow(state, controller)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


def test_one_key_records_what_is_played_to_a_new_file(window, qtbot, tmp_path):
    from eventvision_apps.gui.views.record_panel import record_or_stop

    state, controller = window.state, window.controller
    controller.playback.set_speed(0.1)
    controller.source.open(shipped_recording("room"))
    qtbot.waitUntil(lambda: state.playback.value.phase == "playing", timeout=PATIENCE_MS)
    sources = window.show_panel("Sources")
    assert sources.now.text() == "room.aedat4"
    panel = window.show_panel("Recording")
    record_or_stop(window)
    qtbot.waitUntil(lambda: state.recording.value.seconds > 0, timeout=PATIENCE_MS)
    assert panel.record.text() == "■ Stop"
    record_or_stop(window)
    qtbot.waitUntil(lambda: not state.recording.value.path, timeout=PATIENCE_MS)
    controller.source.close()
    (file,) = (tmp_path / "recordings").glob("room-*.aedat4")
    qtbot.waitUntil(lambda: events_in(file) > 0, timeout=PATIENCE_MS)  # a thread finishes it


def test_with_nothing_open_there_is_nothing_to_record(window):
    from eventvision_apps.gui.views import dialogs
    from eventvision_apps.gui.views.record_panel import space

    space(window)
    assert not window.state.recording.value.path
    dialogs.convert(window)
    assert "open a recording first" in window.state.problems.value[-1].text


def test_a_file_that_cannot_be_opened_is_told_over_the_views(window, qtbot, tmp_path):
    from eventvision_apps.gui.views.problem_banner import ProblemBanner

    (tmp_path / "odd.xyz").write_bytes(bytes(99))
    window.controller.source.open(tmp_path / "odd.xyz")
    banner = window.grid.findChild(ProblemBanner)
    qtbot.waitUntil(banner.isVisible, timeout=PATIENCE_MS)
    assert "odd.xyz" in banner.text.text()
