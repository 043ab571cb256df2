"""The packets of an AEDAT4 file, found again after damage, a stretch of the file at a time."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Damage
from eventvision.kernels import aedat4 as kernels

from .payload import PayloadError, form_of, identifier, unpack

FEWEST_BYTES, WINDOW_BYTES = 1 << 12, 1 << 20
"""Bytes to read at once: at first, and where packets are small; and enough for most stretches."""
MOST_LISTED = 4096
SEARCH_BYTES, SALVAGE_BYTES = 1 << 16, 1 << 24
BLOCK_BYTES = (1 << 17) + 64
"""Enough of a Zstandard frame for its first block, before which nothing of it can be read."""
MOST_DOUBTS = 100_000
"""Damaged places after which the rest of a file is not searched any further."""
MOST_BUFFERS = 8
UNUSED_REFERENCES = 3
"""References to a buffer while it is looked at in the queue, if nobody has a view of it."""
NO_BYTES: NDArray[np.uint8] = np.empty(0, np.uint8)
NO_PACKETS: NDArray[np.void] = np.empty(0, kernels.PACKET_DTYPE)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some packets in a row, not yet decompressed.

    Attributes:
        data: Bytes of the file.
        base: Where in the file they begin.
        packets: Shape (N,), dtype `PACKET_DTYPE`, places relative to `data`.
        damage: What was found wrong on the way here, after the stretch before.
    """

    data: NDArray[np.uint8]
    base: int
    packets: NDArray[np.void]
    damage: tuple[Damage, ...] = ()

    @property
    def end(self) -> int:
        """Where in the file the last packet ends."""
        return self.base + int(self.packets["end"][-1]) if self.packets.size else self.base


