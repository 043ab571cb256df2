"""Live sources that do as they are told, for tests of the daemon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from eventvision.core import DamageReport, Events, Packet, SensorSize, SourceInfo

SENSOR = SensorSize(64, 48)
PACKET_US = 5_000


def packet_at(t0_us: int, count: int = 50, *, middle: tuple[int, int] = (20, 20)) -> Packet:
    """Return 5 ms of a blob of events."""
    rng = np.random.default_rng(t0_us)
    t = np.sort(rng.integers(t0_us, t0_us + PACKET_US, count))
    x = np.clip(rng.normal(middle[0], 3, count), 0, SENSOR.width - 1)
    y = np.clip(rng.normal(middle[1], 3, count), 0, SENSOR.height - 1)
    events = Events.from_columns(t, x, y, rng.integers(0, 2, count), sensor=SENSOR)
    return Packet(events, until_us=t0_us + PACKET_US, arrived_ns=time.monotonic_ns())


class LiveSource:
    """Yields a packet every few milliseconds until it is closed.

    Args:
        before: Called before each packet with its number; may raise, or wait.
        events: How many are in a packet.
    """

    def __init__(
        self, before: Callable[[int], None] = lambda number: None, *, events: int = 50
    ) -> None:
        self.before, self._events = before, events
        self.given = 0
        self.is_live = True
        self.damage = DamageReport()
        self.progress: float | None = None
        self.info = SourceInfo(name="live", format="test", sensor=SENSOR, sensor_from="user")
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Packet]:
        while not self.closed.wait(0.005):
            self.before(self.given)
            self.given += 1
            yield packet_at(self.given * PACKET_US, self._events)

    def close(self) -> None:
        self.closed.set()

    def __enter__(self) -> LiveSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
