"""The box of the slicer: by which rule slices end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QComboBox, QGroupBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from ..controller import Controller
from ..slicer_forms import SLICERS, slicer_form
from ..state import AppState, PipelinePart
from .lanes import END_WORDS
from .observing import observe_while

if TYPE_CHECKING:
    from eventvision.pipeline import Status


class SlicerRow(QGroupBox):
    """Chooses the rule and its setting; says why slices ended."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Slicer")
        self._pipeline, self._cell = controller.pipeline, state.pipeline
        self._kind, self._setting, self._why = QComboBox(), QLineEdit(), QLabel()
        self._kind.setAccessibleName("Slicer")
        self._setting.setAccessibleName("Setting of the slicer")
        for form in SLICERS:
            self._kind.addItem(form.title, form)
        self._kind.activated.connect(self._choose)
        self._setting.editingFinished.connect(self._edited)
        self._why.setWordWrap(True)
        line = QHBoxLayout()
        line.addWidget(self._kind)
        line.addWidget(self._setting, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addWidget(self._why)
        observe_while(self, state.pipeline, self._show)
        observe_while(self, state.status, self._show_status)

    def _choose(self, row: int) -> None:
        form = SLICERS[row]
        if form.name != slicer_form(self._cell.value.slicer).name:
            self._pipeline.set_slicer(form.text(form.usual))

    def _edited(self) -> None:
        if self._setting.isModified():
            self._setting.setModified(False)
            form = slicer_form(self._cell.value.slicer)
            self._pipeline.set_slicer(form.text(self._setting.text().strip()))

    def _show(self, part: PipelinePart) -> None:
        form = slicer_form(part.slicer)
        self._kind.setCurrentIndex(SLICERS.index(form))
        self._kind.setToolTip(form.tip)
        self._setting.setToolTip(form.hint)
        self._setting.setPlaceholderText(form.hint)
        if not self._setting.hasFocus():
            self._setting.setText(part.slicer.partition(":")[2])

    def _show_status(self, status: Status | None) -> None:
        reasons = {} if status is None else status.slices_by_reason
        total = sum(reasons.values())
        self._why.setVisible(total > 0)
        parts = [
            f"{END_WORDS.get(reason, reason)} {number / total:.0%}"
            for reason, number in sorted(reasons.items(), key=lambda item: -item[1])
        ]
        self._why.setText(f"{total:,} slices: {', '.join(parts)}")
