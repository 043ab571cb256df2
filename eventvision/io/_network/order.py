"""The order of datagrams: UDP loses some, lets others overtake and delivers a few twice.

Datagrams that wait together are put in order. One that comes after its successors have been
delivered is too late and dropped. Both are counted; so is what never came, where datagrams are
numbered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Damage, DamageReport

JITTER_US = 1_000
"""A datagram that begins so little behind the last event is in order: senders' clocks jitter."""

LATE_US = 1_000_000
"""One that is further behind than this is not late: the sender's clock began anew."""

FAR = 1 << 12
"""A number so far from the one that is expected says that the sender has begun anew."""

_NUMBERS = 1 << 32


@dataclass(frozen=True, slots=True)
class Datagram:
    """Events of a datagram.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`, N at least 1.
        number: Its number, 0 where it has none.
        arrived_ns: `time.monotonic_ns()` at which it came.
    """

    events: NDArray[np.void]
    number: int
    arrived_ns: int

    @property
    def start_us(self) -> int:
        """Time of its first event."""
        return int(self.events["t"][0])

    @property
    def end_us(self) -> int:
        """Time of its last event."""
        return int(self.events["t"][-1])


class DatagramOrder(Protocol):
    """Puts datagrams in order, in batches of those that wait together."""

    lost: int
    """Datagrams that never came, as far as that can be known."""

    reordered: int
    """Datagrams that were overtaken, whether they could be put in order or not."""

    def arrange(self, batch: Iterable[Datagram]) -> list[Datagram]:
        """Return what can be delivered, in order."""


class TimeOrder:
    """Orders datagrams by the time of their first event; `lost` stays 0."""

    def __init__(self, damage: DamageReport) -> None:
        self._damage = damage
        self._reached_us: int | None = None
        self.lost = 0
        self.reordered = 0

    def arrange(self, batch: Iterable[Datagram]) -> list[Datagram]:
        """Return what can be delivered, in order."""
        delivered: list[Datagram] = []
        run: list[Datagram] = []
        latest_us = self._reached_us
        for datagram in batch:
            behind_us = 0 if latest_us is None else latest_us - datagram.start_us
            if behind_us > LATE_US:
                delivered += self._settle(run)
                run, self._reached_us, latest_us = [], None, None
            self.reordered += JITTER_US < behind_us <= LATE_US
            run.append(datagram)
            latest_us = datagram.end_us if latest_us is None else max(datagram.end_us, latest_us)
        return delivered + self._settle(run)

    def _settle(self, run: list[Datagram]) -> list[Datagram]:
        delivered = []
        for datagram in sorted(run, key=lambda one: one.start_us):
            reached_us = self._reached_us
            if reached_us is not None and datagram.start_us < reached_us - JITTER_US:
                self._damage.add(_dropped(datagram, *_LATE))
                continue
            self._reached_us = max(datagram.end_us, reached_us or 0)
            delivered.append(datagram)
        return delivered


class NumberOrder:
    """Orders datagrams by their number, which counts modulo 2^32."""

    def __init__(self, damage: DamageReport) -> None:
        self._damage = damage
        self._highest: int | None = None
        self._next = 0
        self._missing: set[int] = set()
        self.lost = 0
        self.reordered = 0

    def arrange(self, batch: Iterable[Datagram]) -> list[Datagram]:
        """Return what can be delivered, in order."""
        delivered: list[Datagram] = []
        run: dict[int, Datagram] = {}
        for datagram in batch:
            place = self._place(datagram.number)
            if place is None:
                delivered += self._settle(run)
                run, place = {}, self._begin(datagram.number)
            if place in run:
                self._damage.add(_dropped(datagram, *_TWICE))
                continue
            run[place] = datagram
            highest = place if self._highest is None else self._highest
            self.reordered += place < highest
            self._highest = max(place, highest)
        return delivered + self._settle(run)

    def _place(self, number: int) -> int | None:
        """Count beyond 2^32; None if the number follows upon none that came before."""
        if self._highest is None:
            return None
        ahead = (number - self._highest + _NUMBERS // 2) % _NUMBERS - _NUMBERS // 2
        return self._highest + ahead if abs(ahead) <= FAR else None

    def _begin(self, number: int) -> int:
        if self._highest is not None:
            message = f"numbers went on with {number} after {self._highest % _NUMBERS}: begun anew"
            self._damage.add(Damage(kind="sender-restart", message=message))
        self._missing.clear()
        self._highest = self._next = number
        return number

    def _settle(self, run: dict[int, Datagram]) -> list[Datagram]:
        delivered = []
        for place, datagram in sorted(run.items()):
            if place >= self._next:
                self._miss(range(self._next, place))
                self._next = place + 1
                delivered.append(datagram)
            elif place in self._missing:
                self._missing.remove(place)
                self.lost -= 1
                self._damage.add(_dropped(datagram, *_LATE))
            else:
                self._damage.add(_dropped(datagram, *_TWICE))
        return delivered

    def _miss(self, places: range) -> None:
        if places:
            message = (
                f"{len(places)} datagrams from number {places.start % _NUMBERS} on are missing"
            )
            self._damage.add(Damage(kind="lost-datagrams", message=message))
            self.lost += len(places)
            self._missing = {one for one in self._missing if one > places.stop - 2 * FAR}
            self._missing.update(places)


_LATE = ("late-datagram", "a datagram came after its successors")
_TWICE = ("repeated-datagram", "a datagram came twice")


def _dropped(datagram: Datagram, kind: str, message: str) -> Damage:
    return Damage(kind=kind, message=message, events_skipped=len(datagram.events))
