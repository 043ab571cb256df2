"""A sink in a thread of its own: while it waits for its disk, nobody else has to."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from eventvision.core import Sink, SliceResult

from .faults import Faults
from .tolerant import TolerantSink
from .turns import OvertakenError, Turn

_LOG = logging.getLogger("eventvision.daemon")

MOST_WAITING = 64
PATIENCE_S = 2.0
"""A sink that is at one result for so long is not waited for: it does not just take its time."""

_LOOK_S = 0.1


class SinkThread:
    """Hands results to a sink that may fail or hang; what it does not get is counted as lost.

    Args:
        name: What it is called in logs and counters.
        open_sink: Makes the sink, also each time that it is started again.
        faults: Is told of failures.

    Attributes:
        name: As above.
        is_vital: Never: perception goes on without it.
    """

    is_vital = False

    def __init__(self, name: str, open_sink: Callable[[], Sink], faults: Faults) -> None:
        self.name = name
        self._open_sink, self._faults = open_sink, faults
        self._waiting: deque[SliceResult] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._failure: Exception | None = None
        self._begin(0.0)

    @property
    def busy_s(self) -> float:
        """How long it has been at the same result."""
        return self._turn.busy_s

    def write(self, result: SliceResult) -> None:
        """Hand a result over; waits for a sink that is slow."""
        if self._failure is not None:
            raise self._failure
        kept = result if result.representation is None else replace(result, representation=None)
        with self._changed:
            while len(self._waiting) >= MOST_WAITING and not self._is_hopeless:
                self._changed.wait(_LOOK_S)
            if self._is_closed or len(self._waiting) >= MOST_WAITING:
                self._lose(1)
                return
            self._waiting.append(kept)
            self._changed.notify_all()

    def restart(self, limit_s: float, wait_s: float) -> bool:
        """Have another thread, with another sink, go on with what waits."""
        if not self._turn.take(limit_s):
            return False
        self._lose(1)  # that at which it hangs; nobody knows whether it will be written
        self._begin(wait_s)
        return True

    def close(self) -> None:
        """Finish what waits and end the sink, unless it hangs; may be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        while self._thread.is_alive() and self.busy_s < PATIENCE_S:
            self._thread.join(_LOOK_S)
        with self._changed:
            self._lose(len(self._waiting))
            self._waiting.clear()

    @property
    def _is_hopeless(self) -> bool:
        return self._is_closed or self._failure is not None or self.busy_s > PATIENCE_S

    def _begin(self, wait_s: float) -> None:
        self._turn = Turn()
        self._thread = threading.Thread(
            target=self._run,
            args=(self._turn, wait_s),
            name=f"eventvision-{self.name}",
            daemon=True,
        )
        self._thread.start()

    def _run(self, turn: Turn, wait_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, wait_s)
        sink = TolerantSink(self.name, self._open_sink(), self._faults)
        try:
            while (result := self._next()) is not None:
                turn.begin()
                sink.write(result)
                turn.end()
            turn.begin()
            sink.close()
            turn.end()
        except OvertakenError:
            sink.close()
            _LOG.warning("%s: what hung has ended", self.name)
        except Exception as failure:  # handed to whoever writes next
            if not turn.is_over:
                self._failure = failure

    def _next(self) -> SliceResult | None:
        """Return the oldest result that waits; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popleft()

    def _lose(self, count: int) -> None:
        if count:
            self._faults.lose(f"results: {self.name} not written", count)
