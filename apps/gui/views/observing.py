"""Observing the state for as long as a widget exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PyQt6.QtWidgets import QWidget

from ..cells import Cell

T = TypeVar("T")


def observe_while(widget: QWidget, cell: Cell[T], observer: Callable[[T], None]) -> None:
    """Call `observer` with the present value and every later one, until the widget is gone."""
    forget = cell.observe(observer)
    widget.destroyed.connect(lambda _: forget())
