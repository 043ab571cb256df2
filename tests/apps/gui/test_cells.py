"""Cells tell of changes, in the thread that made them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from eventvision_apps.gui.cells import Cell


@dataclass(frozen=True)
class Part:
    one: int = 1
    two: int = 2


def test_an_observer_hears_the_present_value_and_every_later_one():
    heard = []
    cell = Cell(1)
    cell.observe(heard.append)
    cell.set(2)
    cell.set(3)
    assert heard == [1, 2, 3]


def test_an_equal_value_is_no_change():
    heard = []
    cell = Cell(Part())
    cell.observe(heard.append)
    cell.set(Part())
    assert heard == [Part()]


def test_fields_are_changed_by_name():
    cell = Cell(Part())
    cell.change(two=5)
    assert cell.value == Part(1, 5)


def test_nothing_is_heard_once_forgotten():
    heard = []
    cell = Cell(1)
    forget = cell.observe(heard.append)
    forget()
    forget()
    cell.set(2)
    assert heard == [1]


def test_an_observer_may_forget_itself_while_it_is_told():
    cell, heard = Cell(1), []

    def once(value: int) -> None:
        heard.append(value)
        if value == 2:
            forget()

    forget = cell.observe(once)
    cell.observe(heard.append)
    cell.set(2)
    cell.set(3)
    assert heard == [1, 1, 2, 2, 3]


def test_another_thread_may_not_change_it():
    cell, errors = Cell(1), []

    def change() -> None:
        try:
            cell.set(2)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=change)
    thread.start()
    thread.join()
    assert errors
    assert cell.value == 1
