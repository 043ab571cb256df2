"""AEDAT4 packets: finding them in a stretch of a file, and the events in them.

A packet is a stream number and a size (two 32-bit integers), then one flatbuffer with its own size
in front, as it is or inside an LZ4 or Zstandard frame. An event packet's flatbuffer holds a table
with one field, a vector of 16-byte structures that are laid out like `EVENT_DTYPE`.

What looks like a packet is believed only if another one follows it, or the end of the file does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, load_u16, load_u32
from .event_copies import EVENT_BYTES
from .lz4 import MAGIC as LZ4_MAGIC
from .lz4 import decode_head
from .lz4_blocks import copy_range

PACKET_DTYPE = np.dtype(
    [
        ("kind", "<i8"),
        ("form", "<i8"),
        ("start", "<i8"),
        ("end", "<i8"),
        ("total", "<i8"),
        ("first", "<i8"),
        ("count", "<i8"),
    ]
)
"""One packet: kind of stream, form of its bytes, where they start and end; then what the flatbuffer
says: its length, where the first event lies in it and how many there are (-1 where not known)."""

UNKNOWN, EVENTS, FRAMES, IMU, TRIGGERS, OTHER = range(6)
"""Kinds of stream."""

RAW, LZ4, ZSTD = range(3)
"""Forms of a packet's bytes."""

FINE, MORE, DOUBT = range(3)
"""Why a walk stopped: enough packets, bytes are missing, or the next packet is not believed."""

HEADER_BYTES = 8
PROOF_BYTES = 20
"""Bytes of a packet, header included, that tell whether there is one."""

HEAD_BYTES = 64
"""Bytes of a flatbuffer in which its first event and their number are found."""

SEARCH_BYTES = 1024
"""Bytes that are enough to decompress so much."""

MOST_BYTES = 1 << 28
"""No packet is believed, and nothing is decompressed, beyond this size."""

MOST_RATIO = 256
"""LZ4 does not expand further."""

ZSTD_MAGIC = 0xFD2FB528
IDENTIFIERS = np.array([0, 0x53545645, 0x454D5246, 0x53554D49, 0x47495254, 0], np.int64)
"""`EVTS`, `FRME`, `IMUS`, `TRIG` as little-endian words, by kind."""

MALFORMED = -9
"""A flatbuffer is not what it should be; the codes of `lz4` lie above."""


@kernel
def event_vector(
    data: NDArray[np.uint8], start: int, available: int, total: int
) -> tuple[int, int]:
    """Find the vector of events in a flatbuffer of `total` bytes of which some are available.

    Returns:
        Where the first event lies, counted from `start`, and how many there are; -1, -1 if the
        flatbuffer is malformed or what is available does not reach.
    """
    begin = address_of(data) + start
    if available < 20 or load_u32(begin + 8) != IDENTIFIERS[EVENTS]:
        return MALFORMED, MALFORMED
    table = 4 + load_u32(begin + 4)
    if table + 4 > available:
        return MALFORMED, MALFORMED
    back = load_u32(begin + table)
    vtable = table - back + ((back & 0x80000000) << 1)
    if vtable < 0 or vtable + 6 > available:
        return MALFORMED, MALFORMED
    entries, offset = load_u16(begin + vtable), load_u16(begin + vtable + 4)
    if entries < 6 or offset == 0:
        return (0, 0) if total < HEAD_BYTES else (MALFORMED, MALFORMED)
    field = table + offset
    if field + 4 > available:
        return MALFORMED, MALFORMED
    vector = field + load_u32(begin + field)
    if vector + 4 > available:
        return MALFORMED, MALFORMED
    count = load_u32(begin + vector)
    behind = total - (vector + 4 + EVENT_BYTES * count)
    # All builders put the vector last; what is behind it is padding.
    return (vector + 4, count) if 0 <= behind < 16 else (MALFORMED, MALFORMED)


@inline
def _form(header: int, kind: int) -> int:
    """Tell the form of the packet whose header is at an address, -1 if it has none of them."""
    word = load_u32(header + 8)
    if word == LZ4_MAGIC:
        return LZ4
    if word == ZSTD_MAGIC:
        return ZSTD
    fits = kind == OTHER or load_u32(header + 16) == IDENTIFIERS[kind]
    return RAW if fits and word + 4 == load_u32(header + 4) else -1


@inline
def _plausible(
    data: NDArray[np.uint8], at: int, kinds: NDArray[np.int8], room: int
) -> tuple[int, int, int]:
    """Judge the header at `at`; return kind, form and size, kind `UNKNOWN` if it is none."""
    header = address_of(data) + at
    stream, size = load_u32(header), load_u32(header + 4)
    if stream >= kinds.size or size < PROOF_BYTES - HEADER_BYTES:
        return UNKNOWN, 0, 0
    if size > min(MOST_BYTES, room - HEADER_BYTES):
        return UNKNOWN, 0, 0
    kind: int = kinds[stream]
    form = _form(header, kind) if kind != UNKNOWN else -1
    return (kind, form, size) if form >= 0 else (UNKNOWN, 0, 0)


