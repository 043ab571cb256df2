"""Dialogs that make something of a recording: convert, cut, repair, video, results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from eventvision.core import EventVisionError

from ..exports import TITLES, ExportForm, Kind
from ..jobs import Job, JobStatus
from ..opening import save_filters
from .job_strip import JobStrip
from .words import browse, button, label, rule

_ABOUT: dict[Kind, str] = {
    "convert": "The ending of the file decides the format. Images, inertia and triggers come "
    "along where the format holds them.",
    "cut": "Times stay as they are; the part begins and ends at the marks if there are any.",
    "repair": "Everything that can be read is written anew; what was wrong is told.",
    "video": "With the filters, tasks and devices that are set now. One frame a slice.",
    "results": "One line of JSON a slice, with the filters, tasks and devices that are set now.",
}
_FILTERS: dict[Kind, str] = {"video": "Video (*.mp4)", "results": "JSON lines (*.jsonl)"}
_LONGEST_S = 1e7
_HAS_STRETCH: tuple[Kind, ...] = ("cut", "video", "results")


class ExportDialog(QDialog):
    """One export: fields, then progress, then what was done.

    Args:
        form: What to begin with.
        parent: As for all widgets.
    """

    def __init__(self, form: ExportForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self.setWindowTitle(TITLES[form.kind])
        self.setMinimumWidth(520)
        self.out = QLineEdit(str(form.out))
        self.out.setToolTip("The file that is written")
        self.replace = QCheckBox("replace a file that is there already")
        self.fields = QWidget()
        layout = QFormLayout(self.fields)
        layout.setContentsMargins(0, 0, 0, 0)
        source = label(Path(form.source).name)
        source.setToolTip(form.source)
        layout.addRow("Recording", source)
        out = QHBoxLayout()
        out.addWidget(self.out, 1)
        out.addWidget(browse(self._choose, "Choose where to write"))
        layout.addRow("Write to", out)
        layout.addRow("", self.replace)
        self.start, self.end = _seconds(form.start_s), _seconds(form.end_s or 0.0)
        self.end.setSpecialValueText("the end")
        self.fps = QDoubleSpinBox()
        self.fps.setRange(1, 240)
        self.fps.setValue(form.video_fps)
        self.fps.setSuffix(" per second")
        self.slowdown = QDoubleSpinBox()
        self.slowdown.setRange(0.01, 10_000)
        self.slowdown.setValue(form.slowdown)
        self.slowdown.setSuffix(" times slower")
        self.slowdown.setToolTip("1 is real time; 10 shows a second of the recording in ten")
        if form.kind in _HAS_STRETCH:
            self.start.setToolTip("Seconds after the first event")
            self.end.setToolTip("Seconds after the first event; 0 is the end of the recording")
            layout.addRow("From", self.start)
            layout.addRow("To", self.end)
        if form.kind == "video":
            layout.addRow("Frames", self.fps)
            layout.addRow("Slow motion", self.slowdown)
        for unused in (self.start, self.end, self.fps, self.slowdown):
            if unused.parent() is None:
                unused.setParent(self.fields)
                unused.hide()
        self.notice = label("", "bad", wraps=True)
        self.notice.hide()
        self.strip = JobStrip()
        self.strip.hide()
        self.strip.over.connect(self._over)
        self.go = button("Start", self.start_job, "Begin", leading=True)
        self.go.setDefault(True)
        self.leave = button("Close", self.close, "Close this window; ends what is under way")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.addWidget(label(_ABOUT[form.kind], "faint", wraps=True))
        column.addWidget(self.fields)
        column.addWidget(self.notice)
        column.addWidget(self.strip)
        column.addWidget(rule())
        column.addLayout(buttons)

    def form(self) -> ExportForm:
        """Return what is filled in."""
        end_s = self.end.value() if self.form_has_stretch and self.end.value() > 0 else None
        return replace(
            self._form,
            out=Path(self.out.text().strip()),
            force=self.replace.isChecked(),
            start_s=self.start.value() if self.form_has_stretch else 0.0,
            end_s=end_s,
            video_fps=self.fps.value(),
            slowdown=self.slowdown.value(),
        )

    @property
    def form_has_stretch(self) -> bool:
        """Whether only a part of the recording may be wanted."""
        return self._form.kind in _HAS_STRETCH

    def start_job(self) -> None:
        """Check the fields and begin."""
        if self.strip.is_running:
            return
        try:
            checked = self.form().checked()
        except EventVisionError as error:
            self._say(str(error))
            return
        self._say("")
        self.fields.setEnabled(False)
        self.go.setEnabled(False)
        self.strip.show()
        self.strip.follow(Job(checked.kind, checked.work()))

    def reject(self) -> None:
        """Escape closes the window, too."""
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End what is under way."""
        self.strip.stop()
        super().closeEvent(event)

    def _over(self, status: JobStatus) -> None:
        self.fields.setEnabled(True)
        self.go.setEnabled(True)
        self.go.setText("Again" if status.state == "done" else "Start")

    def _say(self, text: str) -> None:
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def _choose(self) -> None:
        filters = _FILTERS.get(self._form.kind) or ";;".join(save_filters())
        path, _ = QFileDialog.getSaveFileName(
            self,
            TITLES[self._form.kind],
            self.out.text(),
            filters,
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if path:
            self.out.setText(path)


def _seconds(value: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, _LONGEST_S)
    box.setDecimals(6)
    box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    box.setSuffix(" s")
    box.setValue(value)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    return box
