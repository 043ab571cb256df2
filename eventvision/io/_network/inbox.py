"""Datagrams taken from a socket by a thread of its own, so that the system need not drop them."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

BUFFER_BYTES = 1 << 22
"""What the system is asked to buffer; it may grant less."""

MOST_BYTES = 1 << 24
"""What waits here until it is asked for; beyond that, the oldest datagrams are dropped."""

GATHER_S = 0.001
"""What comes this close together is handed out together, which is cheaper than one by one."""

MOST_DATAGRAM_BYTES = 65_535
_POLL_S = 0.1
_NOTE_BYTES = 64
_OVERFLOW_OPTION = 40  # SO_RXQ_OVFL of Linux: how many datagrams the socket has dropped so far


@dataclass(frozen=True, slots=True)
class Arrival:
    """A datagram as it came: its content, its sender's host and the monotonic time."""

    content: bytes
    host: str
    arrived_ns: int


class Inbox:
    """Receives datagrams until it is closed.

    Args:
        receiver: A bound socket, which is closed with the inbox.

    Attributes:
        overflowed: Datagrams that the system dropped because its buffer was full, as far as it
            tells (Linux does).
        dropped: Datagrams that were dropped here because nobody asked for them.
    """

    def __init__(self, receiver: socket.socket) -> None:
        self._socket = receiver
        self._arrivals: deque[Arrival] = deque()
        self._bytes = 0
        self._ready = threading.Condition()
        self._closed = False
        self.overflowed = self.dropped = 0
        receiver.settimeout(_POLL_S)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        if sys.platform == "linux":
            receiver.setsockopt(socket.SOL_SOCKET, _OVERFLOW_OPTION, 1)
        self._thread = threading.Thread(target=self._receive, name="eventvision-udp", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> list[Arrival]:
        """Return all that has come and comes within 1 ms; wait so long where nothing has."""
        with self._ready:
            if not self._arrivals and not self._closed:
                self._ready.wait(timeout_s)
        time.sleep(GATHER_S)
        with self._ready:
            taken = list(self._arrivals)
            self._arrivals.clear()
            self._bytes = 0
            return taken

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def close(self) -> None:
        """Stop receiving, from any thread; may be called twice."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while not self._closed:
            try:
                content, host = self._next()
            except TimeoutError:
                continue
            except OSError:  # such as a refusal that an earlier datagram of ours met
                time.sleep(_POLL_S)
                continue
            self._keep(Arrival(content, host, time.monotonic_ns()))

    def _next(self) -> tuple[bytes, str]:
        """Return the next datagram and the host of its sender."""
        if sys.platform != "linux":
            content, sender = self._socket.recvfrom(MOST_DATAGRAM_BYTES)
            return content, sender[0]
        content, notes, _, sender = self._socket.recvmsg(MOST_DATAGRAM_BYTES, _NOTE_BYTES)
        for level, kind, value in notes:
            if level == socket.SOL_SOCKET and kind == _OVERFLOW_OPTION:
                self.overflowed = int.from_bytes(value[:4], sys.byteorder)
        return content, sender[0]

    def _keep(self, arrival: Arrival) -> None:
        with self._ready:
            self._arrivals.append(arrival)
            self._bytes += len(arrival.content) + 64
            while self._bytes > MOST_BYTES:
                self._bytes -= len(self._arrivals.popleft().content) + 64
                self.dropped += 1
            self._ready.notify()
