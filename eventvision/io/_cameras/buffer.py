"""What a camera has said and nobody has taken yet: bounded in size and in age, drops counted."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

from .driver import Batch

MOST_BYTES = 1 << 26
MOST_BEHIND_S = 1.0
"""What waits longer than this is dropped: a live view of the past helps nobody."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch, when it arrived, and whether data before it was dropped here."""

    batch: Batch
    arrived_ns: int
    after_drop: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The camera is gone."""

    message: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera is open again."""


class BatchBuffer:
    """Batches that nobody has taken yet, up to `MOST_BYTES` of them."""

    def __init__(self) -> None:
        self._items: deque[tuple[Batch, int] | Lost | Opened] = deque()
        self._bytes = 0
        self._has_dropped = False
        self._is_closed = False
        self._ready = threading.Condition()
        self._dropped: Counter[str] = Counter(
            {"events: read too slowly": 0, "packets: driver full": 0}
        )

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost, by cause."""
        with self._ready:
            return dict(self._dropped)

    def put(self, batch: Batch, arrived_ns: int) -> None:
        """Add a batch, and make room for it if need be."""
        with self._ready:
            self._items.append((batch, arrived_ns))
            self._bytes += _bytes_of(batch)
            self._dropped["packets: driver full"] += batch.packets_lost
            while self._bytes > MOST_BYTES or self._waited_ns(arrived_ns) > MOST_BEHIND_S * 1e9:
                self._drop_oldest()
            self._ready.notify()

    def tell(self, what: Lost | Opened) -> None:
        """Add what became of the camera."""
        with self._ready:
            self._items.append(what)
            self._ready.notify()

    def take(self, timeout_s: float) -> Arrival | Lost | Opened | None:
        """Return the oldest of what has come; None if nothing does within `timeout_s`."""
        with self._ready:
            self._ready.wait_for(lambda: self._items or self._is_closed, timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, Lost | Opened):
                return item
            batch, arrived_ns = item
            self._bytes -= _bytes_of(batch)
            after_drop, self._has_dropped = self._has_dropped, False
            return Arrival(batch, arrived_ns, after_drop or batch.packets_lost > 0)

    def close(self) -> None:
        """Wake whoever waits; nothing more will come."""
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()

    def forget(self) -> None:
        """Let go of batches that nobody has asked for."""
        with self._ready:
            self._items = deque(item for item in self._items if isinstance(item, Lost | Opened))
            self._bytes = 0

    def _waited_ns(self, now_ns: int) -> int:
        return next((now_ns - item[1] for item in self._items if isinstance(item, tuple)), 0)

    def _drop_oldest(self) -> None:
        """Make room; what was told about the camera stays."""
        for index, item in enumerate(self._items):
            if isinstance(item, tuple):
                del self._items[index]
                self._bytes -= _bytes_of(item[0])
                self._dropped["events: read too slowly"] += item[0].events.size
                self._has_dropped = True
                return


def _bytes_of(batch: Batch) -> int:
    frames = sum(frame.pixels.nbytes for frame in batch.frames)
    return 256 + batch.events.nbytes + batch.imu.nbytes + batch.triggers.nbytes + frames
