"""Recording: one button, one key; how long, how large, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ..controller import Controller
from ..recording_plan import (
    PRE_ROLLS_S,
    SUFFIXES,
    FreeSpace,
    RecordingPlan,
    recording_text,
    recording_warning,
)
from ..state import AppState, RecordingPart
from .observing import observe_while
from .words import browse, button, label, restyle

if TYPE_CHECKING:
    from .main_window import MainWindow

KEY = "Ctrl+R"
_FORMATS = {".aedat4": "AEDAT4 (events, images, inertia)", ".raw": "RAW, EVT3 (events, triggers)"}


class RecordPanel(QWidget):
    """Starts and stops recordings, and sets how they are made.

    Args:
        plan: How they are made at first.
        toggle: Starts or stops a recording.
        on_plan: Hears how they are to be made.
        parent: As for all widgets.
    """

    def __init__(
        self,
        plan: RecordingPlan,
        toggle: Callable[[], object],
        on_plan: Callable[[RecordingPlan], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._plan, self._on_plan = plan, on_plan
        self._space = FreeSpace()
        self.record = button(
            "● Record", toggle, f"Record what the source sends, unfiltered ({KEY})"
        )
        self.record.setProperty("role", "record")
        self.told = label("", "heading")
        self.file = label("", "faint", wraps=True)
        self.notice = label("", "warn", wraps=True)
        head = QHBoxLayout()
        head.addWidget(self.record)
        head.addWidget(self.told, 1)
        self.pre_roll = QComboBox()
        for seconds in PRE_ROLLS_S:
            self.pre_roll.addItem("nothing" if not seconds else f"the last {seconds:g} s", seconds)
        self.pre_roll.setToolTip("What came before the key was pressed is recorded as well")
        self.format = QComboBox()
        for suffix in SUFFIXES:
            self.format.addItem(_FORMATS[suffix], suffix)
        self.format.setToolTip("Format of recordings; both survive a crash or a full disk")
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setToolTip("Where recordings go; files are named by source, day and time")
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(browse(self._choose_folder, "Choose another folder"))
        form = QFormLayout()
        form.addRow("Begin with", self.pre_roll)
        form.addRow("Format", self.format)
        form.addRow("Folder", folder)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.file)
        layout.addWidget(self.notice)
        layout.addLayout(form)
        layout.addStretch(1)
        self.show_plan(plan)
        self.show_recording(RecordingPart(), can_record=False)
        self.pre_roll.currentIndexChanged.connect(self._changed)
        self.format.currentIndexChanged.connect(self._changed)

    def show_plan(self, plan: RecordingPlan) -> None:
        """Show how recordings are made."""
        self._plan = plan
        for box, value in ((self.pre_roll, plan.pre_roll_s), (self.format, plan.suffix)):
            with QSignalBlocker(box):
                box.setCurrentIndex(max(0, box.findData(value)))
        self.folder.setText(str(plan.folder))
        self.folder.setCursorPosition(0)

    def show_recording(self, part: RecordingPart, *, can_record: bool) -> None:
        """Show what is being recorded.

        Args:
            part: The recording.
            can_record: Whether there is anything to record.
        """
        is_on = bool(part.path)
        self.record.setEnabled(is_on or can_record)
        if self.record.property("recording") != is_on:
            self.record.setProperty("recording", is_on)
            restyle(self.record)
        self.record.setText("■ Stop" if is_on else "● Record")
        idle = f"press {KEY}" if can_record else "open a camera or a recording first"
        self.told.setText(recording_text(part) if is_on else idle)
        self.file.setText(Path(part.path).name)
        self.file.setToolTip(part.path)
        self.file.setVisible(is_on)
        free = self._space.of(Path(part.path)) if is_on else None
        warning = recording_warning(part, free)
        self.notice.setText(warning)
        self.notice.setVisible(bool(warning))
        for box in (self.pre_roll, self.format):
            box.setEnabled(not is_on)

    def set_folder(self, folder: Path) -> None:
        """Let recordings go elsewhere."""
        self._use(replace(self._plan, folder=folder))

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for recordings", self.folder.text())
        if path:
            self.set_folder(Path(path))

    def _changed(self) -> None:
        self._use(
            replace(
                self._plan,
                pre_roll_s=self.pre_roll.currentData(),
                suffix=self.format.currentData(),
            )
        )

    def _use(self, plan: RecordingPlan) -> None:
        self.show_plan(plan)
        self._on_plan(plan)


def toggle_recording(state: AppState, controller: Controller) -> None:
    """Begin to record to a new file, or finish the one that is being written."""
    if controller.recording.is_on:
        controller.recording.stop()
        return
    plan = state.preferences.value.plan
    path = plan.new_file(state.source.value.name, datetime.now().astimezone())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"{path.parent}: cannot be made ({error.strerror}); choose another folder"
        controller.problems.add("recording", text)
        return
    controller.recording.start(path, plan.pre_roll_us)


def record_or_stop(window: MainWindow) -> None:
    """Record, or finish the recording; where there is nothing to record, say so."""
    if window.state.source.value.info is None:
        window.controller.problems.add("recording", "there is nothing to record; open a source")
        return
    toggle_recording(window.state, window.controller)


def space(window: MainWindow) -> None:
    """Play or pause a recording; record what is live."""
    if window.state.source.value.is_live:
        record_or_stop(window)
    else:
        window.controller.playback.toggle()


def make(state: AppState, controller: Controller) -> RecordPanel:
    """Make the panel."""

    def keep(plan: RecordingPlan) -> None:
        controller.preferences.change(
            record_folder=str(plan.folder), record_suffix=plan.suffix, pre_roll_s=plan.pre_roll_s
        )

    panel = RecordPanel(
        state.preferences.value.plan, lambda: toggle_recording(state, controller), keep
    )

    def show(_: object) -> None:
        can_record = state.source.value.info is not None
        panel.show_recording(state.recording.value, can_record=can_record)

    observe_while(panel, state.recording, show)
    observe_while(panel, state.source, show)
    return panel
