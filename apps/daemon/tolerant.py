"""Sinks that a run survives: what cannot be written is counted, and tried again later."""

from __future__ import annotations

import time

from eventvision.core import EventVisionError, Sink, SliceResult

from .faults import Faults

RETRY_S = 5.0


class TolerantSink:
    """Hands results to a sink; one that fails rests for a while.

    Args:
        name: What it is called in logs and counters.
        sink: Where results go.
        faults: Is told of failures.
        retry_s: How long it rests.
    """

    def __init__(self, name: str, sink: Sink, faults: Faults, *, retry_s: float = RETRY_S) -> None:
        self._name, self._sink, self._faults = name, sink, faults
        self._retry_s = retry_s
        self._rests_until_s = 0.0

    def write(self, result: SliceResult) -> None:
        """Hand a result on, or count it as lost."""
        if time.monotonic() < self._rests_until_s:
            self._faults.lose(f"results: {self._name} not written")
            return
        try:
            self._sink.write(result)
        except EventVisionError as error:
            self._faults.lose(f"results: {self._name} not written")
            self._faults.began(self._name, f"{error}; results are lost until that is mended")
            self._rests_until_s = time.monotonic() + self._retry_s
        else:
            self._faults.passed(self._name, f"{self._name}: results are written again")

    def close(self) -> None:
        """End it; what fails is told."""
        try:
            self._sink.close()
        except EventVisionError as error:
            self._faults.happened(self._name, str(error))


class KeptOpen:
    """A sink that outlives the runs that write to it: only its owner closes it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._is_closed = False

    def write(self, result: SliceResult) -> None:
        """Hand a result on, unless the run that it comes from is over."""
        if not self._is_closed:
            self._sink.write(result)

    def close(self) -> None:
        """Leave the sink open, and hand nothing more on: a run that hung may still come to it."""
        self._is_closed = True
