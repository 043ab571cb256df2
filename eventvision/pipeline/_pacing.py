"""Play a recording at a chosen speed: packets come when their time has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from eventvision.core import Packet
from eventvision.io import split

STEP_US = 1_000
"""Recording time that one paced packet spans at speed 1 by default; above, more in proportion."""


class Pacer:
    """Cuts packets into short steps and holds each back until its last moment has come.

    The start of the recording is tied to the wall clock once, so errors never add up: after an
    hour of playback the clock is as right as after a second. Silence is played too, as packets
    without events that say how far the recording has come.

    Args:
        speed: Recording seconds per wall second.
        stop: When set, waiting ends at once and no further packet is given out.
        step_us: Recording time that a packet spans at speed 1, 1 or more.

    Raises:
        ValueError: If the speed or the step is not positive.
    """

    def __init__(self, speed: float, stop: threading.Event, *, step_us: int = STEP_US) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be positive, got {speed}")
        if step_us < 1:
            raise ValueError(f"step_us must be 1 or more, got {step_us}")
        self._ns_per_us = 1000.0 / speed
        self._step_us = max(1, round(step_us * max(1.0, speed)))
        self._stop = stop

    def __call__(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Yield the same content in short packets, each when it is due."""
        origin_us = edge_us = None
        origin_ns = 0
        events_came = False
        for packet in _begun(packets):
            if events_came and not len(packet):
                yield packet  # nobody waits for what the other sensors say after the last event
                continue
            events_came = bool(len(packet))
            first_us, last_us = _time_range(packet)
            if origin_us is None or edge_us is None:
                origin_us, origin_ns = first_us, time.monotonic_ns()
                edge_us = origin_us + self._step_us
            rest = packet
            while edge_us <= last_us:
                part, rest = split(rest, edge_us)
                arrived_ns = self._due_ns(part, edge_us, origin_us, origin_ns)
                if not self._wait_until(self._clock_ns(edge_us, origin_us, origin_ns)):
                    return
                yield replace(part, arrived_ns=arrived_ns, until_us=edge_us)
                edge_us += self._step_us
            due_ns = self._clock_ns(last_us, origin_us, origin_ns)
            if not self._wait_until(due_ns):
                return
            yield replace(rest, arrived_ns=due_ns)

    def _clock_ns(self, t_us: int, origin_us: int, origin_ns: int) -> int:
        return origin_ns + round((t_us - origin_us) * self._ns_per_us)

    def _due_ns(self, part: Packet, edge_us: int, origin_us: int, origin_ns: int) -> int:
        last_us = int(part.events.t[-1]) if len(part) else edge_us
        return self._clock_ns(last_us, origin_us, origin_ns)

    def _wait_until(self, due_ns: int) -> bool:
        remaining_s = (due_ns - time.monotonic_ns()) / 1e9
        return not (self._stop.wait(remaining_s) if remaining_s > 0 else self._stop.is_set())


def _begun(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Read two packets before the first is given out, so that opening up delays none of them."""
    coming = iter(packets)
    yield from chain(list(islice(coming, 2)), coming)


def _time_range(packet: Packet) -> tuple[int, int]:
    """Return the times between which a packet is played: of its events, else of what it has."""
    if len(packet):
        return int(packet.events.t[0]), int(packet.events.t[-1])
    columns = (packet.imu["t"], packet.triggers["t"])
    times = [int(t) for column in columns if column.size for t in (column[0], column[-1])]
    times += [frame.t_us for frame in packet.frames]
    if not times:
        times.append(packet.until_us or 0)
    return min(times), max(times)
