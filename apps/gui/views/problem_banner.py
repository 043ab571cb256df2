"""A line over the event views that says what has just gone wrong, until it is put away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from ..state import Problem, Severity
from .observing import observe_while
from .words import Role, button, label, set_role

if TYPE_CHECKING:
    from .main_window import MainWindow

_ROLES: dict[Severity, Role] = {"info": "plain", "warning": "warn", "error": "bad"}
_MARGIN = 10


class ProblemBanner(QFrame):
    """Shows the latest warning or error; it lies at the top of what it is put over.

    Args:
        over: What it lies over.
        details: Leads to all problems.
    """

    def __init__(self, over: QWidget, details: Callable[[], object]) -> None:
        super().__init__(over)
        self._latest: Problem | None = None
        self._away: Problem | None = None
        self.setProperty("role", "card")
        self.setAutoFillBackground(True)
        self.text = label("", wraps=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        away = QToolButton()
        away.setText("✕")
        away.setAutoRaise(True)
        away.setToolTip("Put this line away; Problems (F8) keeps it")
        away.setAccessibleName("Put away")
        away.clicked.connect(lambda _checked=False: self.put_away())
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 6, 6)
        row.addWidget(self.text, 1)
        row.addWidget(button("Problems…", details, "See all problems and what helps (F8)"))
        row.addWidget(away)
        over.installEventFilter(self)
        self.hide()

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show the latest of those that matter."""
        grave = [problem for problem in problems if problem.severity != "info"]
        self._latest = grave[-1] if grave else None
        if self._latest is None or self._latest is self._away:
            self.hide()
            return
        self.text.setText(self._latest.text)
        set_role(self.text, _ROLES[self._latest.severity])
        self._place()
        self.show()
        self.raise_()

    def put_away(self) -> None:
        """Hide until something else goes wrong."""
        self._away = self._latest
        self.hide()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the width of what it lies over."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        over = self.parentWidget()
        if over is not None:
            width = max(200, over.width() - 2 * _MARGIN)
            layout = self.layout()
            height = self.sizeHint().height() if layout is None else layout.heightForWidth(width)
            self.setGeometry(_MARGIN, _MARGIN, width, max(height, self.sizeHint().height()))


def attach_banner(window: MainWindow) -> None:
    """Put the line over the event views of a window."""
    banner = ProblemBanner(window.grid, lambda: window.show_panel("Problems"))
    observe_while(banner, window.state.problems, banner.show_problems)
