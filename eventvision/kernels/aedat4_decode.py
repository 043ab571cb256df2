"""The events in AEDAT4 packets, decompressed and put in one array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, load_64
from .aedat4 import EVENTS, LZ4, MALFORMED, RAW
from .event_copies import EVENT_BYTES, copy_checked, copy_clean
from .guard import LATEST_US
from .lz4 import decode_frames

GROUP_PACKETS, GROUP_BYTES = 64, (1 << 19) + (1 << 16)
"""Packets that are decompressed together, so that they stay in the cache until copied."""


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
    copy_clean(address_of(source) + first, address_of(words) + EVENT_BYTES * at, count)


@inline
def _gather(
    packets: NDArray[np.void],
    next_packet: int,
    members: NDArray[np.int64],
    frames: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Choose LZ4 packets to decode together.

    Returns:
        How many there are, how many bytes they will need, and which packet comes next.
    """
    group, size = 0, 0
    while next_packet < packets.size and group < members.size:
        packet = packets[next_packet]
        if packet["kind"] == EVENTS and packet["count"] >= 0:
            total = packet["total"]
            if packet["form"] != LZ4 or (group and size + total > GROUP_BYTES):
                break
            frames[4 * group], frames[4 * group + 1] = packet["start"], packet["end"]
            frames[4 * group + 2], frames[4 * group + 3] = size, size + total
            members[group] = next_packet
            size += total
            group += 1
        next_packet += 1
    return group, size, next_packet


@inline
def _append(
    source: int,
    count: int,
    words: NDArray[np.int64],
    at: int,
    before: int,
    width: int,
    height: int,
) -> tuple[int, int]:
    """Copy events to `words[at:]`; see `copy_checked`. The very first one follows none."""
    to = address_of(words) + EVENT_BYTES * at
    before = before if at else load_64(source)
    return copy_checked(source, to, count, before, width - 1, height - 1)


@kernel
def decode_events(
    data: NDArray[np.uint8],
    packets: NDArray[np.void],
    words: NDArray[np.int64],
    codes: NDArray[np.int64],
    scratch: NDArray[np.uint8],
    width: int,
    height: int,
) -> tuple[int, bool]:
    """Decode the event packets of known count, in order.

    Args:
        data: The stretch of the file that the packets were listed in.
        packets: Shape (N,), dtype `PACKET_DTYPE`.
        words: Shape (events, 2): room for all their events, seen as pairs of 64-bit words. It may
            be the memory of `data` itself if all these packets are `RAW`.
        codes: Shape (N,), zeros; receives what is wrong with a packet.
        scratch: Shape (GROUP_BYTES,), to work in.
        width: Columns of the sensor.
        height: Rows of the sensor.

    Returns:
        How many events there are in `words`, and whether `guard.is_clean` holds for them.
    """
    members, frames = np.empty(GROUP_PACKETS, np.int64), np.empty(4 * GROUP_PACKETS, np.int64)
    lengths = np.empty(GROUP_PACKETS, np.int64)
    next_packet, at, signs, before = 0, 0, 0, 0
    while next_packet < packets.size:
        group, size, next_packet = _gather(packets, next_packet, members, frames)
        if size > scratch.size:
            scratch = np.empty(size, np.uint8)
        decode_frames(data, frames, group, scratch, lengths)
        for index in range(group):
            packet = packets[members[index]]
            if lengths[index] != packet["total"]:
                codes[members[index]] = lengths[index] if lengths[index] < 0 else MALFORMED
            elif packet["count"]:
                source = address_of(scratch) + frames[4 * index + 2] + packet["first"]
                sign, before = _append(source, packet["count"], words, at, before, width, height)
                signs |= sign
                at += packet["count"]
        if next_packet < packets.size:
            packet = packets[next_packet]
            is_raw = packet["kind"] == EVENTS and packet["form"] == RAW
            next_packet += is_raw
            if is_raw and packet["count"] > 0:
                source = address_of(data) + packet["start"] + packet["first"]
                sign, before = _append(source, packet["count"], words, at, before, width, height)
                signs |= sign
                at += packet["count"]
    return at, signs >= 0 and before <= LATEST_US
