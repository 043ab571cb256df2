"""What waits to be written: bounded by bytes; every packet that does not fit is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Literal

import numpy as np

from eventvision.core import Events, Packet

Policy = Literal["block", "drop"]
"""When full, `block` waits for room; `drop` leaves the packet out."""


class PacketQueue:
    """Hands packets to the thread that writes.

    Args:
        most_bytes: Packets wait up to this size in all.
        policy: What happens to one that does not fit.

    Attributes:
        dropped: Events in packets that did not fit.
    """

    def __init__(self, most_bytes: int, policy: Policy) -> None:
        self._most_bytes = most_bytes
        self._policy = policy
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._after_drop = False
        self._is_closed = False
        lock = threading.Lock()
        self._ready = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self.dropped = 0

    def put(self, packet: Packet, *, always: bool = False) -> None:
        """Add a packet; the first one after one that did not fit is marked as after a gap.

        Args:
            packet: What to write.
            always: Whether it counts as fitting, however much waits.
        """
        size = bytes_of(packet)
        with self._room:
            while (
                self._is_full(size)
                and not always
                and self._policy == "block"
                and not self._is_closed
            ):
                self._room.wait()
            if (self._is_full(size) and not always) or self._is_closed:
                self.dropped += len(packet)
                self._after_drop = self._after_drop or len(packet) > 0
                return
            if self._after_drop and len(packet):
                self._after_drop = False
                packet = packet.after_gap()
            self._packets.append(packet)
            self._bytes += size
            self._ready.notify()

    def take(self, timeout_s: float, enough_bytes: int) -> list[Packet] | None:
        """Return the oldest of what waits, once it is enough or time is up; None after the end.

        More than enough stays here: whoever joins packets never has to copy a whole pre-roll.
        """
        enough = min(enough_bytes, self._most_bytes // 2)
        with self._ready:
            self._ready.wait_for(lambda: self._bytes >= enough or self._is_closed, timeout_s)
            packets: list[Packet] = []
            size = 0
            while self._packets and size < enough:
                packets.append(self._packets.popleft())
                size += bytes_of(packets[-1])
            self._bytes -= size
            self._room.notify_all()
            return None if self._is_closed and not packets else packets

    def close(self) -> None:
        """Say that nothing more will come."""
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()
            self._room.notify_all()

    def _is_full(self, size: int) -> bool:
        """Whether there is no room; a packet larger than all room fits an empty queue."""
        return self._bytes > 0 and self._bytes + size > self._most_bytes


def bytes_of(packet: Packet) -> int:
    """Return how much memory a packet keeps in use."""
    frames = sum(frame.pixels.nbytes for frame in packet.frames)
    return 256 + packet.events.data.nbytes + packet.imu.nbytes + packet.triggers.nbytes + frames


def joined(packets: Sequence[Packet]) -> Packet:
    """Return what several packets hold as one."""
    if len(packets) == 1:
        return packets[0]
    return Packet(
        Events.join([packet.events for packet in packets]),
        frames=tuple(frame for packet in packets for frame in packet.frames),
        imu=np.concatenate([packet.imu for packet in packets]),
        triggers=np.concatenate([packet.triggers for packet in packets]),
    )
