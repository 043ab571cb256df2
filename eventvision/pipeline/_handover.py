"""The one way from a thread to the next: bounded, with the drop policy in its name."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Policy = Literal["block", "latest"]
"""`block`: the producer waits for room. `latest`: the oldest item makes room, and is counted."""


class HandOverAborted(Exception):  # noqa: N818 - not an error: the other side has stopped
    """The consumer has given up; the producer should stop."""


class HandOver(Generic[T]):
    """A bounded queue between one producer and one consumer.

    Attributes:
        dropped: Items that made room for newer ones; always 0 with `block`.
    """

    def __init__(self, size: int, policy: Policy = "block") -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._policy = policy
        self._closed = False
        self._aborted = False
        lock = threading.Lock()
        self._ready = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self.dropped = 0

    def put(self, item: T) -> None:
        """Hand an item over.

        Raises:
            HandOverAborted: If the consumer has stopped.
        """
        with self._ready:
            if len(self._items) >= self._size and self._policy == "latest":
                self._items.popleft()
                self.dropped += 1
            while len(self._items) >= self._size and not self._aborted:
                self._room.wait()
            if self._aborted:
                raise HandOverAborted
            self._items.append(item)
            self._ready.notify()

    def close(self) -> None:
        """Say that nothing more will come."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def abort(self) -> None:
        """Say that nothing more will be taken; a waiting producer is woken."""
        with self._ready:
            self._aborted = True
            self._room.notify()
            self._ready.notify()

    def __iter__(self) -> Iterator[T]:
        """Yield items until the producer closes or either side aborts."""
        while True:
            with self._ready:
                while not self._items and not self._closed and not self._aborted:
                    self._ready.wait()
                if self._aborted or not self._items:
                    return
                item = self._items.popleft()
                self._room.notify()
            yield item
