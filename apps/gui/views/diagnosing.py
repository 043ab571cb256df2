"""Copies diagnostics: collected in a thread, since devices are asked for it."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from ..jobs import Job, Report
from ..state import AppState

_LOOK_EVERY_MS = 50


def copy_diagnostics(state: AppState, parent: QWidget, say: Callable[[str], object]) -> None:
    """Put diagnostics on the clipboard soon.

    Args:
        state: What the application knows.
        parent: For whom; nothing more is done once it is gone.
        say: Told what happens, in a line.
    """
    from ..diagnostics import collect, snapshot

    taken = snapshot(state)

    def work(report: Report) -> str:
        report(None, "asking devices and cameras")
        return collect(taken)

    say("Collecting diagnostics …")
    job = Job("diagnostics", work)
    timer = QTimer(parent)

    def look() -> None:
        status = job.status
        if not status.is_over:
            return
        timer.stop()
        timer.deleteLater()
        clipboard = QApplication.clipboard()
        if status.state != "done" or clipboard is None:
            say(f"Diagnostics could not be collected: {status.text}")
            return
        clipboard.setText(status.text)
        lines = status.text.count("\n")
        say(f"Copied {lines} lines; paste them where you ask for help.")

    timer.timeout.connect(look)
    timer.start(_LOOK_EVERY_MS)
