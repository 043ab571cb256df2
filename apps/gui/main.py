"""Starts the application: a window first, everything heavy after it."""

from __future__ import annotations

import sys
from pathlib import Path


def run(source: str | None = None, config: Path | None = None) -> int:
    """Show the window until it is closed.

    Args:
        source: What to open, as `eventvision.io.open_source` takes it.
        config: Configuration file whose pipeline to use.

    Returns:
        The exit status.
    """
    from PyQt6.QtCore import QEvent, QTimer
    from PyQt6.QtWidgets import QApplication

    from .controller import Controller
    from .preferences import settings_folder
    from .state import AppState
    from .threads import share_the_interpreter
    from .views.layout import keep_layout
    from .views.main_window import MainWindow
    from .views.theme_style import follow_theme
    from .views.welcome import attach_welcome

    share_the_interpreter()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("eventvision")
    state = AppState()
    controller = Controller(state, settings_folder() / "gui.json")
    follow_theme(application, state)
    window = MainWindow(state, controller)
    if state.preferences.value.welcome:
        attach_welcome(window)
    keep_layout(window)
    window.show()
    QTimer.singleShot(0, lambda: controller.start(source, config))
    status = application.exec()
    window.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)  # no widget outlives it
    return status
