"""What sets off a recording with a pre-roll: the user, a trigger input, or a busy scene."""

from __future__ import annotations

import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from eventvision.core import GAP_SOURCE, ConfigError, Packet, parse_count

from .signals import handling

RATE_WINDOW_US = 10_000

Happens = Callable[[Packet], bool]
"""Looks at each packet while nothing is recorded; says whether that is what was waited for."""


def parse_trigger(text: str) -> Happens:
    """Read `user`, `trigger` or `rate:N` (events per second).

    Raises:
        ConfigError: If it is anything else.
    """
    if text == "user":
        return _never
    if text == "trigger":
        return _has_trigger
    kind, _, rate = text.partition(":")
    try:
        if kind == "rate":
            return RateAbove(parse_count(rate))
    except ValueError:
        pass
    raise ConfigError("--on", text, "user, trigger, or rate:N with events per second as in 2M")


class RateAbove:
    """Whether the last 10 ms of a stream hold events at a rate of at least `rate_evps`."""

    def __init__(self, rate_evps: int) -> None:
        self._enough = rate_evps * RATE_WINDOW_US / 1e6
        self._recent: deque[tuple[int, int]] = deque()
        self._events = 0

    def __call__(self, packet: Packet) -> bool:
        """Take the next packet; its events may themselves span more than 10 ms."""
        t = packet.events.t
        if not t.size:
            return False
        now_us = int(t[-1])
        inside = t.size - int(t.searchsorted(now_us - RATE_WINDOW_US, "right"))
        self._recent.append((now_us, inside))
        self._events += inside
        while self._recent[0][0] <= now_us - RATE_WINDOW_US:
            self._events -= self._recent.popleft()[1]
        return self._events >= self._enough


@contextmanager
def on_user(trigger: Callable[[], None]) -> Iterator[None]:
    """Call `trigger` when the user presses Enter on a terminal, or sends SIGUSR1."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        threading.Thread(target=trigger, daemon=True).start()

    def on_enter() -> None:
        if sys.stdin.readline():
            trigger()

    if sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=on_enter, daemon=True).start()
    if not hasattr(signal, "SIGUSR1"):
        yield
        return
    with handling(signal.SIGUSR1, on_signal):
        yield


def _never(packet: Packet) -> bool:
    del packet
    return False


def _has_trigger(packet: Packet) -> bool:
    return bool((packet.triggers["source"] != GAP_SOURCE).any())
