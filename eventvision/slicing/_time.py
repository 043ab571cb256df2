"""Slices of equal length in time, on a grid that begins at the first event.

events   | ||   |       |              |   ||
slices   [------)[------)[------)[------)[------)
         t0      t0+w    t0+2w   ...
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eventvision.core import Packet, SensorSize, Slice

from ._pending import Pending, known_until

MOST_BLANK_SLICES = 1_000
"""Empty slices in a row; a longer gap in time is skipped after them."""


class SliceByTime:
    """Cut a stream into windows `[t0 + k*w, t0 + (k+1)*w)` that begin at the first event.

    Windows without events and frames become empty slices, too, but after 1000 of them the rest of
    a gap is left out, so that a jump in time costs no more than that; the windows after it lie on
    the same grid. A window is closed as soon as an event or `Packet.until_us` shows that it is
    over. A frame goes into the window of its time, one that comes late into the next slice.

    Args:
        sensor: Size of the pixel array.
        window_us: Length of a slice.

    Raises:
        ValueError: If the length is not positive.
    """

    def __init__(self, sensor: SensorSize, *, window_us: int) -> None:
        if window_us < 1:
            raise ValueError(f"window_us must be positive, got {window_us}")
        self._window_us = window_us
        self._pending = Pending(sensor)
        self._start()

    def _start(self) -> None:
        self._pending.reset()
        self._started = False
        self._t0_us = 0
        self._blanks = 0

    def push(self, packet: Packet) -> Iterator[Slice]:
        """Take a packet and yield the slices that are over; exhaust it before the next push.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        pending, window_us = self._pending, self._window_us
        pending.take_frames(packet)
        data, t = packet.events.data, packet.events.t
        if not self._started:
            if not data.size:
                return
            self._begin(int(t[0]))
        known_us = known_until(packet, self._t0_us)
        start = 0
        while (t1_us := self._t0_us + window_us) <= known_us:
            stop = start + int(np.searchsorted(t[start:], t1_us))
            pending.take_events(data[start:stop], packet.arrived_ns)
            start = stop
            if self._is_blank(t1_us):
                self._skip_to(int(t[start]) if start < data.size else known_us)
            else:
                yield pending.close(self._t0_us, t1_us, "time", closed_ns=packet.arrived_ns)
                self._t0_us = t1_us
        pending.take_events(data[start:], packet.arrived_ns)

    def flush(self) -> Iterator[Slice]:
        """Yield what is left at the end of the stream, and start anew."""
        pending, window_us = self._pending, self._window_us
        if not self._started and pending.frames:
            self._begin(pending.frames[0].t_us)
        while len(pending) or pending.frames:
            t1_us = self._t0_us + window_us
            if self._is_blank(t1_us):
                self._skip_to(pending.frames[-1].t_us)
            else:
                yield pending.close(self._t0_us, t1_us, "flush")
                self._t0_us = t1_us
        self._start()

    def _begin(self, t0_us: int) -> None:
        self._started, self._t0_us = True, t0_us

    def _is_blank(self, t1_us: int) -> bool:
        """Say whether the window before `t1_us` is to be left out, and count what is empty."""
        blank = not len(self._pending) and all(f.t_us >= t1_us for f in self._pending.frames)
        self._blanks = self._blanks + 1 if blank else 0
        return self._blanks > MOST_BLANK_SLICES

    def _skip_to(self, t_us: int) -> None:
        """Go to the window of `t_us`, or to that of a waiting frame if one comes before."""
        t_us = min([t_us, *(frame.t_us for frame in self._pending.frames)])
        self._t0_us += (t_us - self._t0_us) // self._window_us * self._window_us
