"""Help: every command with its keys, and what can be done with the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .commands import Command
from .words import button

MOUSE = (
    ("Mouse", "Drag an event view", "Move the picture", "drag"),
    ("Mouse", "Wheel over an event view", "Zoom at the pointer", "wheel"),
    ("Mouse", "Click on the time line", "Go there", "click"),
    ("Mouse", "Drag the 3-D view", "Turn it; with the right button, move it", "drag"),
    ("Mouse", "Drop a file on the window", "Open it", "drop"),
)
"""Group, title, what it does, how."""


class KeysDialog(QDialog):
    """Lists commands; typing narrows the list down.

    Args:
        commands: What there is.
        parent: As for all widgets.
    """

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(860, 660)
        self.search = QLineEdit()
        self.search.setPlaceholderText("find a command or a key")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["What", "Keys", "In plain words"])
        self.tree.setAccessibleName("Commands and their keys")
        self.tree.setRootIsDecorated(False)
        self._groups: dict[str, QTreeWidgetItem] = {}
        for command in commands:
            self._add(command.menu, command.text.rstrip("…"), command.tip, _shown(command.keys))
        for group, title, tip, how in MOUSE:
            self._add(group, title, tip, how)
        self.tree.expandAll()
        for column in range(3):
            self.tree.resizeColumnToContents(column)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button("Close", self.close, "Close this window (Esc)"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)
        layout.addLayout(buttons)

    def _add(self, group: str, title: str, tip: str, keys: str) -> None:
        parent = self._groups.get(group)
        if parent is None:
            parent = QTreeWidgetItem([group])
            font = parent.font(0)
            font.setBold(True)
            parent.setFont(0, font)
            self.tree.addTopLevelItem(parent)
            self._groups[group] = parent
        item = QTreeWidgetItem([title, keys, tip])
        item.setToolTip(2, tip)
        parent.addChild(item)

    def _narrow(self, text: str) -> None:
        wanted = text.casefold()
        for group in self._groups.values():
            found = False
            for index in range(group.childCount()):
                item = group.child(index)
                if item is None:
                    continue
                words = " ".join(item.text(column) for column in range(3)).casefold()
                item.setHidden(wanted not in words)
                found = found or not item.isHidden()
            group.setHidden(not found)


def _shown(keys: Sequence[str]) -> str:
    """Return keys as this system shows them."""
    form = QKeySequence.SequenceFormat.NativeText
    return "   ".join(QKeySequence(key).toString(form) for key in keys)
