"""From datagrams as they came to events with times of one clock."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Damage, DamageReport

from .datagrams import DatagramError, Decoded, Wire
from .inbox import Arrival
from .order import Datagram

_CLOCK_RANGE = 1 << 32


class DatagramReader:
    """Decodes datagrams, those that wait together at once as long as all of them are sound.

    Args:
        wire: What was agreed upon.
        damage: Where datagrams that are not sound are counted.
    """

    def __init__(self, wire: Wire, damage: DamageReport) -> None:
        self._wire = wire
        self._damage = damage
        self._time_bits: int | None = None
        self._clock_us: int | None = None
        self._origin_ns: int | None = None

    def read(self, arrivals: Iterable[Arrival]) -> list[Datagram]:
        """Return the datagrams that hold events, as they came."""
        letters = []
        for arrival in arrivals:
            try:
                number, content = self._wire.split(arrival.content)
            except DatagramError as error:
                self._refuse(arrival.content, error)
                continue
            if content:
                letters.append((number, content, arrival.arrived_ns))
        return self._together(letters)

    def _together(self, letters: list[tuple[int, bytes, int]]) -> list[Datagram]:
        if not letters:
            return []
        numbers, contents, arrived_ns = zip(*letters, strict=True)
        try:
            decoded = self._wire.decode(contents)
            self._check_kind(decoded)
        except DatagramError as error:
            if len(letters) > 1:
                return [one for letter in letters for one in self._together([letter])]
            self._refuse(contents[0], error)
            return []
        lengths = np.array([len(content) for content in contents])
        counts = lengths * decoded.events.size // lengths.sum()
        self._set_times(decoded, np.repeat(arrived_ns, counts))
        parts = np.split(decoded.events, np.cumsum(counts)[:-1])
        return list(map(Datagram, parts, numbers, arrived_ns))

    def _check_kind(self, decoded: Decoded) -> None:
        if self._time_bits is None:
            self._time_bits = decoded.time_bits
        if decoded.time_bits != self._time_bits:
            raise DatagramError("it has times and those before have none, or the reverse")

    def _set_times(self, decoded: Decoded, arrived_ns: NDArray[np.int64]) -> None:
        if decoded.time_bits == 0:
            self._origin_ns = int(arrived_ns[0]) if self._origin_ns is None else self._origin_ns
            decoded.events["t"] = (arrived_ns - self._origin_ns) // 1000
        elif decoded.time_bits == 32:
            decoded.events["t"] = _unwrapped(decoded.events["t"], self._clock_us)
            self._clock_us = int(decoded.events["t"][-1])

    def _refuse(self, content: bytes, error: DatagramError) -> None:
        message = f"a datagram of {len(content)} bytes is damaged: {error}"
        self._damage.add(Damage(kind="corrupt-datagram", message=message))


def _unwrapped(readings: NDArray[np.int64], reference_us: int | None) -> NDArray[np.int64]:
    """Continue 32-bit times beyond their range, each near to the one before it."""
    reference = int(readings[0]) if reference_us is None else reference_us
    steps = np.diff(readings, prepend=reference % _CLOCK_RANGE)
    half = _CLOCK_RANGE // 2
    return reference + np.cumsum((steps + half) % _CLOCK_RANGE - half)