class PacketWalk:
    """Walks from packet to packet; where one is damaged, looks for the next that is not."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        size: int,
        kinds: NDArray[np.int8],
        packet_events: int,
    ) -> None:
        """Prepare to walk.

        Args:
            file: The file, open without a buffer of its own.
            size: Its length.
            kinds: Kind of stream by stream number.
            packet_events: Most events in a stretch, unless a single packet has more.
        """
        self._file = file
        self._size = size
        self._kinds = kinds
        self._events = packet_events
        self._window = max(WINDOW_BYTES, min(17 * packet_events, 64 * WINDOW_BYTES))
        self._buffers: deque[NDArray[np.uint8]] = deque(maxlen=MOST_BUFFERS)
        self._listed: NDArray[np.void] = np.empty(MOST_LISTED, kernels.PACKET_DTYPE)
        self._doubts, self._salvage_left = 0, size

    def stretches(self, start: int, *, table_position: int = -1) -> Iterator[Stretch]:
        """Yield the packets from file position `start` on, where one begins.

        Args:
            start: Where to begin.
            table_position: Where the header says that the table of packets lies.
        """
        at, need, table = start, min(self._window, 9 * self._events), False
        while at < self._size and not table:
            data = NO_BYTES
            data = self._fill(at, need)
            count, used, why = kernels.walk_packets(
                data, 0, self._size - at, self._kinds, self._events, self._listed
            )
            if count:
                yield Stretch(data, at, self._listed[:count].copy())
            at += used
            if why == kernels.MORE and need < self._window:
                need = min(2 * need, self._window)
                continue
            need = min(max(used + used // 16, FEWEST_BYTES), self._window)
            if why == kernels.MORE and not count:
                need = self._whole(at)
                why = kernels.MORE if need else kernels.DOUBT
            if why == kernels.DOUBT:
                at, table = yield from self._doubt(at)
                need = max(need, FEWEST_BYTES)
        if not table and table_position >= 0:
            yield self._missing_table(table_position)

    def find(self, start: int, stop: int) -> int | None:
        """Return where the first packet in `[start, stop)` seems to begin."""
        at = start
        while at < stop and self._size - at >= kernels.PROOF_BYTES:
            data = self.read(at, SEARCH_BYTES)
            local, found = kernels.find_packet(data, 0, self._size - at, self._kinds)
            at += int(local)
            if found:
                return at if at < stop else None
        return None

    def judge(self, at: int) -> tuple[int, int, int]:
        """Return kind, form and size of the packet at a place, kind 0 if there is none."""
        data = self.read(at, kernels.PROOF_BYTES)
        if data.size < kernels.PROOF_BYTES:
            return 0, 0, 0
        return kernels.judge_packet(data, 0, self._kinds, self._size - at)

    def load(self, at: int, kind: int, form: int, size: int) -> Stretch:
        """Return the packet at a place as a stretch of its own."""
        data = self.read(at, kernels.HEADER_BYTES + size)
        packets = np.empty(1, kernels.PACKET_DTYPE)
        kernels.describe_packet(data, kind, form, data.size, packets)
        return Stretch(data, at, packets)

    def read(self, at: int, count: int) -> NDArray[np.uint8]:
        """Return up to `count` bytes from a place of the file on."""
        return self._read_into(np.empty(max(0, min(count, self._size - at)), np.uint8), at)

    def _fill(self, at: int, count: int) -> NDArray[np.uint8]:
        """Do as `read`, in memory that nobody looks at any more: new memory costs time."""
        count = min(count, self._size - at)
        for buffer in self._buffers:
            if sys.getrefcount(buffer) == UNUSED_REFERENCES and buffer.size >= count:
                return self._read_into(buffer[:count], at)
        self._buffers.append(np.empty(max(count, self._window), np.uint8))
        return self._read_into(self._buffers[-1][:count], at)

    def _read_into(self, data: NDArray[np.uint8], at: int) -> NDArray[np.uint8]:
        self._file.seek(at)
        filled = 0
        while filled < data.size:
            got = self._file.readinto(data[filled:].data)  # type: ignore[attr-defined]
            if not got:
                self._size = at + filled
                break
            filled += got
        return data[:filled]

    def _whole(self, at: int) -> int:
        """Return how many bytes to read to have the packet and proof of it, 0 if it has none."""
        _, _, size = self.judge(at)
        length = kernels.HEADER_BYTES + size
        follows = at + length == self._size or self.judge(at + length)[0] != kernels.UNKNOWN
        return length + kernels.PROOF_BYTES if size and follows else 0

    def _doubt(self, at: int) -> Generator[Stretch, None, tuple[int, bool]]:
        """Go on where no packet is believed.

        Returns:
            Where the next packet begins, and whether the table of packets ended the file.
        """
        self._doubts += 1
        if self._doubts > MOST_DOUBTS:
            yield self._lost("corrupt-header", "too many packets are damaged", at, None, 0)
            return self._size, False
        kind, form, size = self._judge_alone(at)
        events = 0
        if kind != kernels.UNKNOWN and self._salvage_left > 0:
            whole = at + kernels.HEADER_BYTES + size <= self._size
            stretch = self.load(at, kind, form, size if whole else min(size, SALVAGE_BYTES))
            self._salvage_left -= stretch.data.size
            events = max(0, int(stretch.packets["count"][0]))
            try:
                used = unpack(stretch.data[kernels.HEADER_BYTES :], form)[1]
            except PayloadError:
                pass
            else:
                stretch.packets["end"] = kernels.HEADER_BYTES + used
                yield stretch
                if used != size:
                    yield self._lost("corrupt-header", "a packet's size is wrong", at, at + 8, 0)
                return stretch.end, False
        next_at = self.find(at + 1, self._size)
        if identifier(self.read(at, BLOCK_BYTES)) == b"FTAB":
            yield from self._table(at, next_at)
            return next_at or self._size, next_at is None
        too_long = at + kernels.HEADER_BYTES + max(size, kernels.PROOF_BYTES) > self._size
        if next_at is None and too_long:
            yield self._lost("truncated", "the file ends inside a packet", at, None, events)
        elif kind != kernels.UNKNOWN:
            yield self._lost("corrupt-packet", "a packet is damaged", at, next_at, events)
        else:
            yield self._lost("corrupt-header", "no packet begins here", at, next_at, 0)
        return next_at or self._size, False

    def _judge_alone(self, at: int) -> tuple[int, int, int]:
        """Judge a packet as if the file had no end."""
        data = self.read(at, kernels.PROOF_BYTES)
        if data.size < kernels.PROOF_BYTES:
            return 0, 0, 0
        return kernels.judge_packet(data, 0, self._kinds, 2 * kernels.MOST_BYTES)

    def _table(self, at: int, next_at: int | None) -> Iterator[Stretch]:
        """Check the table of packets, which is the end of a file that its writer finished."""
        if next_at is not None:
            yield self._lost("spliced", "packets follow the end of a recording", at, next_at, 0)
            return
        data = self.read(at, kernels.MOST_BYTES)
        try:
            unpack(data, form_of(data))
        except PayloadError as error:
            yield self._lost("truncated", f"the table of packets is damaged: {error}", at, None, 0)

    def _missing_table(self, position: int) -> Stretch:
        return self._lost(
            "truncated",
            f"the header promises a table of packets at byte {position}, which is not there",
            self._size,
            None,
            0,
        )

    def _lost(self, kind: str, message: str, start: int, end: int | None, events: int) -> Stretch:
        damage = Damage(
            kind=kind,
            message=message,
            byte_start=start,
            byte_end=self._size if end is None else end,
            events_skipped=events,
        )
        return Stretch(NO_BYTES, start, NO_PACKETS, (damage,))
