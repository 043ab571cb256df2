"""A few threads that take the same call together."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

Share = Callable[[int], None]


class Team:
    """Calls a function once per thread, at the same time; this thread is number 0.

    The other threads sleep between calls and end when the team is closed or forgotten.

    Args:
        size: How many threads, this one included.
    """

    def __init__(self, size: int) -> None:
        if not 1 <= size <= 64:
            raise ValueError(f"threads must be 1 to 64, got {size}")
        self.size = size
        self._helpers = [_Helper(number) for number in range(1, size)]
        self._close = weakref.finalize(self, _dismiss, self._helpers)

    def run(self, share: Share) -> None:
        """Call `share(number)` in every thread; returns when this thread's own call does.

        The calls themselves must see to it that all have ended by then.
        """
        for helper in self._helpers:
            helper.give(share)
        share(0)

    def close(self) -> None:
        """End the threads."""
        self._close()


class _Helper:
    def __init__(self, number: int) -> None:
        self._number = number
        self._share: Share | None = None
        self._awake = threading.Semaphore(0)
        self._thread = threading.Thread(
            target=self._work, name=f"integer-network-{number}", daemon=True
        )
        self._thread.start()

    def give(self, share: Share | None) -> None:
        """Hand over a call, or None to end."""
        self._share = share
        self._awake.release()

    def _work(self) -> None:
        while True:
            self._awake.acquire()
            share, self._share = self._share, None
            if share is None:
                return
            share(self._number)
            del share


def _dismiss(helpers: list[_Helper]) -> None:
    for helper in helpers:
        helper.give(None)
