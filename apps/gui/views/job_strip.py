"""Shows a job: a bar, what it does, how long it will take, and a way to cancel it."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ..amounts import clock_text
from ..jobs import Job, JobState, JobStatus
from .words import Role, button, label, set_role

_LOOK_EVERY_MS = 100
_ROLES: dict[JobState, Role] = {
    "running": "plain",
    "done": "good",
    "cancelled": "warn",
    "failed": "bad",
}


class JobStrip(QWidget):
    """Follows one job at a time.

    Attributes:
        over: Emitted with its last status when a job has ended.
    """

    over = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.text = label("", wraps=True)
        self.cancel_button = button("Cancel", self.cancel, "End this; nothing is left behind")
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.text)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_running(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def follow(self, job: Job) -> None:
        """Show a job until it has ended."""
        self._job = job
        self.bar.show()
        self.cancel_button.show()
        self.cancel_button.setEnabled(True)
        set_role(self.text, "plain")
        self._timer.start()
        self._look()

    def cancel(self) -> None:
        """Let the job end soon."""
        if self._job is not None:
            self.cancel_button.setEnabled(False)
            self._job.cancel()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Cancel and wait: the window goes away."""
        job, self._job = self._job, None
        self._timer.stop()
        if job is not None:
            job.cancel()
            job.wait(timeout_s)

    def _look(self) -> None:
        if self._job is None:
            return
        status = self._job.status
        self.bar.setRange(0, 0 if status.share is None else 1000)
        if status.share is not None:
            self.bar.setValue(round(status.share * 1000))
        self.text.setText(_line(status))
        if status.is_over:
            self._job.wait()
            self._job = None
            self._timer.stop()
            self.bar.hide()
            self.cancel_button.hide()
            set_role(self.text, _ROLES[status.state])
            self.over.emit(status)


def _line(status: JobStatus) -> str:
    if status.is_over:
        return status.text
    left = status.left_s
    parts = [status.text, clock_text(status.elapsed_s)]
    parts += [] if left is None else [f"{clock_text(left)} left"]
    return " · ".join(part for part in parts if part)
