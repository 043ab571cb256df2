"""Draws docs/gui/*.png: every panel of the desktop application, taken from real windows.

    xvfb-run -s "-screen 0 1600x1000x24" python docs/scripts/gui_pictures.py [NAME …]

Shown are the recordings that ship with the project and simulated cameras. The list of cameras is a
stand-in, since no camera is attached to the machine that draws; its settings are the real ones.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HOME = Path(tempfile.gettempdir()) / "me"
os.environ["HOME"] = str(HOME)
os.environ["XDG_CONFIG_HOME"] = str(HOME / ".config")

from eventvision_apps.gui.controller import Controller  # noqa: E402 - HOME comes first
from eventvision_apps.gui.state import AppState  # noqa: E402
from eventvision_apps.gui.theme import ThemeName  # noqa: E402
from eventvision_apps.gui.views import dialogs, going, record_panel  # noqa: E402
from eventvision_apps.gui.views.activity_strip import ActivityStrip  # noqa: E402
from eventvision_apps.gui.views.main_window import MainWindow  # noqa: E402
from eventvision_apps.gui.views.pipeline_panel import PipelinePanel  # noqa: E402
from eventvision_apps.gui.views.sources_panel import SourcesPanel  # noqa: E402
from eventvision_apps.gui.views.theme_style import follow_theme  # noqa: E402
from eventvision_apps.gui.views.welcome import WelcomePage, attach_welcome  # noqa: E402
from PyQt6.QtCore import QEvent  # noqa: E402
from PyQt6.QtWidgets import QApplication, QDialog, QWidget  # noqa: E402

from eventvision.io import CameraDescription  # noqa: E402
from eventvision.simulation import shipped_recording  # noqa: E402

FOLDER = Path(__file__).parents[1] / "gui"
PATIENCE_S = 400.0
SLOWLY = 0.1
CAMERA = CameraDescription(
    driver="neuromorphic-drivers",
    model="evk4",
    title="Prophesee EVK4",
    serial="00050423",
    connection="USB 3",
)


class Studio:
    """A window that pictures are taken of.

    Args:
        application: The one application.
        theme: Its colours.
    """

    def __init__(self, application: QApplication, theme: ThemeName = "dark") -> None:
        self._application = application
        self.state = AppState()
        self.controller = Controller(self.state)
        self.controller.preferences.change(theme=theme, pre_roll_s=2.0)
        follow_theme(application, self.state)
        self.window = MainWindow(self.state, self.controller)
        self.window.resize(1440, 900)
        self.window.show()
        self.wait(0.5)

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._application.processEvents()
            self._application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            time.sleep(0.005)

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the window live until something holds.

        Raises:
            TimeoutError: If it never does.
        """
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end_s:
                raise TimeoutError("what the picture is to show did not come")
            self.wait(0.05)

    def open(self, name: str, until_s: float) -> None:
        """Open a recording, play it to a time and hold it there.

        It is played slowly, so that a busy machine does not show its own troubles.
        """
        self.controller.playback.set_speed(SLOWLY)
        self.controller.source.open(name)
        playback = self.state.playback
        self.until(lambda: playback.value.phase == "playing")
        first_us = playback.value.first_us
        self.until(lambda: playback.value.position_us >= first_us + until_s * 1e6)
        self.controller.playback.pause()
        self.controller.playback.set_speed(1.0)
        self.wait(1.5)

    def go_live(self, name: str) -> None:
        """Open a simulated camera and wait for its events."""
        self.controller.source.open(name)
        self.until(lambda: self.state.playback.value.phase == "playing")
        self.wait(4)

    def take(self, widget: QWidget, name: str) -> None:
        """Save the picture of a widget."""
        self.wait(0.4)
        widget.grab().save(str(FOLDER / f"{name}.png"))
        print(f"{name}.png")  # noqa: T201

    def dialog(self) -> QDialog:
        """Return the dialog that was opened last."""
        return self.window.findChildren(QDialog)[-1]

    def panel(self, title: str) -> QWidget:
        """Show a panel and return its frame."""
        self.window.show_panel(title)
        self.wait(0.5)
        return self.window.docks[title]

    def close(self) -> None:
        """Close the window."""
        self.window.close()
        self.window.deleteLater()
        self._application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.wait(0.2)


def sample(name: str) -> str:
    """Return a copy of a shipped recording in a place that looks like anybody's."""
    folder = HOME / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy(shipped_recording(name), folder))


def damaged() -> str:
    """Return a recording with a damaged place."""
    path = Path(sample("shapes"))
    content = bytearray(path.read_bytes())
    content[400_000:400_900] = bytes(900)
    hurt = path.with_name("damaged.aedat4")
    hurt.write_bytes(content)
    return str(hurt)


def welcome(studio: Studio) -> None:
    """Take what one sees first."""
    attach_welcome(studio.window)
    page = studio.window.grid.findChild(WelcomePage)
    if page is not None:
        studio.until(lambda: not any(card.icon().isNull() for card in page.cards.values()))
    studio.take(studio.window, "welcome")


