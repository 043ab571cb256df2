"""Hot pixels: those that fire far more than the scene and their neighbours explain."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Packet, SensorSize
from eventvision.kernels.denoise import keep_unmarked
from eventvision.kernels.words import as_words

from ._base import Compaction, EventFilter

_FIRST_REVIEW_US = 50_000
_LONGEST_PAUSE_US = 10_000_000


def find_hot(counts: NDArray[np.int64], *, factor: float) -> NDArray[np.bool_]:
    """Mark pixels that stand out of the whole picture and of their surroundings.

    A pixel is hot if it had more than `factor` times as many events as the median pixel that fired
    at all, and more than `factor` times as many as the third busiest of its eight neighbours. The
    second rule spares busy places, such as a fast edge or a lamp, up to their corners; up to three
    hot pixels that touch are told all the same.

    Args:
        counts: Events per pixel, shape (height, width).
        factor: How far a hot pixel stands out.

    Returns:
        Shape (height, width).

    >>> counts = np.ones((5, 5), np.int64); counts[2, 3] = 100
    >>> np.argwhere(find_hot(counts, factor=10))
    array([[2, 3]])
    """
    hot = np.zeros(counts.shape, np.bool_)
    fired = counts[counts > 0]
    if fired.size:
        ys, xs = np.nonzero(counts > factor * np.median(fired))
        # Reflection gives border pixels eight neighbours, too; a single row reflects onto itself.
        padded = np.pad(counts, 1, mode="reflect" if min(counts.shape) > 1 else "edge")
        steps = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
        around = np.array([padded[ys + dy, xs + dx] for dy, dx in steps])
        hot[ys, xs] = counts[ys, xs] > factor * np.partition(around, -3, axis=0)[-3]
    return hot


class HotPixels(EventFilter):
    """Take out the events of hot pixels, told by statistics over the whole stream.

    Without preparation, all events so far are counted and pixels judged again from time to time:
    after 50 ms of the stream, then whenever it has become half as long again, at the latest after
    10 s. So the outcome depends on the events alone, and early events of a hot pixel still pass.
    After `learn`, the same pixels are taken out from the first event to the last.

    Args:
        sensor: Size of the pixel array.
        factor: How far a hot pixel stands out; see `find_hot`.

    Raises:
        ValueError: If the factor is not above 1.
    """

    def __init__(self, sensor: SensorSize, *, factor: float = 10.0) -> None:
        if not 1 < factor < float("inf"):
            raise ValueError(f"factor must be above 1, got {factor}")
        super().__init__(sensor)
        self._factor = factor
        self._counts = np.zeros(sensor.pixels, np.int64)
        self._hot = np.zeros(sensor.pixels, np.bool_)
        self._learned = False
        self._first_us: int | None = None
        self._review_us = 0

    @property
    def hot(self) -> NDArray[np.bool_]:
        """Pixels that are taken out at present, shape (height, width)."""
        return self._hot.reshape(self._input.shape).copy()

    def learn(self, packets: Iterable[Packet]) -> None:
        """Judge the pixels by a whole recording, once and for all; survives `reset`.

        Raises:
            ValueError: If a packet is of another sensor.
        """
        counts = np.zeros(self._input.pixels, np.int64)
        for packet in packets:
            self._check(packet)
            words = as_words(packet.events.data)
            keep_unmarked(words, np.empty_like(words), self._hot, counts, self._input.width)
        self._hot = self._judge(counts)
        self._learned = True

    def reset(self) -> None:
        """Forget the stream seen so far, but not what was learned; count from zero."""
        super().reset()
        self._counts.fill(0)
        self._first_us = None
        if not self._learned:
            self._hot[:] = False

    def _keep(self, data: NDArray[np.void]) -> NDArray[np.void]:
        run = Compaction(data)
        times = data["t"]
        start = 0
        while start < times.size:
            stop = times.size if self._learned else self._review(times, start)
            part = run.source(start, stop)
            run.add(keep_unmarked(part, run.room, self._hot, self._counts, self._input.width))
            start = stop
        return run.result()

    def _review(self, times: NDArray[np.int64], start: int) -> int:
        """Judge anew if it is time to; return where the events before the next review end."""
        now_us = int(times[start])
        if self._first_us is None:
            self._first_us = now_us
            self._review_us = now_us + _FIRST_REVIEW_US
        elif now_us >= self._review_us:
            self._hot = self._judge(self._counts)
            self._review_us = self._first_us + _next_review(now_us - self._first_us)
        return int(np.searchsorted(times, self._review_us))

    def _judge(self, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
        return find_hot(counts.reshape(self._input.shape), factor=self._factor).reshape(-1)


def _next_review(age_us: int) -> int:
    """Return the first review after the stream has become `age_us` old, as an age."""
    review_us = _FIRST_REVIEW_US
    while review_us <= age_us and review_us < 2 * _LONGEST_PAUSE_US:
        review_us += review_us // 2
    missed = max(0, age_us - review_us + _LONGEST_PAUSE_US) // _LONGEST_PAUSE_US
    return review_us + missed * _LONGEST_PAUSE_US
