"""What waits for one client: bounded, the oldest packet makes room, every drop is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientReport:
    """How one client is doing.

    Attributes:
        address: Where it comes from.
        packets_waiting: Packets that it has yet to be sent.
        packets_sent: Packets that were handed to the network.
        packets_dropped: Packets that made room for newer ones, because it reads too slowly.
        events_dropped: Events in them.
    """

    address: str
    packets_waiting: int
    packets_sent: int
    packets_dropped: int
    events_dropped: int


class ClientQueue:
    """Hands packets from the thread that writes to the one that sends.

    Args:
        size: Most packets that wait.
        wake: Called, from any thread, whenever there is something new to look at.
    """

    def __init__(self, size: int, wake: Callable[[], None]) -> None:
        self._packets: deque[tuple[bytes, int]] = deque()
        self._size = size
        self._wake = wake
        self._lock = threading.Lock()
        self._sent = self._dropped = self._events_dropped = 0
        self.is_finished = False

    def put(self, packet: bytes, events: int) -> None:
        """Add a packet of so many events; never waits."""
        with self._lock:
            if len(self._packets) >= self._size:
                self._dropped += 1
                self._events_dropped += self._packets.popleft()[1]
            self._packets.append((packet, events))
        self._wake()

    def take(self) -> bytes | None:
        """Return the oldest packet, or None if none waits."""
        with self._lock:
            if not self._packets:
                return None
            self._sent += 1
            return self._packets.popleft()[0]

    def finish(self) -> None:
        """Say that nothing more will come."""
        self.is_finished = True
        self._wake()

    def report(self, address: str) -> ClientReport:
        """Return how the client is doing."""
        with self._lock:
            return ClientReport(
                address, len(self._packets), self._sent, self._dropped, self._events_dropped
            )
