"""Slices that end when enough of the scene has moved.

The sensor is divided into square cells; a cell is active once it has seen a certain number of
events in the slice, and the slice ends when a certain share of all cells is active. So a slice
holds about the same amount of motion whether it is fast or slow, and a small object that fires a
lot, or a flickering lamp, does not end slices by itself (area event number of Liu and Delbruck,
BMVC 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Packet, SensorSize, Slice, SliceEnd
from eventvision.kernels.activity import count_until_active
from eventvision.kernels.words import as_words

from ._pending import Pending, known_until


class SliceByActivity:
    """Cut a stream whenever `share` of the scene's cells has seen `events_per_cell` events.

    A slice reaches from its first event to 1 us after its last one, or over `longest_us` if it
    ended for that (`ended_by` is then `time`); the next one begins with the next event. A frame
    goes into the first slice that ends after its time; what is left of the stream becomes the last
    slice.

    Args:
        sensor: Size of the pixel array.
        share: Active cells that end a slice, as a share of all cells, above 0 to 1.
        events_per_cell: Events that make a cell active.
        cell_px: Side of a cell; cells at the right and lower border may be smaller.
        shortest_us: No activity ends a slice before this time.
        longest_us: Every slice ends by this time.
        most_events: Every slice ends with this event (`ended_by` is then `event_limit`).

    Raises:
        ValueError: If a setting is out of range.
    """

    def __init__(
        self,
        sensor: SensorSize,
        *,
        share: float = 0.1,
        events_per_cell: int = 64,
        cell_px: int = 16,
        shortest_us: int = 1_000,
        longest_us: int = 100_000,
        most_events: int = 2_000_000,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {share}")
        if min(events_per_cell, cell_px, most_events) < 1:
            raise ValueError("events_per_cell, cell_px and most_events must be positive, got "
                             f"{events_per_cell}, {cell_px} and {most_events}")  # fmt: skip
        if not 0 < shortest_us <= longest_us:
            raise ValueError("shortest_us must be positive and at most longest_us, got "
                             f"{shortest_us} and {longest_us}")  # fmt: skip
        columns, rows = -(-sensor.width // cell_px), -(-sensor.height // cell_px)
        self._column_cell = np.arange(sensor.width, dtype=np.int64) // cell_px
        self._row_cell = np.arange(sensor.height, dtype=np.int64) // cell_px * columns
        self._counts = np.zeros(columns * rows, np.int64)
        self._needed = ceil(share * columns * rows)
        self._events_per_cell = events_per_cell
        self._shortest_us, self._longest_us = shortest_us, longest_us
        self._most_events = most_events
        self._pending = Pending(sensor)
        self._active = 0

    def push(self, packet: Packet) -> Iterator[Slice]:
        """Take a packet and yield the slices that are over; exhaust it before the next push.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        pending, data = self._pending, packet.events.data
        pending.take_frames(packet)
        words = as_words(data)
        start = 0
        while start < data.size or len(pending):
            t0_us = pending.first_us if len(pending) else int(data["t"][start])
            t1_us = t0_us + self._longest_us
            stop = start + int(np.searchsorted(data["t"][start:], t1_us))
            stop = min(stop, start + self._most_events - len(pending))
            taken, ended_by = self._count(words[2 * start : 2 * stop], t0_us)
            pending.take_events(data[start : start + taken], packet.arrived_ns)
            start += taken
            if ended_by is None:
                if start == data.size and known_until(packet, t0_us) < t1_us:
                    return
                ended_by = "time"
            end_us = t1_us if ended_by == "time" else pending.last_us + 1
            yield pending.close(t0_us, end_us, ended_by)
            self._restart()

    def flush(self) -> Iterator[Slice]:
        """Yield what is left at the end of the stream, and start anew."""
        yield from self._pending.rest()
        self._pending.reset()
        self._restart()

    def _restart(self) -> None:
        self._counts.fill(0)
        self._active = 0

    def _count(self, words: NDArray[np.uint64], t0_us: int) -> tuple[int, SliceEnd | None]:
        """Count events of the slice; return how many belong to it, and why it ended if it did."""
        taken, self._active, ended = count_until_active(
            words, self._column_cell, self._row_cell, self._counts, self._active,
            self._events_per_cell, self._needed, t0_us + self._shortest_us - 1,
        )  # fmt: skip
        if ended:
            return taken, "activity"
        return taken, "event_limit" if len(self._pending) + taken == self._most_events else None
