"""LZ4 blocks: chains of sequences, decoded two blocks at a time.

A sequence is a token with two lengths, literals, a 16-bit offset and the length of a match to copy
from there. Where the next sequence begins is known only when the lengths of this one are, and
where bytes were stored a moment ago they cannot be loaded at once: a single block leaves most of a
core idle. So two independent blocks advance in one loop, in lanes.

Short sequences (at most 8 literals and 16 bytes of match from at least 16 bytes back: nearly all
in event data) take a path without branches that depend on the data. It copies more than needed,
which the next sequence overwrites, and so needs room behind it; how many sequences there is room
for is worked out beforehand. Everything else goes through `careful_sequence`.

A lane is a run of addresses in an array of states: see `READ` and the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline
from ._memory import address_of, copy_8, copy_16, load_u8, load_u16, store_u8

READ, READ_END, WRITE, WRITE_END, HISTORY = range(5)
"""Words of a lane: next byte to read, end of the block; next byte to write, end of the room;
first byte that a match may refer to."""

BLOCK_WORDS = 5

MORE, BLOCK_END = 0, 1
"""What became of a sequence, where nothing is wrong with it."""

TRUNCATED = -1
"""The input ends before the frame does."""
OVERFLOW = -2
"""The content is longer than the room for it."""
CORRUPT = -3
"""Not an LZ4 frame, or a sequence that no encoder writes."""

LOG_MOST_READ, LOG_MOST_WRITTEN, SLACK = 4, 5, 32
"""Bytes that a short sequence reads (11) and writes (24) at most, as powers of two, and the room
that its copies need beyond."""

NEAR = 16
"""Nearest match of the short path, and bytes copied at once."""

LONG = np.array([token >> 4 > 8 or token & 15 > NEAR - 4 for token in range(256)], np.uint8)
"""By token: whether the sequence is not short."""


@inline
def _room(state: NDArray[np.int64], lane: int) -> int:
    """Return how many short sequences there is room for."""
    if state[lane + WRITE] - state[lane + HISTORY] < NEAR:
        return 0
    to_read: int = state[lane + READ_END] - state[lane + READ] - SLACK
    to_write: int = state[lane + WRITE_END] - state[lane + WRITE] - SLACK
    return min(to_read >> LOG_MOST_READ, to_write >> LOG_MOST_WRITTEN)


@inline
def _short_sequence(read: int, write: int, floor: int, long: int) -> tuple[int, int, bool]:
    """Decode a sequence if it is short.

    Args:
        read: Address of its token.
        write: Address to write to.
        floor: `NEAR` bytes after the first byte that may be referred to; at most `write`.
        long: Address of `LONG`.

    Returns:
        Both addresses after it, and whether it was short; where not, they are unchanged.
    """
    token = load_u8(read)
    literals = token >> 4
    offset = load_u16(read + 1 + literals)
    to = write + literals
    if load_u8(long + token) != 0 or np.uint64(offset - NEAR) > np.uint64(to - floor):
        return read, write, False
    copy_8(write, read + 1)
    copy_8(to, to - offset)
    rest = read
    if token & 15 > 4:
        rest = to - offset + 8
    copy_8(to + 8, rest)
    return read + literals + 3, to + (token & 15) + 4, True


@inline
def run_two(state: NDArray[np.int64], one: int, two: int) -> int:
    """Advance two lanes until one of them needs care; return which."""
    read_1, write_1, floor_1 = state[one + READ], state[one + WRITE], state[one + HISTORY] + NEAR
    read_2, write_2, floor_2 = state[two + READ], state[two + WRITE], state[two + HISTORY] + NEAR
    long, needy = address_of(LONG), -1
    while needy < 0:
        room_1, room_2 = _room(state, one), _room(state, two)
        if min(room_1, room_2) <= 0:
            return one if room_1 <= room_2 else two
        for _ in range(min(room_1, room_2)):
            read_1, write_1, short = _short_sequence(read_1, write_1, floor_1, long)
            if not short:
                needy = one
                break
            read_2, write_2, short = _short_sequence(read_2, write_2, floor_2, long)
            if not short:
                needy = two
                break
        state[one + READ], state[one + WRITE] = read_1, write_1
        state[two + READ], state[two + WRITE] = read_2, write_2
    return needy


@inline
def run_one(state: NDArray[np.int64], lane: int) -> None:
    """Advance one lane until it needs care."""
    read, write, floor = state[lane + READ], state[lane + WRITE], state[lane + HISTORY] + NEAR
    long, short, room = address_of(LONG), True, _room(state, lane)
    while short and room > 0:
        for _ in range(room):
            read, write, short = _short_sequence(read, write, floor, long)
            if not short:
                break
        state[lane + READ], state[lane + WRITE] = read, write
        room = _room(state, lane)


@inline
def _length(read: int, end: int) -> tuple[int, int]:
    """Return the rest of a long length and the address after it; -1 if it is cut off."""
    length = 0
    while read < end:
        byte = load_u8(read)
        read += 1
        length += byte
        if byte != 255:
            return length, read
    return -1, read


@inline
def copy_range(to: int, source: int, count: int, room: int) -> None:
    """Copy `count` bytes between ranges that do not overlap within `NEAR` bytes.

    There is `room`, at least `count`, to read and write.
    """
    done = 0
    while done < count and done + NEAR <= room:
        copy_16(to + done, source + done)
        done += NEAR
    while done < count:
        store_u8(to + done, load_u8(source + done))
        done += 1


@inline
def _copy_match(to: int, offset: int, count: int, room: int) -> None:
    """Copy `count` bytes from `offset` bytes back; the copy may run into itself."""
    done = 0
    distance = offset
    if offset < NEAR:
        distance = offset * ((NEAR + offset - 1) // offset)
        while done < count and done < distance - offset:
            store_u8(to + done, load_u8(to + done - offset))
            done += 1
    copy_range(to + done, to + done - distance, count - done, room - done)


@inline
def careful_sequence(state: NDArray[np.int64], lane: int) -> int:
    """Decode any one sequence with every check; return what became of it."""
    read, end = state[lane + READ], state[lane + READ_END]
    write, limit = state[lane + WRITE], state[lane + WRITE_END]
    if read >= end:
        return CORRUPT
    token = load_u8(read)
    read += 1
    literals = token >> 4
    if literals == 15:
        rest, read = _length(read, end)
        if rest < 0:
            return CORRUPT
        literals += rest
    if literals > end - read:
        return CORRUPT
    if literals > limit - write:
        return OVERFLOW
    copy_range(write, read, literals, min(end - read, limit - write))
    read += literals
    write += literals
    if read == end:
        state[lane + READ], state[lane + WRITE] = read, write
        return BLOCK_END
    if end - read < 2:
        return CORRUPT
    offset = load_u16(read)
    read += 2
    match = token & 15
    if match == 15:
        rest, read = _length(read, end)
        if rest < 0:
            return CORRUPT
        match += rest
    match += 4
    if offset == 0 or offset > write - state[lane + HISTORY]:
        return CORRUPT
    if match > limit - write:
        return OVERFLOW
    _copy_match(write, offset, match, limit - write)
    state[lane + READ], state[lane + WRITE] = read, write + match
    return MORE


@inline
def decode_beginning(read: int, end: int, write: int, limit: int) -> int:
    """Decode a block as far as there is room; return the address after what was written."""
    start = write
    while read < end and write < limit:
        token = load_u8(read)
        read += 1
        literals, match = token >> 4, token & 15
        if literals == 15:
            rest, read = _length(read, end)
            if rest < 0:
                return write
            literals += rest
        literals = min(literals, limit - write, end - read)
        copy_range(write, read, literals, literals)
        read += literals
        write += literals
        if end - read < 2:
            return write
        offset = load_u16(read)
        read += 2
        if match == 15:
            rest, read = _length(read, end)
            if rest < 0:
                return write
            match += rest
        if offset == 0 or offset > write - start:
            return write
        match = min(match + 4, limit - write)
        _copy_match(write, offset, match, match)
        write += match
    return write
