"""Cut streams: at a time, or to a stretch in seconds from the first event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eventvision.core import Events, Packet, Source


def clip(source: Source, *, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Packet]:
    """Yield the packets of `[start_s, end_s)` after the first event of the source.

    A recording is sought to its start; a live source is read and left out until then.

    Raises:
        SeekError: If `start_s` is not 0 and the recording cannot seek.
    """
    if not start_s and end_s is None:
        yield from source
        return
    origin_us: int | None = None
    if start_s and not source.is_live:
        origin_us = first_event_us(source)
        if origin_us is None:
            return
        source.seek(origin_us + round(start_s * 1e6))
    for packet in source:
        if origin_us is None and len(packet):
            origin_us = int(packet.events.t[0])
        if origin_us is None:
            if not start_s:
                yield packet
            continue
        part = split(packet, origin_us + round(start_s * 1e6))[1] if start_s else packet
        if end_s is not None:
            part, rest = split(part, origin_us + round(end_s * 1e6))
            if len(rest) or _promises(packet, origin_us + round(end_s * 1e6)):
                yield part
                return
        yield part


def _promises(packet: Packet, t_us: int) -> bool:
    """Whether nothing before `t_us` can come after this packet."""
    return packet.until_us is not None and packet.until_us >= t_us


def split(packet: Packet, t_us: int) -> tuple[Packet, Packet]:
    """Cut a packet into what lies before `t_us` and the rest; both share its memory."""
    data = packet.events.data
    at = int(data["t"].searchsorted(t_us))
    imu_at = int(packet.imu["t"].searchsorted(t_us))
    trigger_at = int(packet.triggers["t"].searchsorted(t_us))
    before = replace(
        packet,
        events=Events(data[:at], packet.sensor),
        frames=tuple(frame for frame in packet.frames if frame.t_us < t_us),
        imu=packet.imu[:imu_at],
        triggers=packet.triggers[:trigger_at],
        until_us=None if packet.until_us is None else min(packet.until_us, t_us),
    )
    rest = replace(
        packet,
        events=Events(data[at:], packet.sensor),
        frames=tuple(frame for frame in packet.frames if frame.t_us >= t_us),
        imu=packet.imu[imu_at:],
        triggers=packet.triggers[trigger_at:],
    )
    return before, rest


def first_event_us(source: Source) -> int | None:
    """Return the time of a source's first event, or None if it has none."""
    for packet in source:
        if len(packet):
            return int(packet.events.t[0])
    return None
