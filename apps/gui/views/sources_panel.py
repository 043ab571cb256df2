"""Where events come from: recordings, cameras, the network, simulated cameras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..camera_desk import CameraDesk
from ..controller import Controller
from ..messages import Notice
from ..opening import dropped_sources, open_filters
from ..preferences import settings_folder
from ..state import AppState, SourcePart
from .camera_panel import CameraPanel
from .network_panel import NetworkPanel
from .observing import observe_while
from .simulator_panel import SimulatorPanel
from .words import button, label, set_role

Open = Callable[[str, str | None], object]
"""Opens a source by name, with a file of camera settings if there is one."""

_EDGES_PX = 12
_ROLE = Qt.ItemDataRole.UserRole


class FilesPanel(QWidget):
    """Opens recordings: by dialog, by dropping them, from those used lately.

    Args:
        open_file: Asks for a file and opens it.
        open_source: Opens a recording by name.
        parent: As for all widgets.
    """

    def __init__(
        self,
        open_file: Callable[[], object],
        open_source: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_source = open_source
        self._names: tuple[str, ...] = ()
        self.setAcceptDrops(True)
        self.recent = QListWidget()
        self.recent.setAccessibleName("Recordings opened lately")
        self.recent.itemActivated.connect(self._activate)
        self.empty = label("Recordings that you open appear here.", "faint", wraps=True)
        self.notice = label("", "bad", wraps=True)
        self.notice.hide()
        row = QHBoxLayout()
        row.addWidget(button("Open file…", open_file, "Open a recording (Ctrl+O)", leading=True))
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(label("or drop a file, or a folder of recordings, here", "faint"))
        layout.addWidget(self.notice)
        layout.addWidget(label("Opened lately", "heading"))
        layout.addWidget(self.empty)
        layout.addWidget(self.recent, 1)
        layout.addStretch(0)
        self.recent.hide()

    def show_recent(self, names: tuple[str, ...]) -> None:
        """List recordings; those that are gone are grey."""
        if names == self._names:
            return
        self._names = names
        self._fill([(name, Path(name.partition("#")[0]).exists()) for name in names])

    def _fill(self, names: list[tuple[str, bool]]) -> None:
        self.recent.clear()
        for name, is_there in names:
            item = QListWidgetItem(Path(name).name or name)
            item.setData(_ROLE, name)
            item.setToolTip(name if is_there or ":" in name else f"{name}\nit is not there now")
            if not is_there and ":" not in name:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.recent.addItem(item)
        self.empty.setVisible(not names)
        self.recent.setVisible(bool(names))

    def _activate(self, item: QListWidgetItem) -> None:
        self._open_source(item.data(_ROLE))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        mime = None if event is None else event.mimeData()
        if event is not None and mime is not None and mime.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Open the first recording that was dropped, and list the others."""
        mime = None if event is None else event.mimeData()
        if mime is not None:
            self.drop([url.toLocalFile() for url in mime.urls()])

    def drop(self, paths: list[str]) -> None:
        """Open the first recording among files and folders, and list them all."""
        found, problem = dropped_sources(paths)
        self.notice.setText(problem)
        self.notice.setVisible(bool(problem))
        if found:
            self._open_source(found[0])
        if len(found) > 1:
            self._fill([(name, True) for name in found])


class SourcesPanel(QWidget):
    """All kinds of sources behind tabs, and what is open now above them.

    Args:
        files: Tab for recordings.
        cameras: Tab for cameras.
        open_source: Opens what the other tabs ask for.
        close_source: Closes what is open.
        parent: As for all widgets.
    """

    def __init__(
        self,
        files: FilesPanel,
        cameras: CameraPanel,
        open_source: Open,
        close_source: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.files, self.cameras = files, cameras
        self.network, self.simulator = NetworkPanel(), SimulatorPanel()
        self.now = label("nothing is open", "heading", wraps=True)
        self.about = label("", "faint", wraps=True)
        self.trouble = label("", "warn", wraps=True)
        self.close_button = button("Close", close_source, "Close the source (Ctrl+W)")
        head = QHBoxLayout()
        head.addWidget(self.now, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.tabs = QTabWidget()
        for page, title, tip in (
            (files, "&Files", "Recordings in any format"),
            (cameras, "&Cameras", "Attached cameras and their settings"),
            (self.network, "&Network", "Streams from other programs and machines"),
            (self.simulator, "Si&mulator", "No camera? Try one"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(page, title), tip)
        if (bar := self.tabs.tabBar()) is not None:
            bar.ensurePolished()
            self.tabs.setMinimumWidth(bar.sizeHint().width() + _EDGES_PX)  # all titles are seen
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.about)
        layout.addWidget(self.trouble)
        layout.addWidget(self.tabs, 1)
        cameras.wanted.connect(lambda name, settings: open_source(name, settings or None))
        cameras.simulator_wanted.connect(lambda: self.tabs.setCurrentWidget(self.simulator))
        self.network.wanted.connect(lambda name: open_source(name, None))
        self.simulator.wanted.connect(lambda name: open_source(name, None))

    def stop(self) -> None:
        """End all threads; the panel is not used any more."""
        self.cameras.stop()

    def show_source(self, part: SourcePart) -> None:
        """Show what is open, and what is wrong with it."""
        name = Path(part.name).name if part.name and ":" not in part.name else part.name
        self.now.setText(name or "nothing is open")
        self.now.setToolTip(part.name)
        self.close_button.setEnabled(bool(part.name))
        info = part.info
        if info is not None:
            camera = f", {info.camera}" if info.camera else ""
            self.about.setText(f"{info.format}, {info.sensor} px{camera}")
            self.about.setToolTip("\n".join(info.notes))
            self.cameras.set_sensor(info.sensor if part.is_live else None)
        else:
            doing = "could not be opened" if part.failed else "opening …"
            self.about.setText(doing if part.name else "")
        self.about.setVisible(bool(self.about.text()))
        waiting = f"waiting for the camera: {part.waiting}" if part.waiting else ""
        damage = f"damaged: {part.damage}" if part.damage else ""
        self.trouble.setText("\n".join(line for line in (waiting, damage) if line))
        self.trouble.setVisible(bool(waiting or damage))
        set_role(self.trouble, "warn")
        self.files.show_recent(part.recent)


def make(state: AppState, controller: Controller) -> SourcesPanel:
    """Make the panel."""

    def open_source(name: str, settings: str | None) -> None:
        controller.source.open(name, settings=settings)

    def tell(text: str) -> None:
        controller.player.tell(Notice("source", text, "warning"))

    desk = CameraDesk(settings_folder() / "cameras", lambda: controller.player.source, tell)
    files = FilesPanel(
        lambda: ask_for_file(panel, controller), lambda name: open_source(name, None)
    )
    panel = SourcesPanel(files, CameraPanel(desk), open_source, controller.source.close)
    observe_while(panel, state.source, panel.show_source)
    controller.at_quit(panel.stop)
    return panel


def ask_for_file(parent: QWidget, controller: Controller) -> None:
    """Ask for a recording and open it."""
    title = "Open a recording"
    name, _ = QFileDialog.getOpenFileName(parent, title, "", ";;".join(open_filters()))
    if name:
        controller.source.open(name)
