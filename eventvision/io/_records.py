"""Streams of records of one length, and how to find their beat again where bytes are missing."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, SensorSize
from eventvision.kernels.clock import LONGEST_STEP_US
from eventvision.kernels.guard import JITTER_US

from ._decoder import Decoder, Step
from ._file_bytes import Bytes

PACKET_RECORDS = 65_536

_WINDOW = 16
_NEEDED = 13
"""How many of `_WINDOW` records must make sense where records are said to begin."""

_MOST_PLACES = 64


class RecordDecoder(Decoder):
    """Decodes records of one length.

    Where records stop making sense (times that jump about, pixels outside the sensor), the bytes
    that follow are tried at every other offset; records that make sense there are gone on with.

    Attributes:
        sensor: Pixels outside it count against the beat; None before the size is known.
        breaks: How much in what was decoded last made no sense, mostly steps back in time.
    """

    record_bytes: int

    def __init__(self) -> None:
        self.sensor: SensorSize | None = None
        self.breaks = 0

    @abstractmethod
    def decode(self, data: Bytes, start: int, count: int) -> Step:
        """Decode `count` records, at least one, that begin at `start`."""

    @abstractmethod
    def peek(
        self, records: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the readings of the clock, x and y of records, shape (N, record_bytes) each."""

    @property
    @abstractmethod
    def clock_bits(self) -> int:
        """Bits of the clock."""

    def step(self, data: Bytes, start: int) -> Step:
        """Decode the next records; see `Decoder`."""
        count = min(PACKET_RECORDS, (data.size - start) // self.record_bytes)
        if count == 0:
            return self._cut_record(data, start)
        before = self.copy()
        step = self.decode(data, start, count)
        lost = self._first_misfit(data, start, count) if self.breaks else None
        if not self.breaks:
            return step
        if lost is None:
            return _without_false_times(step, start)
        self.__dict__.update(before.__dict__)
        return self._regain(data, start, *lost)

    def skim(
        self, data: Bytes, start: int, stop: int, last_us: int, sensor: SensorSize
    ) -> tuple[int, int]:
        """Get over whole steps in which all is well; see `Decoder`.

        Only whole steps, because where the beat is lost is judged step by step.
        """
        step_bytes = PACKET_RECORDS * self.record_bytes
        at = start
        while at + step_bytes <= stop:
            reached = self.skim_records(self._bytes(data, at, PACKET_RECORDS), last_us, sensor)
            if reached is None:
                break
            last_us, at = reached, at + step_bytes
        return at, last_us

    def skim_records(
        self,
        records: NDArray[np.uint8],  # noqa: ARG002
        last_us: int,  # noqa: ARG002
        sensor: SensorSize,  # noqa: ARG002
    ) -> int | None:
        """Get over records, all bytes of which are given, in which all is well.

        Returns:
            Time of the last event now; None if not all is well. Then nothing was done.
        """
        return None

    def _cut_record(self, data: Bytes, start: int) -> Step:
        rest = data.size - start
        damage = Damage(
            kind="truncated",
            message=f"the last record has {rest} of {self.record_bytes} bytes",
            byte_start=start,
            byte_end=data.size,
        )
        return Step(events=np.empty(0, EVENT_DTYPE), after=data.size, damage=(damage,))

    def _regain(self, data: Bytes, start: int, count: int, after: int) -> Step:
        at = start + count * self.record_bytes
        damage = Damage(
            kind="misaligned",
            message=f"records go on {after - at} bytes later",
            byte_start=at,
            byte_end=after,
            events_skipped=max(1, (after - at) // self.record_bytes),
        )
        empty = np.empty(0, EVENT_DTYPE)
        step = self.decode(data, start, count) if count else Step(events=empty, after=at)
        step = _without_false_times(step, start)
        return replace(step, after=after, damage=(*step.damage, damage))

    def _first_misfit(self, data: Bytes, start: int, count: int) -> tuple[int, int] | None:
        """Return after how many records the beat is lost, and the offset where it goes on."""
        sense = self._sense(self._records(data, start, count))
        bad = np.flatnonzero(_sums(sense) < _NEEDED)
        good = self._good_places(data, start, count) if bad.size else []
        at = 0
        for _ in range(_MOST_PLACES):
            bad = bad[np.searchsorted(bad, at) :]
            if not bad.size:
                return None
            first = int(bad[0] + np.argmin(sense[bad[0] : bad[0] + _WINDOW]))
            places = [_at_or_after(found, start + first * self.record_bytes) for found in good]
            nearest = min((place for place in places if place is not None), default=None)
            if nearest is None:
                return None
            if nearest != places[0]:
                # The record before may already be torn, though its time seems possible.
                return max(0, min(first - 1, (nearest - start) // self.record_bytes)), nearest
            at = max(at + 1, (nearest - start) // self.record_bytes)
        return None

    def _good_places(self, data: Bytes, start: int, count: int) -> list[NDArray[np.int64]]:
        """Return for each shift the offsets from which records make sense."""
        places = []
        for shift in range(self.record_bytes):
            whole = min(count, (data.size - start - shift) // self.record_bytes)
            sense = self._sense(self._records(data, start + shift, whole))
            found = np.flatnonzero(_sums(sense) >= _NEEDED)
            places.append(start + shift + found * self.record_bytes)
        return places

    def _bytes(self, data: Bytes, start: int, count: int) -> NDArray[np.uint8]:
        return data[start : start + count * self.record_bytes]

    def _records(self, data: Bytes, start: int, count: int) -> NDArray[np.uint8]:
        return self._bytes(data, start, count).reshape(count, self.record_bytes)

    def _sense(self, records: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return 1 for each record that may follow the one before, else 0."""
        readings, x, y = self.peek(records)
        half = 1 << (self.clock_bits - 1)
        steps = (np.diff(readings, prepend=readings[:1]) & (2 * half - 1) ^ half) - half
        good = (steps >= 0) & (steps <= LONGEST_STEP_US)
        if self.sensor is not None:
            good &= (x < self.sensor.width) & (y < self.sensor.height)
        return good.astype(np.int64)


def _without_false_times(step: Step, start: int) -> Step:
    """Leave out events far ahead of the next one, where that goes on from the one before."""
    t = step.events["t"]
    false = np.zeros(t.size, np.bool_)
    false[1:-1] = (t[1:-1] - t[2:] > JITTER_US) & (t[2:] >= t[:-2])
    count = int(false.sum())
    if not count:
        return step
    damage = Damage(
        kind="false-time",
        message=f"{count} times that those after them contradict",
        byte_start=start,
        byte_end=step.after,
        events_skipped=count,
    )
    return replace(step, events=step.events[~false], damage=(*step.damage, damage))


def _sums(sense: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many of `_WINDOW` records make sense, from each record on."""
    if sense.size < _WINDOW:
        return np.empty(0, np.int64)
    return np.convolve(sense, np.ones(_WINDOW, np.int64), "valid")


def _at_or_after(places: NDArray[np.int64], offset: int) -> int | None:
    at = int(np.searchsorted(places, offset))
    return int(places[at]) if at < places.size else None
