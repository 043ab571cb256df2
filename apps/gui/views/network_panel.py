"""Streams from the network, put together from fields."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from eventvision.core import ConfigError

from ..stream_forms import SCHEMES, WIRES, NetworkForm
from .words import browse, button, label, set_role


class NetworkPanel(QWidget):
    """Lets fill in where a stream comes from.

    Attributes:
        wanted: Emitted with the name to open.
    """

    wanted = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        usual = NetworkForm()
        self.scheme = QComboBox()
        for scheme, title in SCHEMES.items():
            self.scheme.addItem(title.partition(":")[0], scheme)
        self.scheme.setToolTip("How the stream is sent")
        self.about = label("", "faint", wraps=True)
        self.host = QLineEdit(usual.host)
        self.host.setToolTip("Name or address of the sender; for UDP, of this machine to listen at")
        self.port = QSpinBox()
        self.port.setRange(1, 65_535)
        self.port.setValue(usual.port)
        self.sensor = QLineEdit()
        self.sensor.setPlaceholderText("as the sender says")
        self.sensor.setToolTip("Width and height of the sensor in pixels, such as 640x480")
        self.wire = QComboBox()
        self.wire.addItems(WIRES)
        self.wire.setToolTip("How events lie in a datagram")
        self.only_from = QLineEdit()
        self.only_from.setPlaceholderText("this machine only")
        self.only_from.setToolTip("Take datagrams of this machine only, such as 192.168.1.20")
        self.token = QLineEdit()
        self.token.setPlaceholderText("none")
        self.authority = QLineEdit()
        self.authority.setPlaceholderText("the system's")
        self.form_layout = QFormLayout()
        self.form_layout.addRow("Kind", self.scheme)
        self.form_layout.addRow("", self.about)
        self.form_layout.addRow("Host", self.host)
        self.form_layout.addRow("Port", self.port)
        self.form_layout.addRow("Sensor", self.sensor)
        self.form_layout.addRow("Layout", self.wire)
        self.form_layout.addRow("Sender", self.only_from)
        self.form_layout.addRow(
            "Token", self._file_row(self.token, "File with the token that the server asks for")
        )
        self.form_layout.addRow(
            "Authority",
            self._file_row(self.authority, "File with the authority that signed its certificate"),
        )
        self.address = label("", "faint", wraps=True)
        self.address.setToolTip("What is opened; the command line takes the same")
        self.connect_button = button(
            "Connect", self._connect, "Show what comes from there", leading=True
        )
        layout = QVBoxLayout(self)
        layout.addLayout(self.form_layout)
        layout.addWidget(self.address)
        layout.addWidget(self.connect_button)
        layout.addStretch(1)
        for field in (self.host, self.sensor, self.only_from, self.token, self.authority):
            field.textChanged.connect(self._refresh)
            field.returnPressed.connect(self._connect)
        self.port.valueChanged.connect(self._refresh)
        for box in (self.scheme, self.wire):
            box.currentIndexChanged.connect(self._refresh)
        self._refresh()

    def form(self) -> NetworkForm:
        """Return what is filled in."""
        return NetworkForm(
            scheme=self.scheme.currentData(),
            host=self.host.text().strip(),
            port=self.port.value(),
            sensor=self.sensor.text().strip(),
            wire=self.wire.currentText(),
            sender=self.only_from.text().strip(),
            token_file=self.token.text().strip(),
            authority=self.authority.text().strip(),
        )

    def _file_row(self, field: QLineEdit, tip: str) -> QWidget:
        field.setToolTip(tip)

        def choose() -> None:
            path, _ = QFileDialog.getOpenFileName(self, tip)
            if path:
                field.setText(path)

        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(field, 1)
        row.addWidget(browse(choose, f"Choose: {tip}"))
        return box

    def _refresh(self) -> None:
        form = self.form()
        is_udp = form.scheme == "udp"
        self.about.setText(SCHEMES[form.scheme].partition(": ")[2])
        self.sensor.setPlaceholderText("such as 640x480" if is_udp else "as the sender says")
        shown = {3: True, 5: is_udp, 6: is_udp, 7: not is_udp, 8: form.scheme == "tls"}
        for row, visible in shown.items():
            self.form_layout.setRowVisible(row, visible)
        try:
            self.address.setText(form.name())
        except ConfigError as error:
            self.address.setText(f"{error.option}: expected {error.expected}")
            set_role(self.address, "warn")
            self.connect_button.setEnabled(False)
        else:
            set_role(self.address, "faint")
            self.connect_button.setEnabled(True)

    def _connect(self) -> None:
        if self.connect_button.isEnabled():
            self.wanted.emit(self.form().name())
