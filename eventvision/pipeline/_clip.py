"""Restrict a source to a stretch of time, in seconds from its first event."""

from __future__ import annotations

from collections.abc import Iterator

from eventvision.core import Packet, Source

from ._pacing import split


def clip(source: Source, *, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Packet]:
    """Yield the packets of `[start_s, end_s)` after the first event of the source.

    Raises:
        SeekError: If `start_s` is not 0 and the source cannot seek.
    """
    if not start_s and end_s is None:
        yield from source
        return
    origin_us = first_event_us(source)
    if origin_us is None:
        return
    source.seek(origin_us + round(start_s * 1e6))
    end_us = None if end_s is None else origin_us + round(end_s * 1e6)
    for packet in source:
        if end_us is None or not len(packet) or int(packet.events.t[-1]) < end_us:
            yield packet
            continue
        yield split(packet, end_us)[0]
        return


def first_event_us(source: Source) -> int | None:
    """Return the time of a source's first event, or None if it has none."""
    for packet in source:
        if len(packet):
            return int(packet.events.t[0])
    return None
