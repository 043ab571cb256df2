"""Labels and buttons with a role that the style sheet knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QLabel, QPushButton, QWidget

Role = Literal["plain", "faint", "title", "heading", "good", "warn", "bad"]


def label(text: str = "", role: Role = "plain", *, wraps: bool = False) -> QLabel:
    """Return a label; its text is never taken for HTML."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wraps)
    return made


def set_role(widget: QWidget, role: Role) -> None:
    """Give a label another role."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    restyle(widget)


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at a widget's properties again."""
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def button(text: str, act: Callable[[], object], tip: str, *, leading: bool = False) -> QPushButton:
    """Return a button.

    Args:
        text: What it says.
        act: What it does.
        tip: What it does, in plain words.
        leading: Whether it is what one mostly wants.
    """
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAccessibleDescription(tip)
    if leading:
        made.setProperty("role", "leading")
    made.clicked.connect(lambda _checked=False: act())
    return made


def browse(act: Callable[[], object], tip: str) -> QPushButton:
    """Return a small button that lets choose a file."""
    made = button("…", act, tip)
    made.setFixedWidth(34)
    made.setAccessibleName("Choose")
    return made


def rule() -> QFrame:
    """Return a horizontal line."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setProperty("role", "rule")
    return line
