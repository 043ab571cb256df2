"""Commands that lead somewhere: to a panel, to a tab, to other colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..theme import ThemeName

if TYPE_CHECKING:
    from .main_window import MainWindow


def to_cameras(window: MainWindow) -> None:
    """Show the cameras."""
    _to_tab(window, "cameras")


def to_network(window: MainWindow) -> None:
    """Show where network streams are opened."""
    _to_tab(window, "network")


def to_simulator(window: MainWindow) -> None:
    """Show the simulated cameras."""
    _to_tab(window, "simulator")


def to_cloud(window: MainWindow) -> None:
    """Show the 3-D view."""
    widget = window.show_panel("3-D")
    if widget is not None:
        widget.setFocus()


def to_problems(window: MainWindow) -> None:
    """Show what is wrong."""
    window.show_panel("Problems")


def theme_system(window: MainWindow) -> None:
    """Use the colours of the desktop."""
    _use_theme(window, "system")


def theme_light(window: MainWindow) -> None:
    """Use light colours."""
    _use_theme(window, "light")


def theme_dark(window: MainWindow) -> None:
    """Use dark colours."""
    _use_theme(window, "dark")


def copy_diagnostics(window: MainWindow) -> None:
    """Copy what whoever helps needs to know."""
    from .diagnosing import copy_diagnostics as copy

    bar = window.statusBar()
    copy(window.state, window, lambda text: bar.showMessage(text, 8000) if bar else None)


def _to_tab(window: MainWindow, name: str) -> None:
    from .sources_panel import SourcesPanel

    panel = window.show_panel("Sources")
    if isinstance(panel, SourcesPanel):
        panel.tabs.setCurrentWidget(getattr(panel, name))


def _use_theme(window: MainWindow, name: ThemeName) -> None:
    window.controller.preferences.change(theme=name)
