"""LZ4 frames, decoded into arrays that the caller owns, safe against hostile input.

A frame is a header (magic, flags, block size, optional content size and dictionary number, one
checksum byte), blocks of a 32-bit size and data (the top bit marks data that are stored as they
are) up to a size of 0, and an optional checksum of the content. In linked frames a match may reach
back into the blocks before. All checksums that are there are verified.

Codes below zero say what is wrong with a frame; nothing is ever read or written outside the given
ranges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, load_64, load_u8, load_u32
from .lz4_blocks import (
    BLOCK_END,
    BLOCK_WORDS,
    CORRUPT,
    HISTORY,
    OVERFLOW,
    READ,
    READ_END,
    TRUNCATED,
    WRITE,
    WRITE_END,
    careful_sequence,
    copy_range,
    decode_beginning,
    run_one,
    run_two,
)
from .xxh32 import RANGES, hash_range, hash_ranges

CHECKSUM = -4
"""A checksum does not match."""

MAGIC = 0x184D2204
INDEPENDENT, BLOCK_SUMS, CONTENT_SIZE, CONTENT_SUM, DICTIONARY = 32, 16, 8, 4, 1
"""Flags in a frame's header."""

NEXT, END, FLAGS, LARGEST, CONTENT, START, LIMIT, NUMBER, PHASE = range(
    BLOCK_WORDS, BLOCK_WORDS + 9
)
"""Further words of a lane: next byte to read and end of the input; flags, largest block and content
size (-1 if not given) of its frame; start and end of the room for the content; number of the frame;
what comes next."""
LANE_WORDS = BLOCK_WORDS + 9

IDLE, HEADER, BLOCK, DONE, SEQUENCES, OFF = range(6)
"""Phases of a lane: what to do next."""

LARGE, SMALL, CONTENTS = 0, 1, 2
"""Queues of checksums, verified several of a kind at a time, as hashing is fastest so: those of
blocks from `LARGE_BYTES` on, of smaller blocks, and of contents."""
QUEUES = 3
LARGE_BYTES = 1024

ADDRESSES, LENGTHS, DIGESTS, EXPECTED, OWNERS = (RANGES * word for word in range(5))
"""Words of a queue, each for `RANGES` checksums: ranges, hashes, what they should be, frames."""
WAITING = 5 * RANGES
QUEUE_WORDS = WAITING + 1


@inline
def _take(
    state: NDArray[np.int64],
    lane: int,
    number: int,
    frames: NDArray[np.int64],
    base: int,
    room: int,
) -> None:
    """Let a lane begin with a frame; see `decode_frames`."""
    at = 4 * number
    state[lane + NEXT], state[lane + END] = base + frames[at], base + frames[at + 1]
    state[lane + START], state[lane + LIMIT] = room + frames[at + 2], room + frames[at + 3]
    state[lane + WRITE], state[lane + NUMBER] = room + frames[at + 2], number


@inline
def _read_header(state: NDArray[np.int64], lane: int) -> int:
    """Read the header of a frame; return the next phase or a negative code."""
    start, end = state[lane + NEXT], state[lane + END]
    if end - start < 7:
        return TRUNCATED
    if load_u32(start) != MAGIC:
        return CORRUPT
    flags, size_code = load_u8(start + 4), load_u8(start + 5)
    if flags >> 6 != 1 or flags & 2 or size_code & 0x8F or size_code < 0x40:
        return CORRUPT
    at = start + 6
    length = (8 if flags & CONTENT_SIZE else 0) + (4 if flags & DICTIONARY else 0)
    if end - at < length + 1:
        return TRUNCATED
    content = -1
    if flags & CONTENT_SIZE:
        content = load_64(at)
        if content < 0:
            return CORRUPT
    if flags & DICTIONARY and load_u32(at + length - 4) != 0:
        return CORRUPT
    at += length
    if load_u8(at) != hash_range(start + 4, at - start - 4) >> 8 & 255:
        return CHECKSUM
    state[lane + NEXT], state[lane + FLAGS], state[lane + CONTENT] = at + 1, flags, content
    state[lane + LARGEST] = 1 << (8 + 2 * (size_code >> 4))
    return BLOCK


@inline
def _queue_sum(
    queues: NDArray[np.int64], queue: int, owner: int, address: int, length: int, digest: int
) -> None:
    """Let the checksum of a range wait for others."""
    at = queue * QUEUE_WORDS
    waiting = queues[at + WAITING]
    queues[at + ADDRESSES + waiting], queues[at + LENGTHS + waiting] = address, length
    queues[at + EXPECTED + waiting], queues[at + OWNERS + waiting] = digest, owner
    queues[at + WAITING] = waiting + 1


@inline
def _verify(queues: NDArray[np.int64], enough: int, codes: NDArray[np.int64]) -> None:
    """Verify the checksums of queues in which `enough` wait; `codes` tell which are wrong."""
    for at in range(0, QUEUES * QUEUE_WORDS, QUEUE_WORDS):
        waiting = queues[at + WAITING]
        if waiting < enough:
            continue
        for index in range(waiting, RANGES):
            queues[at + ADDRESSES + index] = queues[at + ADDRESSES]
            queues[at + LENGTHS + index] = queues[at + LENGTHS] if waiting > 1 else 0
        hash_ranges(queues, at)
        for index in range(waiting):
            if queues[at + DIGESTS + index] != queues[at + EXPECTED + index]:
                codes[queues[at + OWNERS + index]] = CHECKSUM
        queues[at + WAITING] = 0


