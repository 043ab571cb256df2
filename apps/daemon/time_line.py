"""One time line for a source that is opened again: it goes on where the wall clock has come to."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Packet, SensorSize


class TimeLine:
    """Moves packets to where they belong.

    The first opening keeps its own times. A source that was away for 3 s comes back 3 s later,
    whatever its clock shows then, and a gap is marked there.

    Args:
        sensor: Of the source.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._sensor = sensor
        self._now_us, self._known_ns = -1, 0
        self._offset_us = 0
        self._is_tied = self._is_whole = True

    def interrupt(self) -> None:
        """Take note that what comes next comes from a clock of its own."""
        self._is_tied = self._is_whole = False

    def silence(self) -> Packet:
        """Return a packet without events; between two clocks it says how far time has come."""
        until_us = None
        if not self._is_tied and self._now_us >= 0:
            self._go_on(time.monotonic_ns())
            until_us = self._now_us
        return Packet(Events.empty(self._sensor), until_us=until_us)

    def placed(self, packet: Packet) -> Packet:
        """Return a packet with its times on the time line."""
        known_ns = packet.arrived_ns or time.monotonic_ns()
        if not self._is_tied and (first_us := _first_us(packet)) is not None:
            self._is_tied = True
            if self._now_us >= 0:
                self._go_on(known_ns)
                self._offset_us = self._now_us + 1 - first_us
        moved = _moved(packet, self._offset_us) if self._offset_us else packet
        if len(moved) and not self._is_whole:
            self._is_whole, moved = True, moved.after_gap()
        last_us = max(int(moved.events.t[-1]) if len(moved) else -1, moved.until_us or -1)
        if last_us > self._now_us:
            self._now_us, self._known_ns = last_us, known_ns
        return moved

    def _go_on(self, until_ns: int) -> None:
        """Let the wall clock tell how far time has come."""
        if until_ns > self._known_ns:
            self._now_us += (until_ns - self._known_ns) // 1000
            self._known_ns = until_ns


def _first_us(packet: Packet) -> int | None:
    columns = (packet.events.data, packet.imu, packet.triggers)
    times = [int(column["t"][0]) for column in columns if column.size]
    times += [frame.t_us for frame in packet.frames]
    return min(times, default=packet.until_us)


def _moved(packet: Packet, by_us: int) -> Packet:
    return replace(
        packet,
        events=Events(_later(packet.events.data, by_us), packet.sensor),
        frames=tuple(replace(frame, t_us=frame.t_us + by_us) for frame in packet.frames),
        imu=_later(packet.imu, by_us),
        triggers=_later(packet.triggers, by_us),
        until_us=None if packet.until_us is None else packet.until_us + by_us,
    )


def _later(samples: NDArray[np.void], by_us: int) -> NDArray[np.void]:
    moved = samples.copy()
    moved["t"] += by_us
    return moved
