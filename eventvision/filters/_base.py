"""What all filters share: the sensor check, the count of removed events, the hand-over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.kernels.words import as_events, as_words


class EventFilter(ABC):
    """A filter whose events do not depend on how the stream is cut into packets.

    Args:
        sensor: Size of the pixel array of the packets that come in.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._input = sensor
        self._removed = 0

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array of the packets that come out."""
        return self._input

    @property
    def removed(self) -> int:
        """How many events were taken out since the start or the last reset."""
        return self._removed

    def process(self, packet: Packet) -> Packet:
        """Return the packet with the events that pass; all else in it goes along.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        self._check(packet)
        kept = self._keep(packet.events.data)
        self._removed += len(packet) - kept.size
        return replace(packet, events=Events(kept, self.sensor))

    def reset(self) -> None:
        """Forget the stream seen so far, and count from zero."""
        self._removed = 0

    def _check(self, packet: Packet) -> None:
        if packet.sensor != self._input:
            raise ValueError(f"{type(self).__name__} was made for {self._input}, got a packet of "
                             f"{packet.sensor}")  # fmt: skip

    @abstractmethod
    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        """Return the events that pass, shape (K,), in a new array or `data` itself."""


class Compaction:
    """Room for the kept events of one run, filled from the front."""

    def __init__(self, data: NDArray[np.void]) -> None:
        self._source = as_words(data)
        self._kept = np.empty(data.size, EVENT_DTYPE)
        self._room = as_words(self._kept)
        self._count = 0

    def source(self, start: int, stop: int) -> NDArray[np.uint64]:
        """Return the events `[start, stop)` of the run as words."""
        return self._source[2 * start : 2 * stop]

    @property
    def room(self) -> NDArray[np.uint64]:
        """Where the next kept events go, as words; at least as long as what is left of the run."""
        return self._room[2 * self._count :]

    def add(self, count: int) -> None:
        """Take note that `count` more events were kept."""
        self._count += count

    def result(self) -> NDArray[np.void]:
        """Return the kept events, in memory that is at most twice their size."""
        if 2 * self._count >= self._kept.size:
            return self._kept[: self._count]
        # As words: numpy copies structured arrays field by field, which takes twenty times longer.
        return as_events(self._room[: 2 * self._count].copy())
