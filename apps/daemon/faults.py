"""What went wrong so far: counted by kind, and each kind logged once until it has passed."""

from __future__ import annotations

import logging
import threading
from collections import Counter

_LOG = logging.getLogger("eventvision.daemon")


class Faults:
    """Counts faults; may be used from any thread."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lasting: set[str] = set()
        self._lost: Counter[str] = Counter()
        self._turn = threading.Lock()

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind of fault began, by its name."""
        with self._turn:
            return dict(self._counts)

    @property
    def lasting(self) -> list[str]:
        """Kinds of fault that have not passed."""
        with self._turn:
            return sorted(self._lasting)

    @property
    def lost(self) -> dict[str, int]:
        """What was lost, by cause."""
        with self._turn:
            return dict(self._lost)

    def lose(self, cause: str, amount: int = 1) -> None:
        """Count what is lost."""
        with self._turn:
            self._lost[cause] += amount

    def began(self, kind: str, message: str) -> None:
        """Take note of a fault; while it lasts, it is logged and counted once."""
        with self._turn:
            if kind in self._lasting:
                return
            self._lasting.add(kind)
            self._counts[kind] += 1
        _LOG.error("%s", message, extra={"fault": kind})

    def happened(self, kind: str, message: str) -> None:
        """Take note of a fault that is over at once."""
        with self._turn:
            self._counts[kind] += 1
        _LOG.error("%s", message, extra={"fault": kind})

    def passed(self, kind: str, message: str) -> None:
        """Take note that a fault has passed, if there was one."""
        with self._turn:
            if kind not in self._lasting:
                return
            self._lasting.discard(kind)
        _LOG.warning("%s", message, extra={"fault": kind})