def window(studio: Studio) -> None:
    """Take the whole window with a recording."""
    studio.open(sample("street"), 1.2)
    studio.take(studio.window, "window")
    studio.take(studio.panel("Timeline"), "timeline")
    studio.take(studio.panel("Pipeline"), "pipeline")
    studio.controller.pipeline.set_task("reconstruction", on=True)
    studio.open(sample("street"), 1.2)
    studio.window.docks["Sources"].hide()
    studio.controller.views.set_count(2)
    studio.controller.views.set_base("reconstruction", 1)
    studio.wait(4)
    studio.take(studio.window.grid, "views")
    studio.controller.views.set_count(1)
    studio.window.docks["Sources"].show()
    going.to_cloud(studio.window)
    studio.wait(3)
    studio.take(studio.panel("3-D"), "cloud")
    dialogs.video(studio.window)
    studio.take(studio.dialog(), "export-video")
    studio.dialog().close()


def learned(studio: Studio) -> None:
    """Take what the shipped networks say: four views, slices of the trigger, spiking activity."""
    pipeline = studio.controller.pipeline
    pipeline.set_slicer("trigger:model=trigger-nano")
    for name in ("reconstruction", "detection", "segmentation", "depth"):
        pipeline.set_task(name, on=True)
        pipeline.set_method(name, "model")
    studio.controller.views.set_count(4)
    for view, base in enumerate(("segmentation", "depth", "reconstruction", "ground")):
        studio.controller.views.set_base(base, view)
    panel = studio.window.show_panel("Pipeline")
    strip = None if panel is None else panel.findChild(ActivityStrip)
    if not isinstance(panel, PipelinePanel) or strip is None:
        return
    strip.measure.setChecked(True)
    studio.window.docks["Sources"].hide()
    studio.open(sample("street"), 1.6)
    studio.take(studio.window, "learned")
    panel.ensureWidgetVisible(strip)
    studio.take(strip, "activity")


def places(studio: Studio) -> None:
    """Take an alarm that the event graph raises, and a line and a zone at which is counted."""
    pipeline = studio.controller.pipeline
    pipeline.set_method("graph", "score=0.2")
    pipeline.set_task("graph", on=True)
    pipeline.watch_region("120x120+0+60:score=0.3")
    pipeline.count_at("line=173x250-173x10@middle")
    pipeline.count_at("zone=100x90+226+90@right")
    studio.open(sample("street"), 1.2)
    alarms = studio.state.history
    studio.controller.playback.set_speed(SLOWLY)
    studio.controller.playback.toggle()
    studio.until(lambda: bool(alarms.value.rows.size and alarms.value.rows["alarm"][-1]))
    studio.controller.playback.pause()
    studio.wait(1)
    studio.take(studio.window.grid, "places")


def window_light(studio: Studio) -> None:
    """Take the whole window in light colours."""
    studio.controller.views.set_palette("light")
    studio.open(sample("juggle"), 0.8)
    going.to_cloud(studio.window)
    studio.wait(3)
    studio.take(studio.window, "window-light")


def sources(studio: Studio) -> None:
    """Take the ways to open something."""
    panel = studio.window.show_panel("Sources")
    if not isinstance(panel, SourcesPanel):
        return
    panel.cameras.watch.stop()
    panel.cameras.show_cameras((CAMERA,), "")
    for name in ("cameras", "network", "simulator"):
        panel.tabs.setCurrentWidget(getattr(panel, name))
        if name == "cameras":
            panel.cameras.watch.stop()
            panel.cameras.show_cameras((CAMERA,), "")
        studio.take(studio.window.docks["Sources"], f"sources-{name}")
    for name in ("street", "room", "juggle"):
        studio.controller.source.remember(sample(name))
    panel.tabs.setCurrentIndex(0)
    studio.take(studio.window.docks["Sources"], "sources-files")


def recording(studio: Studio) -> None:
    """Take a recording that is being made, and what a panel says then."""
    studio.go_live("sim:shapes")
    record_panel.space(studio.window)
    studio.wait(6)
    studio.take(studio.panel("Recording"), "recording")
    record_panel.space(studio.window)
    studio.wait(1)


def problems(studio: Studio) -> None:
    """Take what is said about damage and about what cannot be opened."""
    studio.open(damaged(), 1.5)
    studio.controller.problems.add(
        "device",
        "device onnx:cuda: it failed (out of memory) and is started again; the CPU takes over",
        "warning",
    )
    studio.take(studio.panel("Problems"), "problems")
    dialogs.contents(studio.window)
    studio.wait(4)
    studio.take(studio.dialog(), "contents")
    studio.dialog().close()


def keys(studio: Studio) -> None:
    """Take the list of keys."""
    dialogs.keys(studio.window)
    studio.take(studio.dialog(), "keys")
    studio.dialog().close()


PICTURES: dict[str, tuple[Callable[[Studio], None], ThemeName]] = {
    "welcome": (welcome, "dark"),
    "window": (window, "dark"),
    "learned": (learned, "dark"),
    "places": (places, "dark"),
    "window-light": (window_light, "light"),
    "sources": (sources, "dark"),
    "recording": (recording, "dark"),
    "problems": (problems, "dark"),
    "keys": (keys, "light"),
}


def main(names: list[str]) -> None:
    """Take the pictures that are named, or all."""
    FOLDER.mkdir(exist_ok=True)
    HOME.mkdir(exist_ok=True)
    application = QApplication(sys.argv[:1])
    for name in names or PICTURES:
        take, theme = PICTURES[name]
        studio = Studio(application, theme)
        take(studio)
        studio.close()


if __name__ == "__main__":
    main(sys.argv[1:])
