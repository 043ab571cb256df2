"""Values that tell when they change; the whole of the application's observer mechanism."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Forget = Callable[[], None]
"""Ends an observation; may be called twice."""


class Cell(Generic[T]):
    """One value of the state, replaced as a whole.

    It belongs to the thread that made it, which in the application is that of the windows. Other
    threads leave what they have to say with the player, and `Controller.tick` fetches it.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        self._observers: list[Callable[[T], None]] = []
        self._owner = threading.get_ident()

    @property
    def value(self) -> T:
        """What it is now."""
        return self._value

    def set(self, value: T) -> None:
        """Replace the value; observers hear of it before this returns, unless it is equal.

        Raises:
            RuntimeError: If called from another thread.
        """
        if threading.get_ident() != self._owner:
            raise RuntimeError("the state changes in the thread that made it only")
        if value == self._value:
            return
        self._value = value
        for observer in tuple(self._observers):
            observer(value)

    def change(self, **fields: Any) -> None:
        """Replace fields of a value that is a dataclass."""
        self.set(replace(self._value, **fields))  # type: ignore[type-var]

    def observe(self, observer: Callable[[T], None]) -> Forget:
        """Call `observer` with the present value, and with every later one."""
        self._observers.append(observer)
        observer(self._value)

        def forget() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return forget
