"""What a recording holds, and every damaged place in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from eventvision.io import RecordingSummary

from ..inspection import damage_headline, damage_rows, inspect, summary_rows
from ..jobs import Job, JobStatus, Report
from .job_strip import JobStrip
from .words import button, label, set_role


class InspectionDialog(QDialog):
    """Reads a recording in a thread, then shows what was found.

    Args:
        source: The recording.
        repair: Opens the dialog that repairs it.
        parent: As for all widgets.
    """

    def __init__(
        self, source: str, repair: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Contents and damage")
        self.resize(720, 620)
        self.summary: RecordingSummary | None = None
        self.headline = label("Reading the whole recording …", "heading", wraps=True)
        self.strip = JobStrip()
        self.contents = _table(("What", "Value"))
        self.damage = _table(("Kind", "Where", "What was found", "Events lost"))
        self.damage.hide()
        self.repair_button = button("Repair…", repair, "Write a sound copy of what can be read")
        self.repair_button.setEnabled(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.repair_button)
        buttons.addWidget(button("Close", self.close, "Close this window (Esc)"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(self.strip)
        layout.addWidget(self.contents, 3)
        layout.addWidget(self.damage, 2)
        layout.addLayout(buttons)
        self.strip.over.connect(self._over)

        def work(report: Report) -> str:
            self.summary = inspect(source, report)
            return ""

        self.strip.follow(Job("inspection", work))

    def reject(self) -> None:
        """Escape closes the window, too."""
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End reading."""
        self.strip.stop()
        super().closeEvent(event)

    def _over(self, status: JobStatus) -> None:
        if self.summary is None or status.state != "done":
            self.headline.setText("The recording could not be read to its end.")
            return
        self.strip.hide()
        self.headline.setText(damage_headline(self.summary))
        set_role(self.headline, "warn" if self.summary.damage else "good")
        _fill(self.contents, summary_rows(self.summary))
        rows = damage_rows(self.summary)
        _fill(self.damage, rows)
        self.damage.setVisible(bool(rows))
        self.repair_button.setEnabled(bool(self.summary.damage))


def _table(header: tuple[str, ...]) -> QTableWidget:
    table = QTableWidget(0, len(header))
    table.setHorizontalHeaderLabels(header)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setWordWrap(True)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    across, down = table.horizontalHeader(), table.verticalHeader()
    if across is not None and down is not None:
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        across.setSectionResizeMode(min(len(header) - 1, 2), QHeaderView.ResizeMode.Stretch)
        down.hide()
    return table


def _fill(table: QTableWidget, rows: Sequence[tuple[str, ...]]) -> None:
    table.setRowCount(len(rows))
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(at, column, QTableWidgetItem(text))
    table.resizeRowsToContents()
