"""ECF chunks: how Prophesee compresses events in HDF5 (filter 0x8ECF).

All numbers are little-endian. A chunk begins with 32 bits: the number of events above two flags
that say how pixels are stored; then follow, column by column:

- Times. 64 bits of origin, then tokens of one byte: the upper half is added to the time, the
  lower half says how many events have it; 15 stands for a count in the next two bytes. Tokens
  whose upper half is 15 instead spell a longer step, four bits each, the lowest first.
- Pixels, flag 2: groups of four events in three words of 32 bits, each event 24 bits: 12 for y,
  11 for x, 1 for the polarity. The first event of a group has the upper bits of the first word.
- Else rows: words of 16 bits, 11 for y and 5 for how many events lie in it; 31 stands for a
  count in the next word. Then, with flag 1: groups of four in three words of 16 bits, each event
  11 bits of x and 1 of polarity. Without it: words with 11 bits of x and a mask of which of the
  five pixels to its right follow, the nearest in the highest bit; then polarities: bytes with
  the polarity in the highest bit and a count, 127 standing for one in the next two bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

HEADER_BYTES = 12
"""What a chunk has at least."""

_BROKEN = -1


@inline
def _u8(data: NDArray[np.uint8], at: int) -> int:
    return int(np.int64(data[at]))


@inline
def _u16(data: NDArray[np.uint8], at: int) -> int:
    return _u8(data, at) | (_u8(data, at + 1) << 8)


@inline
def _u32(data: NDArray[np.uint8], at: int) -> int:
    return _u16(data, at) | (_u16(data, at + 2) << 16)


@inline
def _times(data: NDArray[np.uint8], events: NDArray[np.int64], count: int) -> int:
    t = _u32(data, 4) | (_u32(data, 8) << 32)
    at, i, shift = HEADER_BYTES, 0, 0
    while i < count:
        if at >= data.size:
            return _BROKEN
        step, run = _u8(data, at) >> 4, _u8(data, at) & 15
        at += 1
        if step == 15:
            if shift > 60:
                return _BROKEN
            t += run << shift
            shift += 4
            continue
        shift = 0
        t += step
        if run == 15:
            if at + 2 > data.size:
                return _BROKEN
            run = _u16(data, at)
            at += 2
        if i + run > count:
            return _BROKEN
        for k in range(i, i + run):
            events[2 * k] = t
        i += run
    return at


@inline
def _rows(data: NDArray[np.uint8], at: int, events: NDArray[np.int64], count: int) -> int:
    i = 0
    while i < count:
        if at + 2 > data.size:
            return _BROKEN
        word = _u16(data, at)
        at += 2
        run = word & 31
        if run == 31:
            if at + 2 > data.size:
                return _BROKEN
            run = _u16(data, at)
            at += 2
        if i + run > count:
            return _BROKEN
        for k in range(i, i + run):
            events[2 * k + 1] = (word >> 5) << 16
        i += run
    return at


@inline
def _masked_columns(data: NDArray[np.uint8], at: int, events: NDArray[np.int64], count: int) -> int:
    i = 0
    while i < count:
        if at + 2 > data.size:
            return _BROKEN
        word = _u16(data, at)
        at += 2
        events[2 * i + 1] |= word >> 5
        i += 1
        for right in range(1, 6):
            # The last word may name pixels that are no events.
            if (word >> (5 - right)) & 1 and i < count:
                events[2 * i + 1] |= (word >> 5) + right
                i += 1
    return at


@inline
def _polarities(data: NDArray[np.uint8], at: int, events: NDArray[np.int64], count: int) -> int:
    i = 0
    while i < count:
        if at >= data.size:
            return _BROKEN
        on, run = _u8(data, at) >> 7, _u8(data, at) & 127
        at += 1
        if run == 127:
            if at + 2 > data.size:
                return _BROKEN
            run = _u16(data, at)
            at += 2
        if i + run > count:
            return _BROKEN
        for k in range(i, i + run):
            events[2 * k + 1] |= on << 32
        i += run
    return at


@inline
def _packed_columns(data: NDArray[np.uint8], at: int, events: NDArray[np.int64], count: int) -> int:
    for i in range(0, count, 4):
        if at + 6 > data.size:
            return _BROKEN
        a, b, c = _u16(data, at), _u16(data, at + 2), _u16(data, at + 4)
        at += 6
        fields = (a >> 4, (a & 0xF) | (b >> 8 << 4), (b & 0xFF) | (c >> 12 << 8), c & 0xFFF)
        for k in range(min(4, count - i)):
            events[2 * (i + k) + 1] |= (fields[k] >> 1) | ((fields[k] & 1) << 32)
    return at


@inline
def _packed_pixels(data: NDArray[np.uint8], at: int, events: NDArray[np.int64], count: int) -> int:
    for i in range(0, count, 4):
        if at + 12 > data.size:
            return _BROKEN
        a, b, c = _u32(data, at), _u32(data, at + 4), _u32(data, at + 8)
        at += 12
        fields = (a >> 8, (a & 0xFF) | (b >> 16 << 8), (b & 0xFFFF) | (c >> 24 << 16), c & 0xFFFFFF)
        for k in range(min(4, count - i)):
            y, x, on = (fields[k] >> 12) & 0x7FF, (fields[k] >> 1) & 0x7FF, fields[k] & 1
            events[2 * (i + k) + 1] = x | (y << 16) | (on << 32)
    return at


@kernel
def decode_ecf(data: NDArray[np.uint8], events: NDArray[np.int64]) -> int:
    """Decode a chunk.

    Args:
        data: The chunk, shape (N,); at least `HEADER_BYTES`.
        events: Words of the events, two each as in `EVENT_DTYPE`; written from the beginning.

    Returns:
        Number of events; -1 if the chunk contradicts itself or has more than fit.
    """
    if data.size < HEADER_BYTES:
        return _BROKEN
    head = _u32(data, 0)
    count = head >> 2
    if 2 * count > events.size:
        return _BROKEN
    at = _times(data, events, count)
    if at > 0 and head & 2:
        at = _packed_pixels(data, at, events, count)
    elif at > 0:
        at = _rows(data, at, events, count)
        if at > 0 and head & 1:
            at = _packed_columns(data, at, events, count)
        elif at > 0:
            at = _masked_columns(data, at, events, count)
            if at > 0:
                at = _polarities(data, at, events, count)
    return count if at > 0 else _BROKEN
