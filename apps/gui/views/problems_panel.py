"""Problems: what is lost, what does not work, and what helps; never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..controller import Controller
from ..state import AppState, Problem, Severity
from ..trouble import Drop, drops, source_problems
from .diagnosing import copy_diagnostics
from .observing import observe_while
from .words import Role, button, label

_ROLES: dict[Severity, Role] = {"info": "faint", "warning": "warn", "error": "bad"}
_MARKS: dict[Severity, str] = {"info": "i", "warning": "!", "error": "✕"}
_MOST = 60
Lasting = Drop | Problem
"""Something that is wrong as long as it lasts, so that it cannot be dismissed."""

_Content = tuple[tuple[Problem, ...], tuple[Lasting, ...]]


class ProblemsPanel(QWidget):
    """Lists problems, the latest first, and what is being lost.

    Args:
        dismiss: Forgets one problem.
        clear: Forgets all.
        copy: Copies diagnostics.
        inspect: Opens the damage report.
        parent: As for all widgets.
    """

    def __init__(
        self,
        dismiss: Callable[[Problem], object],
        clear: Callable[[], object],
        copy: Callable[[], object],
        inspect: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._dismiss = dismiss
        self.copy_button = button(
            "Copy diagnostics",
            copy,
            "Copy versions, devices, cameras, settings and status as text, without secrets",
        )
        self.inspect_button = button(
            "Damage report…", inspect, "Read the whole recording and list what is damaged"
        )
        self.clear_button = button("Dismiss all", clear, "Forget all problems")
        row = QHBoxLayout()
        for each in (self.copy_button, self.inspect_button, self.clear_button):
            row.addWidget(each)
        row.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.area, 1)
        self.told = label("", "faint")
        layout.addWidget(self.told)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(2, 2, 2, 2)
        self._lost, self._told = QVBoxLayout(), QVBoxLayout()
        self._good = label("Nothing is wrong.", "good")
        column.addWidget(self._good)
        column.addLayout(self._lost)
        column.addLayout(self._told)
        column.addStretch(1)
        self.area.setWidget(body)
        self._wanted: _Content = ((), ())
        self._shown: _Content = ((), ())
        self.clear_button.setEnabled(False)

    def show_problems(self, problems: tuple[Problem, ...], lasting: tuple[Lasting, ...]) -> None:
        """Show these, as soon as anybody looks."""
        self._wanted = problems, lasting
        if self.isVisible():
            self._refresh()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show what has come meanwhile."""
        self._refresh()
        super().showEvent(event)

    def _refresh(self) -> None:
        problems, lasting = self._wanted
        before = self._shown
        self._shown = self._wanted
        if lasting != before[1]:
            _empty(self._lost)
            for each in lasting:
                place = each.place if isinstance(each, Drop) else each.where
                self._lost.addWidget(_card(place, each.text, "warning", "now"))
        if problems != before[0]:
            _empty(self._told)
            for problem in reversed(problems[-_MOST:]):
                self._told.addWidget(self._card_of(problem))
        self._good.setVisible(not problems and not lasting)
        self.clear_button.setEnabled(bool(problems))

    def _card_of(self, problem: Problem) -> QFrame:
        at = datetime.fromtimestamp(problem.at_s).astimezone()
        return _card(
            problem.where,
            problem.text,
            problem.severity,
            f"{at:%H:%M:%S}",
            lambda: self._dismiss(problem),
        )

    def say(self, text: str) -> None:
        """Tell what a button has done."""
        self.told.setText(text)


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _card(
    place: str,
    text: str,
    severity: Severity,
    when: str,
    dismiss: Callable[[], object] | None = None,
) -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    row = QHBoxLayout(card)
    row.setContentsMargins(8, 6, 6, 6)
    mark = label(_MARKS[severity], _ROLES[severity])
    mark.setFixedWidth(14)
    mark.setAccessibleName(severity)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addWidget(label(f"{place} · {when}", "faint"))
    said = label(text, wraps=True)
    said.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    words.addWidget(said)
    row.addLayout(words, 1)
    if dismiss is not None:
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip("Dismiss")
        close.setAccessibleName("Dismiss")
        close.clicked.connect(lambda _checked=False: dismiss())
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
    return card


def make(state: AppState, controller: Controller) -> ProblemsPanel:
    """Make the panel."""

    def copy() -> None:
        copy_diagnostics(state, panel, panel.say)

    def look() -> None:
        from .dialogs import inspect

        inspect(panel, state)

    panel = ProblemsPanel(controller.problems.dismiss, controller.problems.clear, copy, look)

    def show(_: object) -> None:
        status, part = state.status.value, state.source.value
        kinds = status.damage_kinds if status is not None and part.name else None
        lost = drops(status.dropped) if status is not None and part.name else ()
        lasting: tuple[Lasting, ...] = (*source_problems(part, kinds), *lost)
        panel.show_problems(state.problems.value, lasting)
        panel.inspect_button.setEnabled(part.info is not None and not part.is_live)

    observe_while(panel, state.problems, show)
    observe_while(panel, state.source, show)
    observe_while(panel, state.status, show)
    return panel
