"""Simulated cameras, for those who have none: a scene, a camera, go."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from eventvision.core import ConfigError
from eventvision.simulation import CAMERAS, SCENES

from ..stream_forms import CAMERA_TITLES, SCENE_TITLES, SimulatorForm
from .words import button, label

_SCENE = 256


class SimulatorPanel(QWidget):
    """Lets choose a scene and a camera.

    Attributes:
        wanted: Emitted with the name to open.
    """

    wanted = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scenes = QListWidget()
        self.scenes.setAccessibleName("Scenes")
        self.scenes.setWordWrap(True)
        self.scenes.setSpacing(4)
        for name, about in SCENES.items():
            shows, _, purpose = about.partition(": ")
            item = QListWidgetItem(f"{SCENE_TITLES.get(name, name)}\n{shows}")
            item.setData(_SCENE, name)
            item.setToolTip(f"Good for: {purpose}" if purpose else about)
            self.scenes.addItem(item)
        self.scenes.setCurrentRow(0)
        self.scenes.itemActivated.connect(lambda _: self._start())
        self.picture = QLineEdit()
        self.picture.setPlaceholderText("or a video, or pictures")
        self.picture.setToolTip("The camera looks at this instead of a drawn scene")
        self.picture.setAccessibleName("Video or folder of pictures")
        choose = button("Choose…", self._choose, "Choose a video for the camera to look at")
        files = QHBoxLayout()
        files.addWidget(self.picture, 1)
        files.addWidget(choose)
        self.camera = QComboBox()
        self.camera.setToolTip("Which camera is imitated: its noise, its speed, its size")
        self.camera.setMinimumContentsLength(12)
        self.camera.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for name in CAMERAS:
            self.camera.addItem(CAMERA_TITLES.get(name, name), name)
        self.camera.setCurrentIndex(max(0, self.camera.findData(SimulatorForm().camera)))
        self.seed = QSpinBox()
        self.seed.setRange(0, 9999)
        self.seed.setToolTip("Another number, another scene of the same kind")
        self.flicker = QDoubleSpinBox()
        self.flicker.setRange(0, 1000)
        self.flicker.setSuffix(" Hz")
        self.flicker.setDecimals(0)
        self.flicker.setSpecialValueText("none")
        self.flicker.setToolTip("Let the light flicker, as lamps on the mains do (100 or 120 Hz)")
        form = QFormLayout()
        form.addRow("Camera", self.camera)
        form.addRow("Variant", self.seed)
        form.addRow("Flicker of the light", self.flicker)
        self.notice = label("", "bad", wraps=True)
        self.notice.hide()
        layout = QVBoxLayout(self)
        layout.addWidget(
            label(
                "A simulated camera looks at a scene, live, with all its noise.",
                "faint",
                wraps=True,
            )
        )
        layout.addWidget(self.scenes, 1)
        layout.addLayout(files)
        layout.addLayout(form)
        layout.addWidget(self.notice)
        layout.addWidget(button("Start", self._start, "Open the simulated camera", leading=True))

    def form(self) -> SimulatorForm:
        """Return what is chosen."""
        item = self.scenes.currentItem()
        scene = self.picture.text().strip() or (item.data(_SCENE) if item is not None else "")
        return SimulatorForm(
            scene=scene,
            camera=self.camera.currentData(),
            seed=self.seed.value(),
            flicker_hz=self.flicker.value(),
        )

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "A video", "", "Videos (*.mp4 *.avi *.mov *.mkv *.webm);;All files (*)"
        )
        if path:
            self.picture.setText(path)

    def _start(self) -> None:
        try:
            name = self.form().name()
        except ConfigError as error:
            self.notice.setText(str(error))
            self.notice.show()
            return
        self.notice.hide()
        self.wanted.emit(name)
