"""The whole application: every kind of recording opens and plays; everything at once; the end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from eventvision_apps.gui.views import dialogs
from eventvision_apps.gui.views.export_dialog import ExportDialog
from eventvision_apps.gui.views.main_window import MainWindow
from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QApplication

from eventvision.simulation import shipped_recording

PATIENCE_MS = 120_000
KINDS = (
    "aedat2/person_walking_dvs128.aedat",
    "aedat4/road_davis346.aedat4",
    "dat/ncars_car.dat",
    "es/ncars_car.es",
    "evt2/sparklers.raw",
    "evt3/sparse_hd.raw",
    "gesture/1_hand_clap_dvs128.bs2",
    "mat/garfield_dvs128.mat",
    "mnist_dvs/mnist_dvs_60.npz#3",
    "nmnist/sample_nmnist.bin",
    "person_boxes/frame0000009.npy",
    "rosbag/vga_evt3.bag",
    "txt/slider_depth/events_chunk.txt",
)


class Application:
    """A window, and waiting for what happens in it."""

    def __init__(self, window: MainWindow, qtbot) -> None:
        self.window, self.state, self.controller = window, window.state, window.controller
        self._qtbot = qtbot

    def until(self, is_so: Callable[[], object]) -> None:
        self._qtbot.waitUntil(lambda: bool(is_so() or self.errors), timeout=PATIENCE_MS)
        assert not self.errors

    @property
    def tasks_on(self) -> set[str]:
        status = self.state.status.value
        return {name for name, task in status.tasks.items() if task.on} if status else set()

    def export(self, kind: str, out: Path) -> None:
        """Have the dialog make something of what is open, and close it."""
        dialogs.export(self.window, kind)
        dialog = self.window.findChildren(ExportDialog)[-1]
        dialog.out.setText(str(out))
        dialog.start_job()
        self.until(lambda: out.is_file() and not dialog.strip.is_running)
        dialog.close()

    @property
    def phase(self) -> str:
        return self.state.playback.value.phase

    @property
    def errors(self) -> list[str]:
        return [each.text for each in self.state.problems.value if each.severity == "error"]


def delete_what_is_due() -> None:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def shared_memory() -> set[str]:
    folder = Path("/dev/shm")
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


@pytest.fixture
def nothing_stays():
    """Fail if widgets or shared memory are left behind; threads are the application's fixture's."""
    delete_what_is_due()
    widgets, memory = len(QApplication.allWidgets()), shared_memory()
    yield
    delete_what_is_due()
    gc.collect()
    assert len(QApplication.allWidgets()) <= widgets
    assert not {name for name in shared_memory() - memory if name.startswith(("psm_", "sem."))}


@pytest.fixture
def running(nothing_stays, application, qtbot) -> Application:
    window = MainWindow(*application)
    window.show()
    yield Application(window, qtbot)
    window.close()
    window.deleteLater()


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_recording_opens_plays_and_is_sought(shared_recordings, running, name):
    if not Path(str(shared_recordings / name).partition("#")[0]).exists():
        pytest.skip(f"{name} is not there")
    controller, state = running.controller, running.state
    controller.playback.set_loops(loops=True)
    controller.source.open(shared_recordings / name)
    running.until(lambda: running.phase == "playing" and controller.shown is not None)
    controller.playback.pause()
    controller.playback.seek(state.playback.value.first_us + 20_000)
    running.until(lambda: not state.playback.value.is_seeking)
    controller.source.close()
    assert running.phase == "empty"


def test_everything_happens_at_once(running, tmp_path):
    controller, state = running.controller, running.state
    target, exported = tmp_path / "recorded.aedat4", tmp_path / "results.jsonl"
    every = [task.name for task in state.pipeline.value.tasks]
    controller.playback.set_loops(loops=True)
    controller.source.open(shipped_recording())
    running.until(lambda: running.phase == "playing" and controller.shown is not None)
    controller.views.set_count(4)
    controller.recording.start(target)
    controller.pipeline.watch_region("100x100+0+0")
    controller.pipeline.set_method("counting", "line=0x130-345x130")
    for name in every:
        assert controller.pipeline.set_task(name, on=True)
    running.until(lambda: running.tasks_on == set(every))
    running.until(lambda: len(controller.shown.pictures) == 4)
    running.until(lambda: state.recording.value.bytes > 0 or target.is_file())
    for name in every:
        assert controller.pipeline.set_task(name, on=False)
    running.until(lambda: not running.tasks_on)
    controller.playback.pause()
    controller.playback.step(-1)
    controller.recording.stop()
    running.until(target.is_file)
    running.export("results", exported)
    for title in running.window.docks:
        running.window.show_panel(title)
    running.until(lambda: state.playback.value.last_us is not None)
    running.window.close()
    assert target.stat().st_size > 0
    assert exported.read_text().count("\n") > 10


def test_a_window_has_many_widgets_before_it_is_closed(running, qtbot):
    running.controller.views.set_count(4)
    qtbot.wait(50)
    assert len(QApplication.allWidgets()) > 50
    running.window.close()
