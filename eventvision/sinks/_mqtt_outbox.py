"""What waits to be sent, and what waits to be acknowledged.

    put ──▶ memory ──connected──▶ in flight ──acknowledged──▶ gone
              │                      ▲
              └──broker away──▶ spool┘   (kept there until acknowledged)

A message is handed to the connection once; the connection itself repeats what was in flight when it
broke. So everything arrives, in order of the numbers, and nothing that was spooled arrives twice.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ._spool import Message, Spool

Send = Callable[[Message], int]
"""Hands a message to the connection and returns the number by which it is acknowledged."""

MOST_IN_FLIGHT = 20
MOST_IN_MEMORY = 1000


class Outbox:
    """Moves messages on; `put` and `acknowledge` may be called from any thread, `pump` from one.

    Args:
        spool: Where messages wait while there is no connection; None lets them wait in memory.
    """

    def __init__(self, spool: Spool | None) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._memory: deque[Message] = deque()
        self._acknowledged: deque[int] = deque()
        self._in_flight: dict[int, tuple[Message, bool]] = {}
        self._handed_over = 0
        self._forgotten = 0
        self.arrived = 0

    def __len__(self) -> int:
        spooled = 0 if self._spool is None else len(self._spool)
        in_memory = sum(not is_spooled for _, is_spooled in list(self._in_flight.values()))
        return len(self._memory) + spooled + in_memory

    @property
    def dropped(self) -> dict[str, int]:
        """Messages lost, by cause."""
        spooled = {} if self._spool is None else self._spool.dropped
        return {"broker away": self._forgotten, **spooled}

    def put(self, messages: Sequence[Message]) -> None:
        """Take messages whose numbers are above those of all before; never waits for a disk."""
        with self._lock:
            self._memory.extend(messages)
            while len(self._memory) > MOST_IN_MEMORY:
                self._memory.popleft()
                self._forgotten += 1

    def acknowledge(self, number: int) -> None:
        """Note that the broker has a message."""
        self._acknowledged.append(number)

    def pump(self, send: Send | None) -> None:
        """Do what can be done now; `send` is None while there is no connection."""
        self._settle()
        if send is not None:
            self._send_spooled(send)
            if not self._has_unsent:
                self._send_remembered(send)
        if send is None or self._has_unsent or len(self._memory) > MOST_IN_MEMORY // 2:
            self._spool_memory()

    def keep(self) -> None:
        """Bring everything to disk that has not arrived; the last that is done."""
        self._settle()
        self._spool_memory()
        if self._spool is not None:
            left = [message for message, is_spooled in self._in_flight.values() if not is_spooled]
            self._spool.put(left)

    @property
    def is_settled(self) -> bool:
        """Whether everything has arrived."""
        return not (self._memory or self._in_flight or self._has_unsent)

    @property
    def _has_unsent(self) -> bool:
        return self._spool is not None and self._spool.last_number > self._handed_over

    def _settle(self) -> None:
        arrived = []
        while self._acknowledged:
            message, is_spooled = self._in_flight.pop(self._acknowledged.popleft(), (None, False))
            if message is not None:
                self.arrived += 1
                if is_spooled:
                    arrived.append(message.number)
        if self._spool is not None and arrived:
            self._spool.remove(arrived)

    def _send_spooled(self, send: Send) -> None:
        room = MOST_IN_FLIGHT - len(self._in_flight)
        if self._spool is None or not self._has_unsent or room <= 0:
            return
        found = self._spool.after(self._handed_over, room)
        for message in found:
            self._in_flight[send(message)] = message, True
        self._handed_over = found[-1].number if found else self._spool.last_number

    def _send_remembered(self, send: Send) -> None:
        while self._memory and len(self._in_flight) < MOST_IN_FLIGHT:
            with self._lock:
                message = self._memory.popleft()
            self._in_flight[send(message)] = message, False

    def _spool_memory(self) -> None:
        if self._spool is None:
            return
        with self._lock:
            messages = list(self._memory)
            self._memory.clear()
        self._spool.put(messages)
