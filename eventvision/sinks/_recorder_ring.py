"""The last seconds of a stream, in case that something happens."""

from __future__ import annotations

from collections import deque

from eventvision.core import Packet
from eventvision.io import split

from ._recorder_queue import bytes_of


class PacketRing:
    """Keeps the packets of the last `span_us`, as far as `most_bytes` can hold them.

    Attributes:
        forgotten: Events of the last `span_us` that memory could not hold.
    """

    def __init__(self, span_us: int, most_bytes: int) -> None:
        self._span_us = span_us
        self._most_bytes = most_bytes
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._now_us = 0
        self._lost: deque[tuple[int, int]] = deque()

    @property
    def forgotten(self) -> int:
        """Events that belong to the span and are gone."""
        return sum(events for _, events in self._lost)

    def put(self, packet: Packet) -> None:
        """Add a packet and let go of those that have become too old."""
        self._packets.append(packet)
        self._bytes += bytes_of(packet)
        self._now_us = max(self._now_us, _end_us(packet))
        oldest_us = self._now_us - self._span_us
        while self._packets and _end_us(self._packets[0]) < oldest_us:
            self._release()
        while self._bytes > self._most_bytes and len(self._packets) > 1:
            released = self._release()
            self._lost.append((_end_us(released), len(released)))
        while self._lost and self._lost[0][0] < oldest_us:
            self._lost.popleft()

    def take(self, span_us: int | None = None) -> list[Packet]:
        """Return what is held of the last `span_us`; if it is incomplete, marked as after a gap.

        Args:
            span_us: At most the span that is kept, which None stands for.
        """
        oldest_us = self._now_us - min(self._span_us, self._span_us if span_us is None else span_us)
        packets = [packet for packet in self._packets if _end_us(packet) >= oldest_us]
        if packets:
            packets[0] = split(packets[0], oldest_us)[1]
            if self._lost and self._lost[-1][0] >= oldest_us:
                packets[0] = packets[0].after_gap()
        return packets

    def _release(self) -> Packet:
        released = self._packets.popleft()
        self._bytes -= bytes_of(released)
        return released


def _end_us(packet: Packet) -> int:
    times = [column["t"] for column in (packet.events.data, packet.imu, packet.triggers)]
    latest = [int(t[-1]) for t in times if t.size] + [frame.t_us for frame in packet.frames]
    return max(latest, default=packet.until_us or 0)
