"""The box of spiking activity: a live heat strip for each layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize, Qt, QTimer
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QCheckBox, QGroupBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ..activity import COLUMNS, Activity, ActivityWatch, watched_model
from ..controller import Controller
from ..palettes import heat_ramp
from ..state import AppState, PipelinePart
from ..words import count
from .images import image_over
from .observing import observe_while

_REFRESH_MS = 250
_ROW_H, _NAME_W, _VALUE_W = 13, 96, 48


class ActivityStrip(QGroupBox):
    """Measures while its switch is on and it is seen."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Spiking activity")
        self._state, self._controller = state, controller
        self._watch: ActivityWatch | None = None
        self._model = ""
        self.measure = QCheckBox("Measure")
        self.measure.setToolTip(
            "Step the integer form of the model along, and count spikes and synaptic operations"
        )
        self._note, self._heat = QLabel(), _Heat()
        self._note.setWordWrap(True)
        layout = QVBoxLayout(self)
        for widget in (self.measure, self._note, self._heat):
            layout.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.measure.toggled.connect(self._follow)
        self._heat.hide()
        observe_while(self, state.pipeline, self._show)
        controller.at_quit(self._stop)

    def _show(self, _part: PipelinePart) -> None:
        if self.measure.isChecked():
            self._follow()

    def _follow(self, _on: bool = False) -> None:
        """Measure the model that is in use now, or nothing."""
        wanted = watched_model(self._state.pipeline.value) if self.measure.isChecked() else ""
        if wanted != self._model or self._watch is None:
            self._stop()
            self._model = wanted
            if wanted:
                self._watch = ActivityWatch(wanted, self._controller.recent_slices)
        self._heat.setVisible(bool(wanted))
        if self.measure.isChecked():
            self._timer.start()
            self._note.setText("" if wanted else "switch on a task that a model does")
        else:
            self._timer.stop()
            self._note.clear()
        self._note.setVisible(bool(self._note.text()))

    def _stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def _refresh(self) -> None:
        if self._watch is None:
            return
        activity = self._watch.activity()
        self._heat.show_activity(activity)
        text = activity.problem
        if activity.operations.size:
            now = activity.operations[:, -1].sum()
            dense = max(float(activity.dense.sum()), 1.0)
            rate = activity.rates[:, -1].mean()
            text = (
                f"{activity.model}: {rate:.3f} spikes per neuron and step, {count(now)} synaptic "
                f"operations ({now / dense:.0%} of computing all)"
            )
        self._note.setText(text)
        self._note.setVisible(bool(text))


class _Heat(QWidget):
    """Rates above, synaptic operations below; one row for each layer, time to the right."""

    def __init__(self) -> None:
        super().__init__()
        self._activity = Activity()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Activity of layers")

    def show_activity(self, activity: Activity) -> None:
        """Show what was measured."""
        self._activity = activity
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return room for all rows."""
        rows = len(self._activity.neurons) + len(self._activity.layers)
        return QSize(280, (rows + 2) * _ROW_H + 8)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw both parts."""
        painter = QPainter(self)
        font = QFont(painter.font())
        font.setPixelSize(10)
        painter.setFont(font)
        shown = self._activity
        top = self._part(painter, 0, "spikes per neuron", shown.neurons, shown.rates, "{:.3f}")
        dense = shown.dense[:, None] if shown.dense.size else np.ones((1, 1))
        shares = shown.operations / np.maximum(dense, 1) if shown.layers else shown.operations
        self._part(painter, top + 6, "operations, share of all", shown.layers, shares, "{:.1%}")

    def _part(
        self,
        painter: QPainter,
        top: int,
        title: str,
        names: tuple[str, ...],
        values: NDArray[np.float64],
        words: str,
    ) -> int:
        painter.setPen(self.palette().windowText().color())
        painter.drawText(QRectF(0, top, self.width(), _ROW_H), Qt.AlignmentFlag.AlignVCenter, title)
        top += _ROW_H
        if not names:
            return top
        most = max(float(values.max()), 1e-9)
        steps = np.zeros((len(names), COLUMNS), np.intp)
        steps[:, -values.shape[1] :] = np.rint(np.sqrt(values / most) * 255)
        pixels = np.ascontiguousarray(heat_ramp()[steps])
        area = QRectF(_NAME_W, top, self.width() - _NAME_W - _VALUE_W, _ROW_H * len(names))
        painter.drawImage(area, image_over(pixels))
        dim = QColor(self.palette().windowText().color())
        dim.setAlpha(170)
        metrics = painter.fontMetrics()
        for row, name in enumerate(names):
            y = top + row * _ROW_H
            painter.setPen(dim)
            short = metrics.elidedText(name, Qt.TextElideMode.ElideLeft, _NAME_W - 6)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y, _NAME_W, _ROW_H), middle, short)
            place = QRectF(self.width() - _VALUE_W, y, _VALUE_W, _ROW_H)
            painter.drawText(
                place, middle | Qt.AlignmentFlag.AlignRight, words.format(float(values[row, -1]))
            )
        return top + _ROW_H * len(names)
