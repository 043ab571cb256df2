"""The pipeline, top to bottom: source, filters, slicer, tasks, devices; what each costs now."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ..controller import Controller
from ..state import AppState
from .activity_strip import ActivityStrip
from .filter_list import FilterList
from .preset_row import PresetRow
from .slicer_row import SlicerRow
from .source_summary import SourceSummary
from .task_table import TaskTable


class PipelinePanel(QScrollArea):
    """One box for each stage."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        for stage in (SourceSummary, FilterList, SlicerRow, TaskTable, ActivityStrip, PresetRow):
            layout.addWidget(stage(state, controller))
        layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(content.minimumSizeHint().width() + 24)
