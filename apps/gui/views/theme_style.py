"""Puts a theme on the whole application: palette and a short style sheet."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication, QWidget

from ..preferences import Preferences
from ..state import AppState
from ..theme import DARK, LIGHT, Theme, ThemeName, chosen_theme, css

_Role = QPalette.ColorRole
_ROLES = {
    _Role.Window: "window",
    _Role.WindowText: "text",
    _Role.Base: "field",
    _Role.AlternateBase: "window",
    _Role.Text: "text",
    _Role.Button: "raised",
    _Role.ButtonText: "text",
    _Role.ToolTipBase: "raised",
    _Role.ToolTipText: "text",
    _Role.Highlight: "accent",
    _Role.HighlightedText: "on_accent",
    _Role.Link: "accent",
    _Role.PlaceholderText: "faint",
    _Role.Mid: "faint",
    _Role.Dark: "line",
    _Role.Light: "window",
    _Role.BrightText: "bad",
}

_SHEET = """
QToolTip {{ color: {text}; background: {raised}; border: 1px solid {line}; padding: 4px; }}
QDockWidget::title {{ background: {raised}; padding: 5px 8px; }}
QMainWindow::separator {{ background: {line}; width: 3px; height: 3px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QTabWidget::pane {{ border: 1px solid {line}; border-radius: 4px; top: -1px; }}
QTabBar::tab {{
    background: {raised}; color: {text}; border: 1px solid {line}; padding: 5px 11px;
    margin: 0 2px 0 0;
}}
QTabBar::tab:selected {{ background: {window}; border-top: 2px solid {accent}; }}
QTabBar::tab:focus {{ border: 1px solid {accent}; }}
QCheckBox::indicator:unchecked {{
    width: 12px; height: 12px; background: {field}; border: 1px solid {faint}; border-radius: 2px;
}}
QCheckBox::indicator:unchecked:disabled {{ border: 1px solid {line}; }}
QLabel[role="faint"] {{ color: {faint}; }}
QLabel[role="title"] {{ font-size: 17pt; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="good"] {{ color: {good}; }}
QLabel[role="warn"] {{ color: {warn}; }}
QLabel[role="bad"] {{ color: {bad}; }}
QFrame[role="rule"] {{ background: {line}; border: 0; }}
QFrame[role="card"] {{ background: {field}; border: 1px solid {line}; border-radius: 6px; }}
QPushButton[role="leading"] {{
    background: {accent}; color: {on_accent}; border: 0; border-radius: 4px;
    padding: 6px 14px; font-weight: 600;
}}
QPushButton[role="leading"]:disabled {{ background: {raised}; color: {faint}; }}
QPushButton[role="leading"]:focus {{ border: 2px solid {text}; padding: 4px 12px; }}
QToolButton[role="card"] {{
    background: {field}; border: 1px solid {line}; border-radius: 6px; padding: 6px;
}}
QToolButton[role="card"]:hover, QToolButton[role="card"]:focus {{ border: 1px solid {accent}; }}
QToolButton:checked {{
    background: {accent}; color: {on_accent}; border: 1px solid {accent}; border-radius: 3px;
    padding: 3px 5px;
}}
QPushButton[role="record"][recording="true"] {{
    background: {bad}; color: {window}; border: 0; border-radius: 4px; padding: 6px 14px;
    font-weight: 600;
}}
"""


def system_is_dark(application: QApplication) -> bool:
    """Tell whether the desktop is dark, as far as it says so."""
    hints = application.styleHints()
    scheme = getattr(hints, "colorScheme", lambda: None)()
    return scheme == Qt.ColorScheme.Dark if scheme is not None else False


def apply_theme(application: QApplication, name: ThemeName) -> Theme:
    """Use a theme for all windows; return it."""
    theme = chosen_theme(name, system_is_dark=system_is_dark(application))
    if (style := application.style()) is None or style.objectName().lower() != "fusion":
        application.setStyle("Fusion")
    palette = QPalette()
    for role, field in _ROLES.items():
        palette.setColor(role, QColor(getattr(theme, field)))
    for role in (_Role.Text, _Role.WindowText, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_half(theme)))
    application.setPalette(palette)
    colours = {
        name: css(value)
        for name in theme.__slots__
        if not isinstance(value := getattr(theme, name), bool)
    }
    application.setStyleSheet(_SHEET.format(**colours))
    return theme


def follow_theme(application: QApplication, state: AppState) -> None:
    """Use the theme that the user prefers, now and whenever that or the desktop's changes."""

    def use(_: object = None) -> None:
        apply_theme(application, state.preferences.value.theme)

    used: list[ThemeName] = []

    def prefer(preferences: Preferences) -> None:
        if used != [preferences.theme]:
            used[:] = [preferences.theme]
            use()

    state.preferences.observe(prefer)
    hints = application.styleHints()
    changed = getattr(hints, "colorSchemeChanged", None)
    if changed is not None:
        changed.connect(use)


def theme_of(widget: QWidget) -> Theme:
    """Return the theme that a widget's colours belong to."""
    return DARK if widget.palette().color(_Role.Window).lightness() < 128 else LIGHT


def _half(theme: Theme) -> int:
    """Return a colour between that of faint text and that behind it, for what is disabled."""

    def mean(shift: int) -> int:
        return ((theme.faint >> shift & 255) * 2 + (theme.window >> shift & 255)) // 3

    return mean(16) << 16 | mean(8) << 8 | mean(0)
