"""Packets of events as AEDAT4 stores them, written by the dozen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, store_u32
from .aedat4 import EVENTS, HEADER_BYTES, IDENTIFIERS
from .event_copies import EVENT_BYTES, copy_clean
from .lz4 import MAGIC
from .lz4_blocks import copy_range
from .lz4_events import GROWTH, MOST_EVENTS, PLACES, SLACK, compress_events
from .xxh32 import RANGES, hash_range, hash_ranges

PACKET_EVENTS = MOST_EVENTS
"""Most events in a packet."""

HEAD_BYTES = 32
"""What precedes the events in a flatbuffer: sizes, identifier, table, and their number."""

CALL_PACKETS = RANGES
CALL_EVENTS = CALL_PACKETS * PACKET_EVENTS
"""Most packets and events in a call."""

ROW_WORDS = 5

PACKET_ROOM = HEADER_BYTES + HEAD_BYTES + GROWTH * PACKET_EVENTS + 2 * SLACK
"""Bytes that suffice for a packet."""

FLAGS, SIZE_CODE = 0x64, 0x50
"""Of the LZ4 frames: version 1, independent blocks up to 256 KiB, checksum of the content."""


@inline
def _store_content(words: NDArray[np.int64], first: int, count: int, to: int) -> None:
    """Write the flatbuffer of some events, whose padding becomes zeros."""
    store_u32(to, HEAD_BYTES - 4 + EVENT_BYTES * count)
    store_u32(to + 4, 16)
    store_u32(to + 8, IDENTIFIERS[EVENTS])
    store_u32(to + 12, 0x0006_0000)
    store_u32(to + 16, 0x0004_0008)
    store_u32(to + 20, 6)
    store_u32(to + 24, 4)
    store_u32(to + 28, count)
    copy_clean(address_of(words) + EVENT_BYTES * first, to + HEAD_BYTES, count)


@inline
def _store_frame(content: int, count: int, digest: int, to: int, late: NDArray[np.int32]) -> int:
    """Write an LZ4 frame that holds the flatbuffer of some events; return the address after it."""
    store_u32(to, MAGIC)
    store_u32(to + 4, FLAGS | SIZE_CODE << 8)
    store_u32(to + 6, hash_range(to + 4, 2) >> 8 & 255)
    block = to + 11
    end = compress_events(content, HEAD_BYTES, count, block, late)
    size = HEAD_BYTES + EVENT_BYTES * count
    stored = end - block >= size
    if stored:
        copy_range(block, content, size, size)
        end = block + size
    store_u32(to + 7, (end - block) | (0x8000_0000 if stored else 0))
    store_u32(end, 0)
    store_u32(end + 4, digest)
    return end + 8


@inline
def _hash(contents: int, room: int, packets: int, ranges: NDArray[np.int64]) -> None:
    """Let the last words of `ranges` be the checksums of contents whose lengths it holds."""
    for packet in range(RANGES):
        like = packet if packet < packets else 0
        ranges[packet] = contents + like * room
        ranges[RANGES + packet] = ranges[RANGES + like]
    hash_ranges(ranges, 0)


@kernel
def encode_events(
    words: NDArray[np.int64],
    stream: int,
    compressed: bool,
    out: NDArray[np.uint8],
    rows: NDArray[np.int64],
) -> tuple[int, int]:
    """Write packets, headers included, that hold all events.

    Args:
        words: Shape (N, 2): 1 to `CALL_EVENTS` events, seen as pairs of 64-bit words.
        stream: Number of the stream.
        compressed: Whether to use LZ4.
        out: Shape (CALL_PACKETS * PACKET_ROOM,) at least.
        rows: Shape (CALL_PACKETS, ROW_WORDS); receives of each packet where its payload begins in
            `out`, its size, number of events, first and last time.

    Returns:
        How many bytes of `out` and how many rows were written.
    """
    count, at = words.shape[0], address_of(out)
    packets = (count + PACKET_EVENTS - 1) // PACKET_EVENTS
    room = HEAD_BYTES + EVENT_BYTES * PACKET_EVENTS
    contents, ranges = np.empty(room * packets + SLACK, np.uint8), np.empty(3 * RANGES, np.int64)
    late = np.empty(2 * PLACES, np.int32)
    for packet in range(packets):
        first = packet * PACKET_EVENTS
        held = min(PACKET_EVENTS, count - first)
        _store_content(words, first, held, address_of(contents) + packet * room)
        ranges[RANGES + packet] = HEAD_BYTES + EVENT_BYTES * held
    if compressed:
        _hash(address_of(contents), room, packets, ranges)
    for packet in range(packets):
        content, size = address_of(contents) + packet * room, ranges[RANGES + packet]
        first, held = packet * PACKET_EVENTS, (size - HEAD_BYTES) // EVENT_BYTES
        payload = at + HEADER_BYTES
        if compressed:
            end = _store_frame(content, held, ranges[2 * RANGES + packet], payload, late)
        else:
            copy_range(payload, content, size, size)
            end = payload + size
        store_u32(at, stream)
        store_u32(at + 4, end - payload)
        rows[packet, 0], rows[packet, 1] = payload - address_of(out), end - payload
        rows[packet, 2] = held
        rows[packet, 3], rows[packet, 4] = words[first, 0], words[first + held - 1, 0]
        at = end
    return at - address_of(out), packets
