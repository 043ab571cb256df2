"""LZ4 frames, decoded into an array that the caller owns, safe against hostile input.

A frame is a header (magic, flags, block size, optional content size and dictionary number, one
checksum byte), blocks of a 32-bit size and data (the top bit marks data that are stored as they
are) up to a size of 0, and an optional checksum of the content. A block is a chain of sequences:
a token with two lengths, literals, a 16-bit offset and the length of a match to copy from there.
In linked frames a match may reach back into the blocks before.

All functions return what they produced, or one of the negative codes below; nothing is ever read
or written outside the given ranges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .xxh32 import read_u32, xxh32

TRUNCATED = -1
"""The input ends before the frame does."""
OVERFLOW = -2
"""The content is longer than the output range."""
CORRUPT = -3
"""Not an LZ4 frame, or a sequence that no encoder writes."""
CHECKSUM = -4
"""A checksum does not match."""

MAGIC = 0x184D2204


@inline
def _extended(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return a length's extension and the place after it; the extension is -1 where cut off."""
    length = 0
    while at < end:
        byte = np.int64(data[at])
        at += 1
        length += byte
        if byte != 255:
            return length, at
    return -1, at


@kernel
def decode_block(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    out: NDArray[np.uint8],
    history: int,
    op: int,
    limit: int,
) -> int:
    """Decode the block `data[start:end]` to `out[op:limit]`; matches reach back to `history`.

    Returns:
        The place in `out` after the content, or a negative code.
    """
    ip = start
    while ip < end:
        token = np.int64(data[ip])
        ip += 1
        literals = token >> 4
        if literals == 15:
            more, ip = _extended(data, ip, end)
            if more < 0:
                return CORRUPT
            literals += more
        if literals > end - ip:
            return CORRUPT
        if literals > limit - op:
            return OVERFLOW
        for _ in range(literals):
            out[op] = data[ip]
            op += 1
            ip += 1
        if ip == end:
            return op
        if end - ip < 2:
            return CORRUPT
        offset = np.int64(data[ip]) | np.int64(data[ip + 1]) << 8
        ip += 2
        match = (token & 15) + 4
        if match == 19:
            more, ip = _extended(data, ip, end)
            if more < 0:
                return CORRUPT
            match += more
        if offset == 0 or offset > op - history:
            return CORRUPT
        if match > limit - op:
            return OVERFLOW
        for _ in range(match):
            out[op] = out[op - offset]
            op += 1
    return CORRUPT


@inline
def _header(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, int, int, int]:
    """Check a frame header; return flags, largest block, content size or -1, first block.

    The flags are a negative code where the header is wrong.
    """
    if end - start < 7:
        return TRUNCATED, 0, 0, start
    if read_u32(data, start) != MAGIC:
        return CORRUPT, 0, 0, start
    flags, size_code = np.int64(data[start + 4]), np.int64(data[start + 5])
    if flags >> 6 != 1 or flags & 2 or size_code & 0x8F or size_code < 0x40:
        return CORRUPT, 0, 0, start
    at = start + 6
    length = (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    if end - at < length + 1:
        return TRUNCATED, 0, 0, start
    content = -1
    if flags & 8:
        low, high = np.int64(read_u32(data, at)), np.int64(read_u32(data, at + 4))
        content = low | high << 32
        if content < 0:
            return CORRUPT, 0, 0, start
    if flags & 1 and read_u32(data, at + length - 4) != 0:
        return CORRUPT, 0, 0, start
    at += length
    if np.int64(data[at]) != np.int64(xxh32(data, start + 4, at) >> np.uint32(8)) & 255:
        return CHECKSUM, 0, 0, start
    return flags, 1 << (8 + 2 * (size_code >> 4)), content, at + 1


@kernel
def decode_frame(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    out: NDArray[np.uint8],
    out_start: int,
    out_end: int,
) -> tuple[int, int]:
    """Decode the frame that begins at `data[start]` to `out[out_start:out_end]`.

    Args:
        data: Bytes that hold the frame.
        start: Where it begins.
        end: Where the readable bytes end; the frame may end earlier.
        out: Bytes to write.
        out_start: Where the content begins.
        out_end: Where the writable bytes end.

    Returns:
        Length of the content or a negative code, and where in `data` the frame (or what of it
        was understood) ends.
    """
    flags, largest, content, ip = _header(data, start, end)
    if flags < 0:
        return flags, ip
    linked, block_sum = not flags & 32, 4 if flags & 16 else 0
    op = out_start
    while True:
        if end - ip < 4:
            return TRUNCATED, ip
        word = np.int64(read_u32(data, ip))
        if word == 0:
            ip += 4
            break
        size, first = word & 0x7FFFFFFF, ip + 4
        if size > largest:
            return CORRUPT, ip
        if end - first < size + block_sum:
            return TRUNCATED, ip
        last = first + size
        if block_sum and xxh32(data, first, last) != read_u32(data, last):
            return CHECKSUM, ip
        block_limit = min(out_end, op + largest)
        if word != size:
            if size > block_limit - op:
                return OVERFLOW, ip
            out[op : op + size] = data[first:last]
            op += size
        else:
            history = out_start if linked else op
            op = decode_block(data, first, last, out, history, op, block_limit)
            if op < 0:
                return op, ip
        ip = last + block_sum
    if content >= 0 and content != op - out_start:
        return CORRUPT, ip
    if flags & 4:
        if end - ip < 4:
            return TRUNCATED, ip
        if xxh32(out, out_start, op) != read_u32(data, ip):
            return CHECKSUM, ip
        ip += 4
    return op - out_start, ip


@kernel
def decode_head(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint8]) -> int:
    """Decode the first bytes of a frame, as many as `out` holds or its first block has.

    Nothing is verified but the bounds. Returns how many bytes of `out` are valid, 0 if none.
    """
    flags, _, _, ip = _header(data, start, end)
    if flags < 0 or end - ip < 4:
        return 0
    word = np.int64(read_u32(data, ip))
    ip += 4
    end = min(end, ip + (word & 0x7FFFFFFF))
    limit, op = out.size, 0
    if word & 0x80000000:
        op = min(limit, end - ip)
        out[:op] = data[ip : ip + op]
        return op
    while ip < end:
        token = np.int64(data[ip])
        ip += 1
        literals = token >> 4
        if literals == 15:
            more, ip = _extended(data, ip, end)
            literals += more
            if more < 0:
                return op
        literals = min(literals, limit - op, end - ip)
        out[op : op + literals] = data[ip : ip + literals]
        op += literals
        ip += literals
        if op == limit or end - ip < 2:
            return op
        offset = np.int64(data[ip]) | np.int64(data[ip + 1]) << 8
        ip += 2
        match = (token & 15) + 4
        if match == 19:
            more, ip = _extended(data, ip, end)
            match += more
            if more < 0:
                return op
        if offset == 0 or offset > op:
            return op
        for _ in range(min(match, limit - op)):
            out[op] = out[op - offset]
            op += 1
        if op == limit:
            return op
    return op
