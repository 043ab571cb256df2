"""Where in an AEDAT4 file a time is: bisection over bytes, needing no table of packets."""

from __future__ import annotations

from eventvision.io._steady import runs_on, sample_places
from eventvision.kernels import aedat4 as kernels

from .decode import decode
from .packets import PacketWalk

CLOSE_BYTES = 1 << 18
MARGIN_US = 20_000
"""Packets of different streams, and events in one, are mixed up by less than this."""
MOST_HOPS = 10_000


def find_time(walk: PacketWalk, start: int, size: int, t_us: int) -> int:
    """Return a place at which a packet begins, early enough to meet every event from `t_us` on.

    Args:
        walk: Finds packets.
        start: Where the first packet begins.
        size: Length of the file.
        t_us: The time.
    """
    low, high = start, size
    while high - low > CLOSE_BYTES:
        middle = (low + high) // 2
        found = _first_event(walk, middle, high)
        if found is None or found[1] >= t_us - MARGIN_US:
            high = middle
        else:
            low = found[0]
    return low


def clock_runs_on(walk: PacketWalk, start: int, size: int) -> bool:
    """Tell whether the times of a file seem to run on; arguments are those of `find_time`."""
    found = (_first_event(walk, place, size) for place in sample_places(start, size))
    return runs_on([at[1] for at in found if at is not None])


def _first_event(walk: PacketWalk, start: int, stop: int) -> tuple[int, int] | None:
    """Return place and first time of the first packet of events in `[start, stop)`."""
    at = walk.find(start, stop)
    for _ in range(MOST_HOPS):
        if at is None or at >= stop:
            return None
        kind, form, size = walk.judge(at)
        if kind == kernels.UNKNOWN:
            at = walk.find(at + 1, stop)
            continue
        if kind == kernels.EVENTS:
            events = decode(walk.load(at, kind, form, size)).events
            if events.size:
                return at, int(events["t"][0])
        at += kernels.HEADER_BYTES + size
    return None
