"""Cameras: which are attached, and the knobs of the one that was chosen."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from eventvision.core import EventVisionError, SensorSize
from eventvision.io import CAMERA_MODELS, CameraDescription, CameraSettings

from ..camera_desk import CameraDesk
from ..camera_form import GROUPS, controls_of, sensor_of
from ..camera_watch import CameraWatch, Lister, driver_lines
from .control_row import ControlRow
from .control_rows import row_for
from .words import button, label, set_role

_ROLE = Qt.ItemDataRole.UserRole
_NONE = "No camera is attached. Plug one in: it appears here by itself."
_MOST_ROWS = 4
_FILES = "Camera settings (*.json)"


class CameraPanel(QWidget):
    """Lists cameras, opens one, and shows the settings that it has.

    Args:
        desk: Holds the settings.
        lister: Finds cameras.
        parent: As for all widgets.

    Attributes:
        watch: Looks for cameras while the panel is shown.
        wanted: Emitted with a camera's name and the path of its settings, to open it.
        simulator_wanted: Emitted if somebody without a camera wants a simulated one.
    """

    wanted = pyqtSignal(str, str)
    simulator_wanted = pyqtSignal()
    _seen = pyqtSignal(object, str)

    def __init__(
        self, desk: CameraDesk, lister: Lister | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._rows: dict[str, ControlRow] = {}
        self._sensor: SensorSize | None = None
        told = self._seen.emit
        self.watch = CameraWatch(told) if lister is None else CameraWatch(told, lister)
        self._seen.connect(self.show_cameras)
        self.cameras = QListWidget()
        self.cameras.setAccessibleName("Attached cameras")
        self.cameras.currentItemChanged.connect(lambda now, _: self._choose_camera(now))
        self.cameras.itemActivated.connect(lambda _: self._open())
        self.nothing = label(_NONE, "faint", wraps=True)
        self.why = label("", "warn", wraps=True)
        self.open_button = button(
            "Open camera", self._open, "Show what the chosen camera sees", leading=True
        )
        again = button("Look again", self.watch.look_now, "Look for cameras at once")
        simulate = button(
            "No camera? Try one",
            self.simulator_wanted.emit,
            "Open a simulated camera that looks at a drawn scene",
        )
        buttons = QHBoxLayout()
        for each in (self.open_button, again):
            buttons.addWidget(each, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.nothing)
        layout.addWidget(self.cameras)
        layout.addWidget(self.why)
        layout.addLayout(buttons)
        layout.addWidget(simulate)
        layout.addLayout(self._models())
        self.notice = label("", "warn", wraps=True)
        layout.addWidget(self.notice)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self.area, 1)
        layout.addLayout(self._file_buttons())
        self.show_cameras((), "")

    def set_sensor(self, sensor: SensorSize | None) -> None:
        """Let the region reach over the sensor of the camera that is open."""
        self._sensor = sensor

    def choose_model(self, model: str, serial: str = "") -> None:
        """Show the settings of a model, or of a certain camera."""
        settings = self._desk.choose(model, serial)
        with QSignalBlocker(self.models):
            self.models.setCurrentIndex(self.models.findData(settings.model))
        self._fill(settings)

    def stop(self) -> None:
        """End the threads; the panel is not used any more."""
        self.watch.stop()
        self._desk.close()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look for cameras while somebody looks at them; settings are laid out the first time."""
        if not self._rows:
            self.choose_model(next(iter(CAMERA_MODELS)))
        self.watch.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop looking."""
        self.watch.stop()
        super().hideEvent(event)

    def _models(self) -> QHBoxLayout:
        self.models = QComboBox()
        self.models.setToolTip(
            "Settings of this model; chosen by itself for the camera above.\n"
            "Settings can be prepared and saved without a camera."
        )
        self.models.setMinimumContentsLength(12)
        self.models.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.models.setAccessibleName("Model whose settings are shown")
        for model, title in CAMERA_MODELS.items():
            self.models.addItem(title.partition(" (")[0], model)
        self.models.currentIndexChanged.connect(
            lambda _: self.choose_model(self.models.currentData())
        )
        row = QHBoxLayout()
        row.addWidget(label("Settings of", "heading"))
        row.addWidget(self.models, 1)
        return row

    def _file_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(button("Load…", self._load, "Use the settings of a JSON file"))
        row.addWidget(button("Save…", self._save, "Write the settings to a JSON file"))
        row.addWidget(button("Usual values", self._reset, "Go back to the model's own settings"))
        row.addStretch(1)
        return row

    def show_cameras(self, cameras: tuple[CameraDescription, ...], problem: str) -> None:
        """List cameras, and why none could be looked for, if so."""
        before = self._chosen()
        with QSignalBlocker(self.cameras):
            self.cameras.clear()
            for camera in cameras:
                state = f" – {camera.problem}" if camera.problem else ""
                item = QListWidgetItem(f"{camera}{state}")
                item.setData(_ROLE, camera)
                item.setToolTip(f"{camera.name}\n{camera.connection or 'connection not known'}")
                self.cameras.addItem(item)
        row_px = self.cameras.sizeHintForRow(0) if cameras else 0
        self.cameras.setFixedHeight(min(len(cameras), _MOST_ROWS) * row_px + 8)
        self.nothing.setVisible(not cameras)
        self.cameras.setVisible(bool(cameras))
        lines = [problem] if problem else [] if cameras else driver_lines()
        self.why.setText("\n".join(lines))
        self.why.setVisible(bool(lines))
        names = [camera.name for camera in cameras]
        if names:
            at = names.index(before.name) if before is not None and before.name in names else 0
            self.cameras.setCurrentRow(at)
        self.open_button.setEnabled(self._chosen() is not None)

    def _chosen(self) -> CameraDescription | None:
        item = self.cameras.currentItem()
        found = None if item is None else item.data(_ROLE)
        return found if isinstance(found, CameraDescription) else None

    def _choose_camera(self, item: QListWidgetItem | None) -> None:
        camera = None if item is None else item.data(_ROLE)
        self.open_button.setEnabled(camera is not None and not camera.problem)
        if camera is not None:
            self.choose_model(camera.model, camera.serial)

    def _open(self) -> None:
        camera = self._chosen()
        if camera is not None:
            self.choose_model(camera.model, camera.serial)
            self.wanted.emit(camera.name, str(self._desk.path) if self._desk.path.exists() else "")

    def _fill(self, settings: CameraSettings) -> None:
        """Make the controls of a model; a model without a feature gets no control for it."""
        self._rows = {}
        body = QWidget()
        column = QVBoxLayout(body)
        sensor = self._sensor or sensor_of(settings.model)
        controls = controls_of(settings.model)
        for group in GROUPS:
            box = QGroupBox(group)
            inside = QVBoxLayout(box)
            members = [control for control in controls if control.group == group]
            for control in members:
                row = row_for(control, self._change, sensor)
                self._rows[control.name] = row
                inside.addWidget(row)
            if not members:
                box.setEnabled(False)
                inside.addWidget(label("this model does not have it", "faint"))
            column.addWidget(box)
        column.addStretch(1)
        self.area.setWidget(body)
        self._show(settings)

    def _show(self, settings: CameraSettings) -> None:
        for name, value in settings.model_dump().items():
            if name in self._rows:
                self._rows[name].show_value(value)
        self._say("")

    def _change(self, name: str, value: object) -> None:
        try:
            self._desk.change(name, value)
        except EventVisionError as error:
            self._say(str(error))
        else:
            self._say("")

    def _say(self, text: str) -> None:
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        set_role(self.notice, "warn")

    def _reset(self) -> None:
        settings = self._desk.reset()
        if settings is not None:
            self._show(settings)

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load camera settings", "", _FILES)
        if path:
            self.load(Path(path))

    def load(self, path: Path) -> None:
        """Use the settings of a file; what is wrong with it is told here."""
        try:
            self._show(self._desk.load(path))
        except EventVisionError as error:
            self._say(str(error))

    def _save(self) -> None:
        suggested = f"{self.models.currentData()}.json"
        path, _ = QFileDialog.getSaveFileName(self, "Save camera settings", suggested, _FILES)
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write the settings to a file; what is wrong with it is told here."""
        try:
            self._desk.save(path)
        except EventVisionError as error:
            self._say(str(error))
