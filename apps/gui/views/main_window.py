"""The window: event views in the middle, panels around them, menus above."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt, QTimer
from PyQt6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QTabWidget,
    QWidget,
)

from ..controller import Controller
from ..state import AppState, SourcePart, Viewport
from .commands import COMMANDS, MENUS, Command
from .event_grid import EventGrid
from .panels import PANELS, Panel
from .problem_banner import attach_banner
from .recent_menu import add_recent_menu
from .status_line import StatusLine
from .view_bar import ViewBar

AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
TICK_MS = 16
LOOK_MS = 20


class _Loading(QLabel):
    """Stands where a panel will be."""

    def __init__(self) -> None:
        super().__init__("loading…")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)


class MainWindow(QMainWindow):
    """Shows a state; panels come from `PANELS`, menus and keys from `COMMANDS`.

    Attributes:
        state: What is shown.
        controller: What it asks.
        docks: Panels by title.
    """

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self.state: AppState = state
        self.controller: Controller = controller
        self.docks: dict[str, QDockWidget] = {}
        self._menus: dict[str, QMenu] = {}
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.setTabPosition(AREAS["left"] | AREAS["right"], QTabWidget.TabPosition.North)
        self.grid: EventGrid = EventGrid(state, controller)
        self.setCentralWidget(self.grid)
        self.addToolBar(ViewBar(state, controller))
        self.setStatusBar(StatusLine(state))
        attach_banner(self)
        self._fill_menus()
        self._add_panels()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(controller.tick)
        self._timer.start(TICK_MS)
        self._forget = state.source.observe(self._name_source)

    def open_file(self) -> None:
        """Ask for a recording and open it."""
        from .sources_panel import ask_for_file

        ask_for_file(self, self.controller)

    def save_picture(self) -> None:
        """Ask for a name and save what the views show."""
        name, _ = QFileDialog.getSaveFileName(
            self, "Save picture", "eventvision.png", "Pictures (*.png)"
        )
        middle = self.centralWidget()
        if name and middle is not None and not middle.grab().save(name):
            self.controller.problems.add("file", f"{name}: cannot be written; choose another place")

    def show_panel(self, title: str) -> QWidget | None:
        """Show a panel in front of its neighbours and return what is in it."""
        dock = self.docks[title]
        dock.show()
        dock.raise_()
        self.controller.preload.join()
        self._fill(next(panel for panel in PANELS if panel.title == title))
        return dock.widget()

    def toggle_loop(self) -> None:
        """Begin again at the end, or not."""
        loops = not self.state.playback.value.loops
        self.controller.playback.set_loops(loops=loops)

    def show_all(self) -> None:
        """Show the whole sensor."""
        self.controller.views.look(Viewport())

    def toggle_full_screen(self) -> None:
        """Fill the screen, or not."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def event(self, event: QEvent | None) -> bool:
        """Leave Space to the button, box or list that has the focus."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Space
            and isinstance(self.focusWidget(), (QAbstractButton, QAbstractItemView, QComboBox))
        ):
            event.accept()
            return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        mime = None if event is None else event.mimeData()
        if event is not None and mime is not None and mime.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Open the first recording that was dropped."""
        from ..opening import dropped_sources

        mime = None if event is None else event.mimeData()
        if mime is None:
            return
        found, problem = dropped_sources(url.toLocalFile() for url in mime.urls())
        if found:
            self.controller.source.open(found[0])
        else:
            self.controller.problems.add("file", problem)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End everything."""
        self._timer.stop()
        self._forget()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        self.controller.quit()
        super().closeEvent(event)

    def _name_source(self, part: SourcePart) -> None:
        self.setWindowTitle(f"{part.name} – eventvision" if part.name else "eventvision")

    def _fill_menus(self) -> None:
        bar = self.menuBar()
        if bar is None:
            return
        for name in MENUS:
            menu = bar.addMenu(f"&{name}")
            if menu is not None:
                self._menus[name] = menu
        for command in COMMANDS:
            self._add_command(command)
        add_recent_menu(self._menus["File"], self.state, self.controller)

    def _add_command(self, command: Command) -> None:
        menu = self._menus[command.menu]
        if command.separated:
            menu.addSeparator()
        action = QAction(command.text, self)
        action.setShortcuts([QKeySequence(keys) for keys in command.keys])
        action.setToolTip(command.tip or command.text)
        action.setStatusTip(command.tip)
        action.triggered.connect(lambda _checked=False, command=command: command(self))
        menu.addAction(action)
        self.addAction(action)

    def _add_panels(self) -> None:
        for panel in PANELS:
            self._add_panel(panel)
        self._loading = QTimer(self)
        self._loading.setInterval(LOOK_MS)
        self._loading.timeout.connect(self._fill_heavy)
        self._loading.start()

    def _fill(self, panel: Panel) -> None:
        """Put the panel's widget into its dock, once what it stands on is there."""
        dock = self.docks.get(panel.title)
        is_there = not panel.is_heavy or self.controller.preload.is_done
        if dock is not None and is_there and isinstance(dock.widget(), _Loading):
            made = panel.make(self.state, self.controller)
            for button in made.findChildren(QAbstractButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to playing
            dock.setWidget(made)

    def _fill_heavy(self) -> None:
        """Fill the panels that are seen, as soon as all has been loaded; one after the other."""
        if not self.controller.preload.is_done:
            return
        for panel in PANELS:
            dock = self.docks[panel.title]
            if isinstance(dock.widget(), _Loading) and not dock.visibleRegion().isEmpty():
                self._fill(panel)
                return
        self._loading.stop()

    def _add_panel(self, panel: Panel) -> None:
        dock = QDockWidget(panel.title, self)
        dock.setObjectName(panel.title)
        area = AREAS[panel.area]
        neighbours = [other for other in self.docks.values() if self.dockWidgetArea(other) == area]
        self.addDockWidget(area, dock)

        dock.setWidget(_Loading())

        def changed(visible: bool) -> None:
            if visible:
                self._fill(panel)

        dock.visibilityChanged.connect(changed)
        dock.setVisible(panel.shown)
        if neighbours and panel.area != "bottom":  # hidden before: else a tab bar is left behind
            self.tabifyDockWidget(neighbours[0], dock)
            neighbours[0].raise_()
        action = dock.toggleViewAction()
        if action is not None:
            self._menus["View"].addAction(action)
        self.docks[panel.title] = dock
        if panel.shown:
            self._fill(panel)