@inline
def _describe(data: NDArray[np.uint8], packet: Any, head: NDArray[np.uint8]) -> None:
    """Fill in what the first bytes of the flatbuffer say."""
    start, end, form = packet["start"], packet["end"], packet["form"]
    packet["total"], packet["first"], packet["count"] = -1, -1, -1
    if form == ZSTD:
        return
    available = min(head.size, end - start)
    if form == LZ4:
        available = decode_head(data, start, end, head)
    else:
        begin = address_of(data) + start
        copy_range(address_of(head), begin, available, available)
    if available < 12:
        return
    total = 4 + load_u32(address_of(head))
    if total > min(MOST_BYTES, MOST_RATIO * (end - start)):
        return
    packet["total"] = total
    if packet["kind"] == EVENTS:
        packet["first"], packet["count"] = event_vector(head, 0, available, packet["total"])


@inline
def _believed(data: NDArray[np.uint8], at: int, kinds: NDArray[np.int8], last: int) -> int:
    """Return `FINE` if there is a packet, and another one or the end after it; else why not."""
    if last - at < PROOF_BYTES:
        return DOUBT
    if data.size - at < PROOF_BYTES:
        return MORE
    kind, _, size = _plausible(data, at, kinds, last - at)
    if kind == UNKNOWN:
        return DOUBT
    after = at + HEADER_BYTES + size
    if after == last:
        return FINE if after <= data.size else MORE
    if last - after < PROOF_BYTES:
        return DOUBT
    if data.size - after < PROOF_BYTES:
        return MORE
    return FINE if _plausible(data, after, kinds, last - after)[0] != UNKNOWN else DOUBT


@kernel
def walk_packets(
    data: NDArray[np.uint8],
    start: int,
    room: int,
    kinds: NDArray[np.int8],
    most_events: int,
    packets: NDArray[np.void],
) -> tuple[int, int, int]:
    """List the packets from `start` on, as far as they are believed.

    Args:
        data: A stretch of the file.
        start: Where a packet begins.
        room: Bytes from there to the end of the file, which may lie beyond the stretch.
        kinds: Kind of stream by stream number.
        most_events: Stop before the packet with which there would be more events (but not before
            the first packet).
        packets: Shape (N,), dtype `PACKET_DTYPE`; filled from its beginning.

    Returns:
        How many packets were listed, where the next one begins, and why the walk stopped.
    """
    head = np.empty(HEAD_BYTES, np.uint8)
    listed, events, at, why = 0, 0, start, FINE
    last = start + room
    while at != last and listed < packets.size:
        why = _believed(data, at, kinds, last)
        if why != FINE:
            break
        kind, form, size = _plausible(data, at, kinds, last - at)
        packet = packets[listed]
        packet["kind"], packet["form"] = kind, form
        packet["start"], packet["end"] = at + HEADER_BYTES, at + HEADER_BYTES + size
        _describe(data, packet, head)
        count = max(0, packet["count"])
        if events and events + count > most_events:
            break
        events += count
        listed += 1
        at += HEADER_BYTES + size
    return listed, at, why


@kernel
def judge_packet(
    data: NDArray[np.uint8], at: int, kinds: NDArray[np.int8], room: int
) -> tuple[int, int, int]:
    """Return kind, form and size of the packet whose header is at `at`, `UNKNOWN` if it is none.

    At least `PROOF_BYTES` must be there; `room` counts the bytes to the end of the file.
    """
    return _plausible(data, at, kinds, room)


@kernel
def find_packet(
    data: NDArray[np.uint8], start: int, room: int, kinds: NDArray[np.int8]
) -> tuple[int, bool]:
    """Look for something that begins like a packet, its flatbuffer included.

    Args:
        data: A stretch of the file.
        start: Where to begin.
        room: Bytes from there to the end of the file.
        kinds: Kind of stream by stream number.

    Returns:
        Where it was found and True, or from where on bytes are missing to tell and False.
    """
    head = np.empty(HEAD_BYTES, np.uint8)
    last = start + room
    reach = data.size - PROOF_BYTES if data.size >= last else data.size - SEARCH_BYTES
    for at in range(start, reach + 1):
        kind, form, size = _plausible(data, at, kinds, last - at)
        if kind == UNKNOWN:
            continue
        begin = at + HEADER_BYTES
        if form == LZ4 and kind != OTHER:
            available = decode_head(data, begin, min(data.size, begin + size), head)
            if available < 12 or load_u32(address_of(head) + 8) != IDENTIFIERS[kind]:
                continue
        return at, True
    return max(start, reach + 1), False


@kernel
def describe_packet(
    data: NDArray[np.uint8], kind: int, form: int, end: int, packets: NDArray[np.void]
) -> None:
    """Fill `packets[0]` for a packet that begins with `data` and whose payload ends at `end`."""
    packet = packets[0]
    packet["kind"], packet["form"] = kind, form
    packet["start"], packet["end"] = HEADER_BYTES, end
    _describe(data, packet, np.empty(HEAD_BYTES, np.uint8))
