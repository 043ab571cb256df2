"""The box of filters: added, ordered and tuned while they work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..controller import Controller
from ..filter_forms import FILTERS, FilterForm, form_of
from ..state import AppState, PipelinePart
from ..words import count, milliseconds
from .observing import observe_while
from .tuning import Tuner

if TYPE_CHECKING:
    from eventvision.pipeline import Status


class FilterList(QGroupBox):
    """One line for each filter, in the order in which they work."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Filters")
        self._state, self._controller = state, controller
        self._rows = QVBoxLayout()
        self._removed = QLabel()
        self._removed.setWordWrap(True)
        self._shown: tuple[str, ...] | None = None
        add = QToolButton()
        add.setText("Add filter")
        add.setToolTip("Add a filter behind the others")
        add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        add.setMenu(self._menu())
        layout = QVBoxLayout(self)
        layout.addLayout(self._rows)
        layout.addWidget(self._removed)
        layout.addWidget(add)
        observe_while(self, state.pipeline, self._show)
        observe_while(self, state.status, self._show_status)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for form in FILTERS:
            action = menu.addAction(form.title)
            if action is not None:
                action.setToolTip(form.tip)
                action.triggered.connect(lambda _on=False, form=form: self._add(form))
        menu.setToolTipsVisible(True)
        return menu

    def _add(self, form: FilterForm) -> None:
        sensor = self._state.sensor.value
        self._controller.pipeline.add_filter(form.text(form.first(sensor)))

    def _show(self, part: PipelinePart) -> None:
        """Have a line for each filter; lines stay where only a setting has changed."""
        names = tuple(text.partition(":")[0] for text in part.filters)
        if names == self._shown:
            for index, text in enumerate(part.filters):
                item = self._rows.itemAt(index)
                row = None if item is None else item.widget()
                if isinstance(row, _Row):
                    row.show_text(text)
            return
        self._shown = names
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for index, text in enumerate(part.filters):
            self._rows.addWidget(_Row(self._controller, index, len(part.filters), text))

    def _show_status(self, status: Status | None) -> None:
        filtered = {} if status is None else status.filtered
        if not filtered or status is None:
            self._removed.hide()
            return
        total = sum(filtered.values())
        share = total / max(status.events, 1)
        self._removed.show()
        stage = status.stages.get("filter")
        cost = "" if stage is None else f", {milliseconds(stage.p50_ms)} a packet"
        self._removed.setText(f"{count(total)} events removed ({share:.1%}){cost}")
        self._removed.setToolTip(
            "\n".join(f"{name}: {number:,}" for name, number in filtered.items())
        )


class _Row(QWidget):
    """One filter: its name, its setting, and where it stands."""

    def __init__(self, controller: Controller, index: int, of: int, text: str) -> None:
        super().__init__()
        self._pipeline, self._index = controller.pipeline, index
        self._form = form_of(text)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        name = QLabel(self._form.title)
        name.setToolTip(self._form.tip)
        name.setMinimumWidth(92)
        line.addWidget(name)
        self._tuner = None if self._form.range is None else Tuner(self._form.range)
        self._edit = QLineEdit(self)
        self._edit.setAccessibleName(f"Setting of {self._form.title}")
        self._edit.setToolTip(self._form.form)
        if self._tuner is not None:
            line.addWidget(self._tuner, 1)
            self._tuner.changed.connect(self._tune)
        else:
            line.addWidget(self._edit, 1)
            self._edit.editingFinished.connect(self._edited)
        self._edit.setVisible(self._tuner is None)
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setInterval(80)
        self._due.timeout.connect(self._apply)
        for sign, tip, by, on in (
            ("↑", "Work earlier", -1, index > 0),
            ("↓", "Work later", 1, index < of - 1),
        ):
            line.addWidget(self._button(sign, tip, by, on))
        remove = QToolButton()
        remove.setText("✕")
        remove.setToolTip("Take this filter away")
        remove.clicked.connect(lambda _on=False: self._pipeline.remove_filter(self._index))
        line.addWidget(remove)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show a setting, unless it is being changed here."""
        setting = text.partition(":")[2]
        if self._tuner is not None:
            if not self._due.isActive():
                self._tuner.show_value(self._form.value(setting))
        elif not self._edit.hasFocus():
            self._edit.setText(setting)

    def _button(self, text: str, tip: str, by: int, on: bool) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setEnabled(on)
        button.clicked.connect(lambda _on=False: self._pipeline.move_filter(self._index, by))
        return button

    def _tune(self) -> None:
        """Use a new value soon, so that a drag does not build a filter for every step."""
        self._due.start()

    def _apply(self) -> None:
        if self._tuner is not None:
            setting = self._form.setting(self._tuner.value)
            self._pipeline.change_filter(self._index, self._form.text(setting))

    def _edited(self) -> None:
        if not self._edit.isModified():
            return
        self._edit.setModified(False)
        self._pipeline.change_filter(self._index, self._form.text(self._edit.text().strip()))
