"""Observing the state for as long as a widget exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PyQt6.QtWidgets import QWidget

from ..cells import Cell

T = TypeVar("T")

_waiting: set[Callable[..., None]] = set()
"""What waits for the end of a widget. It is kept here because a widget that is garbage together
with what observes it would, taken apart, call a function that has been taken apart already."""


def observe_while(widget: QWidget, cell: Cell[T], observer: Callable[[T], None]) -> None:
    """Call `observer` with the present value and every later one, until the widget is gone."""
    forget = cell.observe(observer)

    def gone(*_: object) -> None:
        _waiting.discard(gone)
        forget()

    _waiting.add(gone)
    widget.destroyed.connect(gone)