@inline
def _read_block(state: NDArray[np.int64], lane: int, queues: NDArray[np.int64]) -> int:
    """Begin the next block, or copy it where it is stored; return the next phase or a code."""
    at = state[lane + NEXT]
    if state[lane + END] - at < 4:
        return TRUNCATED
    word = load_u32(at)
    at += 4
    if word == 0:
        state[lane + NEXT] = at
        return DONE
    size = word & 0x7FFFFFFF
    if size > state[lane + LARGEST]:
        return CORRUPT
    sum_bytes = 4 if state[lane + FLAGS] & BLOCK_SUMS else 0
    if state[lane + END] - at < size + sum_bytes:
        return TRUNCATED
    if sum_bytes:
        queue = LARGE if size >= LARGE_BYTES else SMALL
        _queue_sum(queues, queue, state[lane + NUMBER], at, size, load_u32(at + size))
    state[lane + NEXT] = at + size + sum_bytes
    write = state[lane + WRITE]
    limit = min(state[lane + LIMIT], write + state[lane + LARGEST])
    if word == size:
        state[lane + READ], state[lane + READ_END] = at, at + size
        state[lane + WRITE_END] = limit
        state[lane + HISTORY] = write if state[lane + FLAGS] & INDEPENDENT else state[lane + START]
        return SEQUENCES
    if size > limit - write:
        return OVERFLOW
    copy_range(write, at, size, size)
    state[lane + WRITE] = write + size
    return BLOCK


@inline
def _finish_frame(state: NDArray[np.int64], lane: int, queues: NDArray[np.int64]) -> int:
    """Check the end of a frame; return the length of its content or a negative code."""
    length: int = state[lane + WRITE] - state[lane + START]
    if state[lane + CONTENT] >= 0 and state[lane + CONTENT] != length:
        return CORRUPT
    if state[lane + FLAGS] & CONTENT_SUM:
        at = state[lane + NEXT]
        if state[lane + END] - at < 4:
            return TRUNCATED
        owner, start = state[lane + NUMBER], state[lane + START]
        _queue_sum(queues, CONTENTS, owner, start, length, load_u32(at))
        state[lane + NEXT] = at + 4
    return length


@kernel
def decode_frames(
    data: NDArray[np.uint8],
    frames: NDArray[np.int64],
    count: int,
    out: NDArray[np.uint8],
    codes: NDArray[np.int64],
) -> None:
    """Decode frames, two at a time, each to a room of its own.

    Args:
        data: Bytes that hold the frames.
        frames: Shape (4 * count,) at least; of each frame: where it begins, where the readable
            bytes end (the frame may end earlier), and where the room for it in `out` begins and
            ends. The second receives where the frame, or what of it was understood, ends.
        count: How many frames there are.
        out: Bytes to write.
        codes: Shape (count,) at least; receives the length of each content, or a negative code.
    """
    base, room = address_of(data), address_of(out)
    state = np.zeros(2 * LANE_WORDS, np.int64)
    queues = np.zeros(QUEUES * QUEUE_WORDS, np.int64)
    number, off, one, two = 0, 0, 0, LANE_WORDS
    while off < 2:
        lane = two if state[one + PHASE] >= SEQUENCES else one
        phase = state[lane + PHASE]
        if phase == IDLE and number == count:
            phase, off = OFF, off + 1
        elif phase == IDLE:
            _take(state, lane, number, frames, base, room)
            codes[number] = 0
            phase, number = HEADER, number + 1
        elif phase == HEADER:
            phase = _read_header(state, lane)
        elif phase == BLOCK:
            phase = _read_block(state, lane, queues)
        else:
            if state[one + PHASE] == state[two + PHASE]:
                lane = run_two(state, one, two)
            else:
                lane = one if state[one + PHASE] == SEQUENCES else two
                run_one(state, lane)
            phase = careful_sequence(state, lane)
            if phase >= 0:
                phase = BLOCK if phase == BLOCK_END else SEQUENCES
        if phase < 0 or phase == DONE:
            owner = state[lane + NUMBER]
            code = phase if phase < 0 else _finish_frame(state, lane, queues)
            if codes[owner] == 0:
                codes[owner] = code
            frames[4 * owner + 1] = state[lane + NEXT] - base
            phase = IDLE
        state[lane + PHASE] = phase
        _verify(queues, RANGES if off < 2 else 1, codes)


@kernel
def decode_frame(
    data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint8]
) -> tuple[int, int]:
    """Decode one frame that begins at `data[start]` and ends at `data[end]` or before.

    Returns:
        Length of the content in `out` or a negative code, and where in `data` the frame (or what
        of it was understood) ends.
    """
    frames, codes = np.empty(4, np.int64), np.empty(1, np.int64)
    frames[0], frames[1], frames[2], frames[3] = start, end, 0, out.size
    decode_frames(data, frames, 1, out, codes)
    return codes[0], frames[1]


@kernel
def decode_head(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint8]) -> int:
    """Decode the first bytes of a frame, as many as `out` holds or its first block has.

    Nothing is verified but the bounds. Returns how many bytes of `out` are valid, 0 if none.
    """
    base, room = address_of(data), address_of(out)
    state = np.zeros(LANE_WORDS, np.int64)
    state[NEXT], state[END] = base + start, base + end
    if _read_header(state, 0) < 0 or state[END] - state[NEXT] < 4:
        return 0
    word = load_u32(state[NEXT])
    read = state[NEXT] + 4
    read_end = min(state[END], read + (word & 0x7FFFFFFF))
    if word >> 31:
        size: int = min(out.size, read_end - read)
        copy_range(room, read, size, size)
        return size
    return decode_beginning(read, read_end, room, room + out.size) - room
