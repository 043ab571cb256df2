"""The box of presets: the same configuration file that the command line and the daemon read."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QFileDialog, QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ..controller import Controller
from ..state import AppState, PipelinePart
from .observing import observe_while

_KINDS = "Configurations (*.yaml *.yml)"


class PresetRow(QGroupBox):
    """Loads and saves the pipeline's settings."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Preset")
        self._pipeline = controller.pipeline
        self._name = QLabel()
        load, save = QPushButton("Load…"), QPushButton("Save…")
        load.setToolTip("Use the filters, slicer, tasks and devices of a configuration file")
        save.setToolTip("Write them into a configuration file; what else stands there is kept")
        load.clicked.connect(self.load)
        save.clicked.connect(self.save)
        line = QHBoxLayout()
        line.addWidget(load)
        line.addWidget(save)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self._name)
        layout.addLayout(line)
        observe_while(self, state.pipeline, self._show)

    def load(self) -> None:
        """Ask for a file and use it."""
        name, _ = QFileDialog.getOpenFileName(self, "Load a preset", "", _KINDS)
        if name:
            self._pipeline.load_preset(name)

    def save(self) -> None:
        """Ask for a name and save."""
        name, _ = QFileDialog.getSaveFileName(self, "Save a preset", "preset.yaml", _KINDS)
        if name:
            self._pipeline.save_preset(name if Path(name).suffix else f"{name}.yaml")

    def _show(self, part: PipelinePart) -> None:
        self._name.setText(Path(part.preset).name if part.preset else "not saved")
        self._name.setToolTip(part.preset)
