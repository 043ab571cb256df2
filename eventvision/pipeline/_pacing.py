"""Play a recording at a chosen speed: packets come when their time has come."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from eventvision.core import Packet
from eventvision.io import split

from ._gate import Pace

STEP_US = 1_000
"""Recording time that one paced packet spans at speed 1 by default; above, more in proportion."""

_LOOK_EVERY_S = 0.05
"""How soon a wait notices that the speed has changed."""


class Pacer:
    """Cuts packets into short steps and holds each back until its last moment has come.

    The start of the recording is tied to the wall clock once, so errors never add up: after an
    hour of playback the clock is as right as after a second; it is tied anew where the speed
    changes. Silence is played too, as packets without events that say how far the recording has
    come.

    Args:
        speed: Recording seconds per wall second; None lets packets through as they are.
        stop: When set, waiting ends at once and no further packet is given out.
        step_us: Recording time that a packet spans at speed 1, 1 or more.
        pace: Asked all the time whether to play, to hold, or not to wait; plays if None.

    Raises:
        ValueError: If the speed or the step is not positive.
    """

    def __init__(
        self,
        speed: float | None,
        stop: threading.Event,
        *,
        step_us: int = STEP_US,
        pace: Callable[[], Pace] | None = None,
    ) -> None:
        if step_us < 1:
            raise ValueError(f"step_us must be 1 or more, got {step_us}")
        self._stop, self._step_us = stop, step_us
        self._pace = pace or (lambda: "play")
        self._state = threading.Lock()
        self._at_us: int | None = None  # all before has been given out
        self._tie: tuple[int, int] | None = None  # a time of the recording, and the wall clock's
        self._speed = _checked(speed)

    @property
    def speed(self) -> float | None:
        """Recording seconds per wall second, or None."""
        return self._speed

    def set_speed(self, speed: float | None) -> None:
        """Play faster or slower from here on; may be called from any thread.

        Raises:
            ValueError: If it is not positive.
        """
        with self._state:
            self._speed, self._tie = _checked(speed), None

    def __call__(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Yield the same content in short packets, each when it is due."""
        events_came = False
        for packet in _begun(packets):
            first_us, last_us = _time_range(packet)
            if self._speed is None or (events_came and not len(packet)):
                # Nobody waits for what the other sensors say after the last event.
                yield packet
                self._at_us = max(last_us, self._at_us or 0)
                continue
            events_came = bool(len(packet))
            if self._at_us is None:
                self._at_us = first_us
            yield from self._in_steps(packet, last_us)
            if self._stop.is_set():
                return

    def _in_steps(self, packet: Packet, last_us: int) -> Iterator[Packet]:
        rest, at_us = packet, self._at_us or 0
        while (speed := self._speed) is not None:
            edge_us = at_us + max(1, round(self._step_us * max(1.0, speed)))
            if len(rest) and self._pace() == "rush":
                edge_us = max(edge_us, int(rest.events.t[0]) + 1)  # silence is left out
            if edge_us > last_us:
                break
            part, rest = split(rest, edge_us)
            if self._wait_for(edge_us) is None:
                return
            came_us = int(part.events.t[-1]) if len(part) else edge_us
            yield replace(part, arrived_ns=self._due_ns(came_us), until_us=edge_us)
            self._at_us = at_us = edge_us
        if speed is None:
            yield rest
        elif (due_ns := self._wait_for(last_us)) is not None:
            yield replace(rest, arrived_ns=due_ns)

    def _wait_for(self, t_us: int) -> int | None:
        """Wait for a time of the recording; return when it was due, or None to stop."""
        while not self._stop.is_set():
            pace, wait_s = self._pace(), _LOOK_EVERY_S
            if pace == "play":
                due_ns = self._due_ns(t_us)
                wait_s = (due_ns - time.monotonic_ns()) / 1e9
                if wait_s <= 0:
                    return due_ns
            else:
                self._tie = None
                if pace == "rush":
                    return time.monotonic_ns()
            self._stop.wait(min(wait_s, _LOOK_EVERY_S))
        return None

    def _due_ns(self, t_us: int) -> int:
        """Return when a time of the recording is due, now if there is no speed."""
        with self._state:
            now_ns = time.monotonic_ns()
            if self._speed is None:
                return now_ns
            if self._tie is None:
                self._tie = (self._at_us or 0, now_ns)
            return self._tie[1] + round((t_us - self._tie[0]) * 1000 / self._speed)


def _checked(speed: float | None) -> float | None:
    if speed is not None and not 0 < speed < math.inf:
        raise ValueError(f"speed must be positive, got {speed}")
    return speed


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
