"""Looks through a whole recording in the background, for the timeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError, Packet

from .overview import Overview
from .threads import BACKGROUND, stand_back

Tell = Callable[[Overview], None]

BINS = 4096
FIRST_BIN_US = 1_000
TELL_EVERY_S = 0.25
_BREATH_S = 0.002


class Surveyor:
    """Counts the events of a recording by time, in a thread that ends by itself.

    Args:
        name: The recording, as `open_source` takes it.
        tell: Takes what is known so far, a few times a second and at the end, in that thread.
    """

    def __init__(self, name: str, tell: Tell) -> None:
        self._name, self._tell = name, tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="surveyor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _work(self) -> None:
        stand_back(BACKGROUND)
        from eventvision.io import open_source

        try:
            with open_source(self._name) as source:
                census = Census()
                due_s = time.monotonic() + TELL_EVERY_S
                for packet in source:
                    if self._stop.is_set():
                        return
                    census.add(packet)
                    now_s = time.monotonic()
                    if now_s >= due_s and not census.is_empty:
                        due_s = now_s + TELL_EVERY_S
                        self._tell(census.overview(source.progress or 0.0))
                    self._stop.wait(_BREATH_S)  # playing goes first
                if not census.is_empty:
                    self._tell(census.overview(1.0))
        except EventVisionError:
            return  # the pipeline meets the same, and tells


class Census:
    """Counts events in bins of time that double their length when there are too many."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros((2, BINS), np.int64)
        self._bin_us = FIRST_BIN_US
        self._first_us = self._last_us = 0
        self.is_empty = True

    def add(self, packet: Packet) -> None:
        """Count the events of the next packet."""
        from eventvision.kernels.event_view import count_by_time
        from eventvision.kernels.words import as_words

        if not len(packet):
            return
        t = packet.events.t
        if self.is_empty:
            self._first_us, self.is_empty = int(t[0]), False
        self._last_us = int(t[-1])
        while self._last_us - self._first_us >= BINS * self._bin_us:
            halved = self._counts.reshape(2, BINS // 2, 2).sum(axis=2)
            self._counts = np.concatenate([halved, np.zeros_like(halved)], axis=1)
            self._bin_us *= 2
        words = as_words(packet.events.data)
        count_by_time(words, self._first_us, self._bin_us, self._counts)

    def overview(self, share: float) -> Overview:
        """Return what is known so far."""
        used = (self._last_us - self._first_us) // self._bin_us + 1
        counts = self._counts[:, :used].copy()
        return Overview(self._first_us, self._last_us, self._bin_us, counts, share)
