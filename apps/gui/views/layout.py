"""Where panels are and how large: kept from one start to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray
from PyQt6.QtWidgets import QToolBar

from .panels import PANELS

if TYPE_CHECKING:
    from .main_window import MainWindow

VERSION = 1


def keep_layout(window: MainWindow) -> None:
    """Arrange a window, before it is shown, as it was last; note how it is left."""
    for number, bar in enumerate(window.findChildren(QToolBar)):
        if not bar.objectName():
            bar.setObjectName(f"bar {number}")
    preferences = window.controller.preferences
    usual = _text(window.saveState(VERSION))
    window.setProperty("usual layout", usual)
    known = window.state.preferences.value
    if known.layout:
        window.restoreState(_bytes(known.layout), VERSION)
    if known.geometry:
        window.restoreGeometry(_bytes(known.geometry))

    def note() -> None:
        preferences.change(
            layout=_text(window.saveState(VERSION)), geometry=_text(window.saveGeometry())
        )

    window.controller.at_quit(note)


def reset_layout(window: MainWindow) -> None:
    """Put all panels where they were at the first start."""
    usual = window.property("usual layout")
    if isinstance(usual, str):
        window.restoreState(_bytes(usual), VERSION)
    for panel in PANELS:
        window.docks[panel.title].setVisible(panel.shown)


def _text(data: QByteArray) -> str:
    return data.toBase64().data().decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "replace"))
