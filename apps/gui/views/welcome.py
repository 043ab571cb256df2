"""What one sees as long as nothing is open: three steps, samples, ways to begin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QIcon, QPixmap, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from eventvision.core import EventVisionError

from ..samples import STEPS, THUMBNAIL, Sample, samples, thumbnail
from ..theme import DARK, Theme
from .images import image_over
from .observing import observe_while
from .theme_style import theme_of
from .words import button, label

if TYPE_CHECKING:
    from .main_window import MainWindow

_WIDE = 980
_GAP = 10
_CARD = (THUMBNAIL[0] // 2 + 14, THUMBNAIL[1] // 2 + 38)


class WelcomePage(QScrollArea):
    """Lies over the views until something is opened.

    Args:
        open_source: Opens a sample by its path.
        ways: Further ways to begin: what the button says, what it does, in plain words.
        over: What it lies over; it follows its size.
        found: Samples; those that ship with the program if None.
    """

    _drawn = pyqtSignal(str, object)

    def __init__(
        self,
        open_source: Callable[[str], object],
        ways: Sequence[tuple[str, Callable[[], object], str]],
        over: QWidget,
        found: Sequence[Sample] | None = None,
    ) -> None:
        super().__init__(over)
        self._open_source = open_source
        self._theme: Theme = DARK
        self._samples = samples() if found is None else tuple(found)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.cards: dict[str, QToolButton] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(self._body(ways))
        self.setAutoFillBackground(True)
        self._drawn.connect(self._show_picture)
        over.installEventFilter(self)
        self.setGeometry(over.rect())

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme: pictures are drawn anew, in a thread."""
        theme = theme_of(self)
        if event is not None and event.type() == QEvent.Type.PaletteChange and theme != self._theme:
            self._theme = theme
            self._draw()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the pictures, if that has not been done."""
        if self._thread is None:
            self._theme = theme_of(self)
            self._draw()
        super().showEvent(event)

    def stop(self) -> None:
        """End the thread that draws the pictures."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the size of what it lies over."""
        over = self.parentWidget()
        if event is not None and event.type() == QEvent.Type.Resize and over is not None:
            self.setGeometry(over.rect())
        return super().eventFilter(watched, event)

    def _body(self, ways: Sequence[tuple[str, Callable[[], object], str]]) -> QWidget:
        body, middle = QWidget(), QWidget()
        middle.setMaximumWidth(_WIDE)
        column = QVBoxLayout(middle)
        column.setSpacing(14)
        column.addStretch(1)
        column.addWidget(label("Welcome to eventvision", "title"))
        column.addWidget(
            label("See, understand and steer an event camera, or a recording of one.", "faint")
        )
        column.addLayout(self._steps())
        column.addLayout(_ways(ways))
        if self._samples:
            column.addSpacing(8)
            column.addWidget(label("Sample recordings", "heading"))
            column.addLayout(self._cards())
        column.addWidget(label("F1 lists all keys. Everything here is in the menus, too.", "faint"))
        column.addStretch(2)
        row = QHBoxLayout(body)
        row.addStretch(1)
        row.addWidget(middle, 20)
        row.addStretch(1)
        return body

    def _steps(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        for number, (title, about) in enumerate(STEPS, start=1):
            card = QFrame()
            card.setProperty("role", "card")
            inside = QVBoxLayout(card)
            inside.addWidget(label(f"{number}  {title}", "heading"))
            inside.addWidget(label(about, "faint", wraps=True))
            inside.addStretch(1)
            row.addWidget(card, 1)
        return row

    def _cards(self) -> QGridLayout:
        self._grid = QGridLayout()
        self._grid.setSpacing(_GAP)
        size = QSize(THUMBNAIL[0] // 2, THUMBNAIL[1] // 2)
        for sample in self._samples:
            card = QToolButton()
            card.setProperty("role", "card")
            card.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            card.setText(sample.title)
            card.setToolTip(sample.about)
            card.setAccessibleDescription(sample.about)
            card.setIconSize(size)
            card.setFixedSize(_CARD[0], _CARD[1])
            path = str(sample.path)
            card.clicked.connect(lambda _checked=False, path=path: self._open_source(path))
            self.cards[sample.name] = card
        self._arrange(len(self.cards))
        return self._grid

    def _arrange(self, columns: int) -> None:
        """Put so many cards in a row."""
        self._columns = columns
        for number, card in enumerate(self.cards.values()):
            self._grid.addWidget(card, number // columns, number % columns)
        self._grid.setColumnStretch(len(self.cards), 1)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put as many samples in a row as there is room for."""
        viewport = self.viewport()
        width = min(_WIDE, 0 if viewport is None else viewport.width()) - 3 * _GAP
        columns = max(1, min(len(self.cards), (width + _GAP) // (_CARD[0] + _GAP)))
        if self.cards and columns != self._columns:
            self._arrange(columns)
        super().resizeEvent(event)

    def _draw(self) -> None:
        self.stop()
        self._stopped.clear()
        self._thread = threading.Thread(
            target=self._draw_all, args=(self._theme,), name="eventvision-samples", daemon=True
        )
        self._thread.start()

    def _draw_all(self, theme: Theme) -> None:
        for sample in self._samples:
            if self._stopped.is_set():
                return
            try:
                picture = thumbnail(
                    sample.path, on=theme.event_on, off=theme.event_off, background=theme.stage
                )
            except (EventVisionError, OSError):
                continue  # the card has a title; opening it tells what is wrong
            if not self._stopped.is_set():
                self._drawn.emit(sample.name, picture)

    def _show_picture(self, name: str, picture: NDArray[np.uint32]) -> None:
        self.cards[name].setIcon(QIcon(QPixmap.fromImage(image_over(picture))))


def _ways(ways: Sequence[tuple[str, Callable[[], object], str]]) -> QHBoxLayout:
    row = QHBoxLayout()
    for number, (text, act, tip) in enumerate(ways):
        row.addWidget(button(text, act, tip, leading=number == 0))
    row.addStretch(1)
    return row


def attach_welcome(window: MainWindow) -> None:
    """Lay the welcome over the event views, for as long as nothing is open."""
    from . import going

    over = window.grid
    page = next(iter(over.findChildren(WelcomePage)), None)
    if page is None:
        page = WelcomePage(
            window.controller.source.open,
            (
                ("Open file…", window.open_file, "Open a recording (Ctrl+O)"),
                ("Camera…", lambda: going.to_cameras(window), "See attached cameras (Ctrl+K)"),
                (
                    "No camera? Try one",
                    lambda: going.to_simulator(window),
                    "Open a simulated camera (Ctrl+M)",
                ),
            ),
            over,
        )
        observe_while(page, window.state.source, lambda part: page.setVisible(not part.name))
        window.controller.at_quit(page.stop)
    page.show()
    page.raise_()
