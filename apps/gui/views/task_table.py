"""The box of tasks: on or off, in which way, on which device, and what each costs now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ..controller import Controller
from ..controllers.pipeline import PipelineSettings
from ..state import AppState, PipelinePart, TaskSetting
from ..task_forms import DEVICES, METHODS, WITH_PLACE, TaskCost, cost_of, load_text, task_cost
from ..words import TASK_NAMES, count, milliseconds
from .figure import Figure
from .observing import observe_while

if TYPE_CHECKING:
    from eventvision.pipeline import NetworkReport, Status

_HEAD = ("task", "latency", "rate", "drops", "runs on")
_DROPS_TIP = (
    "slices without a result of this task: load left them out, its device failed, or a task that "
    "it needs had none"
)


class TaskTable(QGroupBox):
    """One line for each task; devices that failed and fell back say so."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Tasks")
        self._pipeline = controller.pipeline
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(4, 1)
        self._lines: dict[str, _Line] = {}
        for column, text in enumerate(_HEAD):
            label = QLabel(text)
            label.setProperty("role", "faint")
            self._grid.addWidget(label, 0, column)
        self._total, self._load, self._networks = QLabel(), QLabel(), QLabel()
        layout = QVBoxLayout(self)
        layout.addLayout(self._grid)
        for extra in (self._total, self._load, self._networks):
            extra.setWordWrap(True)
            extra.setTextFormat(Qt.TextFormat.PlainText)
            layout.addWidget(extra)
        observe_while(self, state.pipeline, self._show)
        observe_while(self, state.status, self._show_status)

    def _show(self, part: PipelinePart) -> None:
        for task in part.tasks:
            if task.name not in self._lines:
                line = _Line(self._pipeline, task.name, self)
                row = len(self._lines) + 1
                for column, widget in enumerate(line.widgets):
                    self._grid.addWidget(widget, row, column)
                self._lines[task.name] = line
            self._lines[task.name].show_setting(task, part.device)

    def _show_status(self, status: Status | None) -> None:
        for name, line in self._lines.items():
            line.show_cost(None if status is None else task_cost(status, name))
        self._total.setText(cost_of(status))
        self._load.setText(load_text(status))
        self._load.setVisible(bool(self._load.text()))
        notes = [] if status is None else [_network_text(network) for network in status.networks]
        self._networks.setText("\n".join(notes))
        self._networks.setVisible(bool(notes))


class _Line:
    """The widgets of one task."""

    def __init__(self, pipeline: PipelineSettings, name: str, parent: QWidget) -> None:
        self._name, self._pipeline = name, pipeline
        self.on = QCheckBox(TASK_NAMES.get(name, name), parent)
        self.latency, self.rate = Figure("–", parent), Figure("–", parent)
        self.drops = Figure("–", parent)
        self.drops.setToolTip(_DROPS_TIP)
        self.where = QComboBox(parent)
        self.where.setAccessibleName(f"Method and device of {name}")
        self.where.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.where.setMinimumContentsLength(9)
        for method, title in METHODS.get(name, ()):
            self.where.addItem(title, ("method", method))
        if name in METHODS and any(method != "" for method, _ in METHODS[name]):
            for device in DEVICES:
                self.where.addItem(f"model on {device}", ("device", device))
        self.where.setVisible(self.where.count() > 0)
        self.on.setToolTip(WITH_PLACE.get(name, ""))
        self.on.clicked.connect(self._switch)
        self.where.activated.connect(self._choose)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """Return them in the order of their columns."""
        return self.on, self.latency, self.rate, self.drops, self.where

    def show_setting(self, task: TaskSetting, default_device: str) -> None:
        """Show whether it is on, how it is done and where."""
        self.on.setChecked(task.on)
        place = ("device", task.device) if task.device else ("method", task.method)
        rows = range(self.where.count())
        row = next((row for row in rows if self.where.itemData(row) == place), -1)
        if row < 0 and self.where.count() and place[1]:  # as a preset says it
            self.where.addItem(place[1], place)
            row = self.where.count() - 1
        self.where.setCurrentIndex(max(row, 0))
        self.where.setToolTip(f"device of all tasks: {default_device}")

    def show_cost(self, cost: TaskCost | None) -> None:
        """Show what it costs now."""
        if cost is None:
            for each in (self.latency, self.rate, self.drops):
                each.setText("–")
            return
        self.latency.setText(milliseconds(cost.p50_ms))
        self.latency.setToolTip(cost.latency_tip)
        share = f" ({cost.share:.0%})" if cost.share < 1 else ""
        self.rate.setText(f"{cost.rate_hz:.0f}/s{share}")
        self.rate.setToolTip("results a second; in brackets the share of slices that load allows")
        self.drops.setText(count(cost.missed))

    def _switch(self, on: bool) -> None:
        if not self._pipeline.set_task(self._name, on=on):
            self.on.setChecked(not on)

    def _choose(self, row: int) -> None:
        kind, value = self.where.itemData(row)
        if kind == "method":
            self._pipeline.set_method(self._name, value)
        else:
            self._pipeline.set_device(value, self._name)


def _network_text(network: NetworkReport) -> str:
    binned = f", {network.binning}x{network.binning} px as one" if network.binning > 1 else ""
    failed = f", failed {network.failures} times" if network.failures else ""
    return f"{network.model} on {network.device} ({network.artifact}){binned}{failed}"
