"""A source made of packets in memory, for tests of the pipeline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from eventvision.core import DamageReport, Events, Packet, SensorSize, SourceInfo

SENSOR = SensorSize(32, 24)


def random_events(
    count: int, *, seed: int = 0, rate_us: float = 50.0, sensor: SensorSize = SENSOR
) -> Events:
    """Return events with exponential gaps of mean `rate_us`."""
    rng = np.random.default_rng(seed)
    return Events.from_columns(
        np.cumsum(rng.exponential(rate_us, count)).astype(np.int64) + 1_000_000,
        rng.integers(0, sensor.width, count),
        rng.integers(0, sensor.height, count),
        rng.integers(0, 2, count),
        sensor=sensor,
    )


def cut_at(events: Events, cuts: Sequence[int]) -> list[Packet]:
    """Return the events as packets that end at the given indices."""
    bounds = [0, *sorted(cuts), len(events)]
    return [
        Packet(Events(events.data[first:last], events.sensor))
        for first, last in itertools.pairwise(bounds)
    ]


class MemorySource:
    """Yields the packets it was given; with `failure`, raises it after them."""

    def __init__(
        self,
        packets: Sequence[Packet],
        *,
        is_live: bool = False,
        failure: Exception | None = None,
    ) -> None:
        self._packets = list(packets)
        self._failure = failure
        self._start_us: int | None = None
        self.is_live = is_live
        self.damage = DamageReport()
        self.progress: float | None = None
        self.info = SourceInfo(name="memory", format="memory", sensor=SENSOR, sensor_from="user")

    def __iter__(self) -> Iterator[Packet]:
        for packet in self._packets:
            if self._start_us is None:
                yield packet
                continue
            first = int(np.searchsorted(packet.events.t, self._start_us))
            yield Packet(Events(packet.events.data[first:], packet.sensor))
        if self._failure is not None:
            raise self._failure

    def seek(self, t_us: int) -> None:
        self._start_us = t_us

    def close(self) -> None:
        pass

    def __enter__(self) -> MemorySource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
