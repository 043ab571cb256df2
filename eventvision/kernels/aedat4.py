"""AEDAT4 packets: finding them in a stretch of a file, and taking the events out of them.

A packet is a stream number and a size (two 32-bit integers), then one flatbuffer with its own size
in front, as it is or inside an LZ4 or Zstandard frame. An event packet's flatbuffer holds a table
with one field, a vector of 16-byte structures that are laid out like `EVENT_DTYPE`.

What looks like a packet is believed only if another one follows it, or the end of the file does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .lz4 import MAGIC as LZ4_MAGIC
from .lz4 import decode_frame, decode_head
from .xxh32 import read_u32

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

FULL, MORE, DOUBT = range(3)
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


@inline
def _read_u16(data: NDArray[np.uint8], at: int) -> int:
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@kernel
def event_vector(
    data: NDArray[np.uint8], start: int, available: int, total: int
) -> tuple[int, int]:
    """Find the vector of events in a flatbuffer of `total` bytes of which some are available.

    Returns:
        Where the first event lies, counted from `start`, and how many there are; -1, -1 if the
        flatbuffer is malformed or what is available does not reach.
    """
    if available < 20 or np.int64(read_u32(data, start + 8)) != IDENTIFIERS[EVENTS]:
        return MALFORMED, MALFORMED
    table = 4 + np.int64(read_u32(data, start + 4))
    if table + 4 > available:
        return MALFORMED, MALFORMED
    vtable = table - np.int64(np.int32(read_u32(data, start + table)))
    if vtable < 0 or vtable + 4 > available:
        return MALFORMED, MALFORMED
    if _read_u16(data, start + vtable) < 6:
        return available, 0
    if vtable + 6 > available:
        return MALFORMED, MALFORMED
    offset = _read_u16(data, start + vtable + 4)
    if offset == 0:
        return available, 0
    field = table + offset
    if field + 4 > available:
        return MALFORMED, MALFORMED
    vector = field + np.int64(read_u32(data, start + field))
    if vector + 4 > available:
        return MALFORMED, MALFORMED
    count = np.int64(read_u32(data, start + vector))
    if vector + 4 + 16 * count > total:
        return MALFORMED, MALFORMED
    return vector + 4, count


@inline
def _form(data: NDArray[np.uint8], at: int, kind: int) -> int:
    """Tell the form of the packet whose header is at `at`, -1 if it has none of them."""
    word = np.int64(read_u32(data, at + 8))
    if word == LZ4_MAGIC:
        return LZ4
    if word == ZSTD_MAGIC:
        return ZSTD
    size = np.int64(read_u32(data, at + 4))
    identifier = np.int64(read_u32(data, at + 16))
    if word + 4 == size and (kind == OTHER or identifier == IDENTIFIERS[kind]):
        return RAW
    return -1


@inline
def _plausible(
    data: NDArray[np.uint8], at: int, kinds: NDArray[np.int8], room: int
) -> tuple[int, int, int]:
    """Judge the header at `at`; return kind, form and size, kind `UNKNOWN` if it is none."""
    stream = np.int64(read_u32(data, at))
    size = np.int64(read_u32(data, at + 4))
    if stream >= kinds.size or size < PROOF_BYTES - HEADER_BYTES:
        return UNKNOWN, 0, 0
    if size > MOST_BYTES or size > room - HEADER_BYTES or kinds[stream] == UNKNOWN:
        return UNKNOWN, 0, 0
    kind = np.int64(kinds[stream])
    form = _form(data, at, kind)
    if form < 0:
        return UNKNOWN, 0, 0
    return kind, form, size


@inline
def _describe(data: NDArray[np.uint8], packet: NDArray[np.void], head: NDArray[np.uint8]) -> None:
    """Fill in what the first bytes of the flatbuffer say."""
    start, end, form = packet["start"], packet["end"], packet["form"]
    packet["total"], packet["first"], packet["count"] = -1, -1, -1
    if form == ZSTD:
        return
    available = min(head.size, end - start)
    if form == LZ4:
        available = decode_head(data, start, end, head)
    else:
        head[:available] = data[start : start + available]
    if available < 12:
        return
    total = 4 + np.int64(read_u32(head, 0))
    if total > min(MOST_BYTES, MOST_RATIO * (end - start)):
        return
    packet["total"] = total
    if packet["kind"] == EVENTS:
        packet["first"], packet["count"] = event_vector(head, 0, available, packet["total"])


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
    listed, events, at = 0, 0, start
    last = start + room
    while True:
        if at == last:
            return listed, at, FULL
        if listed == packets.size:
            return listed, at, FULL
        if last - at < PROOF_BYTES:
            return listed, at, DOUBT
        if data.size - at < PROOF_BYTES:
            return listed, at, MORE
        kind, form, size = _plausible(data, at, kinds, last - at)
        if kind == UNKNOWN:
            return listed, at, DOUBT
        next_at = at + HEADER_BYTES + size
        if next_at != last:
            if last - next_at < PROOF_BYTES:
                return listed, at, DOUBT
            if data.size - next_at < PROOF_BYTES:
                return listed, at, MORE
            if _plausible(data, next_at, kinds, last - next_at)[0] == UNKNOWN:
                return listed, at, DOUBT
        elif next_at > data.size:
            return listed, at, MORE
        packet = packets[listed]
        packet["kind"], packet["form"] = kind, form
        packet["start"], packet["end"] = at + HEADER_BYTES, next_at
        _describe(data, packet, head)
        count = max(0, packet["count"])
        if events and events + count > most_events:
            return listed, at, FULL
        events += count
        listed += 1
        at = next_at


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
            if available < 12 or np.int64(read_u32(head, 8)) != IDENTIFIERS[kind]:
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


@kernel
def copy_events(
    source: NDArray[np.uint8], first: int, count: int, words: NDArray[np.int64], at: int
) -> None:
    """Copy event structures to `words[at:at + count]`, with clean padding and polarities.

    Args:
        source: Bytes that hold the structures.
        first: Where the first one lies.
        count: How many there are; the caller has checked that they lie inside.
        words: Shape (N, 2): events seen as pairs of 64-bit words.
        at: Where to begin there.
    """
    for index in range(count):
        place = first + 16 * index
        low, high = np.int64(read_u32(source, place)), np.int64(read_u32(source, place + 4))
        words[at + index, 0] = low | high << 32
        pixel, on = np.int64(read_u32(source, place + 8)), np.int64(source[place + 12] & 1)
        words[at + index, 1] = pixel | on << 32


@kernel
def decode_events(
    data: NDArray[np.uint8],
    packets: NDArray[np.void],
    scratch: NDArray[np.uint8],
    words: NDArray[np.int64],
    codes: NDArray[np.int64],
) -> int:
    """Decode the event packets of known count among `packets`, one after the other.

    Args:
        data: The stretch of the file that the packets were listed in.
        packets: Shape (N,), dtype `PACKET_DTYPE`.
        scratch: Room for the longest flatbuffer.
        words: Shape (events, 2): room for all events, seen as pairs of 64-bit words.
        codes: Shape (N,): bytes of each packet that were used, or a negative code of `lz4`.

    Returns:
        How many events there are in `words`.
    """
    at = 0
    for index in range(packets.size):
        packet = packets[index]
        codes[index] = packet["end"] - packet["start"]
        if packet["kind"] != EVENTS or packet["count"] < 0:
            continue
        start, end = packet["start"], packet["end"]
        first, count, total = packet["first"], packet["count"], packet["total"]
        if packet["form"] == LZ4:
            produced, used = decode_frame(data, start, end, scratch, 0, total)
            codes[index] = produced if produced < 0 else used - start
            if produced < 0:
                continue
            if produced != total or event_vector(scratch, 0, total, total)[1] != count:
                codes[index] = MALFORMED
                continue
            copy_events(scratch, first, count, words, at)
        else:
            if total > end - start:
                codes[index] = MALFORMED
                continue
            copy_events(data, start + first, count, words, at)
        at += count
    return at
