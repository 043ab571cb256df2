"""Five times as many slices as can be looked at: what waits is bounded, what goes is counted.

Source and task go in step, so that nothing depends on how fast this machine is: for each slice that
is looked at, a number of further ones is cut before the task is done with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from streams import SENSOR, MemorySource

from eventvision.core import Detections, Events, Packet
from eventvision.pipeline import Pipeline
from eventvision.slicing import parse_slicer

WAITING = 8
SLICE_US = 10_000
PATIENCE_S = 120


def packets(count: int) -> list[Packet]:
    """Return packets that are a slice each."""
    found = []
    for t0_us in range(0, count * SLICE_US, SLICE_US):
        t = t0_us + np.arange(3)
        events = Events.from_columns(t, t % 7, t % 5, t % 2, sensor=SENSOR)
        found.append(Packet(events, until_us=t0_us + SLICE_US))
    return found


class Paced(MemorySource):
    """Yields as many packets as it was allowed."""

    def __init__(self, count: int) -> None:
        super().__init__(packets(count), is_live=True)
        self.allowed = threading.Semaphore(0)

    def __iter__(self) -> Iterator[Packet]:
        for packet in super().__iter__():
            assert self.allowed.acquire(timeout=PATIENCE_S)
            yield packet


class Task:
    """Lets so many slices be cut while it looks at one, as `plan` says, one after the other."""

    name = "tracking"  # which no load leaves out
    needs = ()

    def __init__(self, source: Paced, plan: list[int]) -> None:
        self._source, self._plan = source, iter(plan)
        self.pipeline: Pipeline | None = None
        self.cut = 0
        self.seen: list[int] = []
        self.lags: list[int] = []

    def reset(self) -> None:
        """Begin: what was shown before is a rehearsal."""
        self.cut, self.seen, self.lags = 0, [], []
        self._more(1)

    def step(self, slice_, given):
        if self.cut:
            self.seen.append(slice_.index)
            self.lags.append(self.cut - 1 - slice_.index)
            self._more(next(self._plan, 0))
        return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, int))

    def _more(self, count: int) -> None:
        self.cut += count
        for _ in range(count):
            self._source.allowed.release()
        waited = threading.Event()
        for _ in range(PATIENCE_S * 1000):
            if len(self.seen) == 0 or self._cut_so_far() >= self.cut:
                return
            waited.wait(0.001)
        pytest.fail("the slices were not cut")

    def _cut_so_far(self) -> int:
        slices = self.pipeline._slices
        return len(self.seen) + len(slices._items) + slices.dropped


def test_under_five_times_too_much_the_newest_are_looked_at_and_the_others_counted():
    """Then comes less than can be done, and nothing waits any longer."""
    plan = [5] * 40 + [0, 1] * (WAITING - 1) + [1] * 10
    source = Paced(1 + sum(plan))
    task = Task(source, plan)
    task.pipeline = Pipeline(source=source, slicer=parse_slicer("time:10ms", SENSOR), tasks=[task])
    summary = task.pipeline.run()
    assert max(task.lags) == WAITING - 1
    assert task.lags[-10:] == [0] * 10
    assert task.seen == sorted(set(task.seen))
    missing = set(range(1 + sum(plan))) - set(task.seen)
    assert len(missing) == summary.dropped["slices: results too slow"] > 100
    assert summary.slices == len(task.seen)
