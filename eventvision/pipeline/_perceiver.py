"""The last thread of a run, which is the caller's: renders, perceives and writes slices."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Representation, Sink, Slice, SliceResult

from ._gate import Gate
from ._governor import Governor
from ._handover import HandOver
from ._latency import Latencies
from ._task_runner import TaskRunner
from ._work import Work


class Perceiver:
    """Looks at slices.

    Args:
        representation: Rendered for every slice, if given.
        runner: Runs the tasks.
        sinks: Take every result.
        governor: Is told how long a slice took.
        gate: Holds slices while the run is paused.
        latencies: Takes the times.

    Attributes:
        slices: How many were looked at.
        position_us: End of the latest of them; None before the first.
        work: Looking at a slice.
    """

    def __init__(
        self,
        representation: Representation | None,
        runner: TaskRunner,
        sinks: Sequence[Sink],
        governor: Governor | None,
        gate: Gate,
        latencies: Latencies,
    ) -> None:
        self._representation, self._runner, self._sinks = representation, runner, sinks
        self._governor, self._gate, self._latencies = governor, gate, latencies
        self._image: NDArray[np.generic] | None = None
        self.slices = 0
        self.position_us: int | None = None
        self.work = Work()
        self._paused_drops = 0
        self._dropped_before_pause: int | None = None

    def paused_drops(self, dropped: int) -> int:
        """Return how many of the `dropped` slices had to make room while the run was paused."""
        before = self._dropped_before_pause
        return self._paused_drops + (0 if before is None else dropped - before)

    def run(self, slices: HandOver[Slice], after_each: Callable[[], None]) -> None:
        """Look at all slices."""
        coming = iter(slices)
        while True:
            self._wait(slices)
            if (slice_ := next(coming, None)) is None:
                return
            self._wait(slices)  # the pause may have begun while none was there
            self.work.begin()
            try:
                self._look_at(slice_)
                self._gate.passed()
                after_each()
            finally:
                self.work.end()

    def _wait(self, slices: HandOver[Slice]) -> None:
        if self._gate.pace == "hold":
            self._dropped_before_pause = slices.dropped
            self._gate.wait()
            self._paused_drops = self.paused_drops(slices.dropped)
            self._dropped_before_pause = None

    def _look_at(self, slice_: Slice) -> None:
        began_ns = time.monotonic_ns()
        if self._representation is not None:
            self._image = self._representation.render(slice_, self._image)
            self._latencies.add("represent", time.monotonic_ns() - began_ns)
        results = self._runner.perceive(slice_)
        self._latencies.add("total", time.monotonic_ns() - (slice_.arrived_ns or began_ns))
        self._write(SliceResult(slice_, results, self._image))
        if self._governor is not None:
            self._governor.end_slice(began_ns, time.monotonic_ns())
        self.slices += 1
        self.position_us = slice_.t1_us

    def _write(self, result: SliceResult) -> None:
        if not self._sinks:
            return
        began_ns = time.monotonic_ns()
        for sink in self._sinks:
            sink.write(result)
        self._latencies.add("write", time.monotonic_ns() - began_ns)
