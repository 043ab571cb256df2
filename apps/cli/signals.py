"""Signals, handled for a while."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def handling(number: signal.Signals, handler: Any) -> Iterator[None]:
    """Handle a signal, and leave things as they were."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and a polite kill into an event, so that work comes to a proper end."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    with handling(signal.SIGINT, on_signal), handling(signal.SIGTERM, on_signal):
        yield stop
