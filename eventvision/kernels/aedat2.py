"""AEDAT2 records: two big-endian words of 32 bits each, an address and the time in us.

What an address means depends on the chip that sent it:

- DVS128: bit 0 is set for darker, bits 7..1 x, bits 14..8 y; bit 15 is an external event.
- DAVIS: bit 31 clear is a contrast event (bit 11 set for brighter, bits 21..12 x, bits 30..22 y),
  or an external event if bit 10 is set. With bit 31 set, bits 11..10 say what it is: 0 the reset
  read of a pixel, 1 its signal read (value in bits 9..0), 3 a word of an inertial sample.

Columns of contrast events are counted from the right, all rows from the bottom.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .clock import LONGEST_STEP_US, REFERENCES, nearest

DVS128, DAVIS = 0, 1
RECORD_BYTES = 8
_HALF = 1 << 31
_LONGEST_STEP_US = np.uint64(LONGEST_STEP_US)
_DVS128_BITS = tuple(map(np.uint32, (0xFFFF8000, 1, 8, 0x7F, 0x7F)))
_DAVIS_BITS = tuple(map(np.uint32, (0x80000400, 12, 22, 0x3FF, 0x1FF)))

REFERENCE, EVENTS, OTHERS, BREAKS = range(4)
STATE_WORDS = 4

DONE, RESETS, RESET_SUM, SIGNAL_SUM, LAST_RESET, FIRST_SIGNAL, TORN = range(7)
FRAME_WORDS = 7

_NO_READ = -1
_ABSENT = -2


@inline
def _big_endian(data: NDArray[np.uint8], at: int) -> int:
    high = (int(data[at]) << 24) | (int(data[at + 1]) << 16)
    return high | (int(data[at + 2]) << 8) | int(data[at + 3])


@inline
def _swapped(word: np.uint32) -> np.uint32:
    """Return a number whose bytes, read as a little-endian one, are in the other order."""
    eight = np.uint32(8)
    inner = (word >> eight) & np.uint32(0xFF00) | (word & np.uint32(0xFF00)) << eight
    return np.uint32(inner | word << np.uint32(24) | word >> np.uint32(24))


@inline
def _decode_run(
    words: NDArray[np.uint32],
    first: int,
    stop: int,
    chip: int,
    width: int,
    height: int,
    events: NDArray[np.int64],
    found: int,
    reference: int,
    before: int,
) -> int:
    """Decode records as contrast events; return how often they make no sense.

    That is -1 if not all of them are such events; what was written then means nothing.
    """
    other, x_shift, y_shift, x_mask, y_mask = _DAVIS_BITS
    on_shift, flip = np.uint32(11), np.uint32(0)
    if chip == DVS128:
        other, x_shift, y_shift, x_mask, y_mask = _DVS128_BITS
        on_shift, flip = np.uint32(0), np.uint32(1)
    last_column, last_row = np.int64(width - 1), np.int64(height - 1)
    others, breaks, origin = np.uint32(0), np.int64(0), np.int64(reference)
    # Nothing is carried from record to record, so that several are decoded at a time.
    for i in range(first, stop):
        at = np.uint64(2 * (found + i - first))
        address = _swapped(words[np.uint64(2 * i)])
        reading = np.int64(_swapped(words[np.uint64(2 * i + 1)]))
        others |= address & other
        x = last_column - np.int64((address >> x_shift) & x_mask)
        y = last_row - np.int64((address >> y_shift) & y_mask)
        on = np.int64((address >> on_shift ^ flip) & np.uint32(1))
        breaks += np.int64((x | y) < 0)
        events[at] = origin + np.int64(np.int32(reading - origin))
        events[at + np.uint64(1)] = (x & 0xFFFF) | (y & 0xFFFF) << 16 | on << 32
    if others:
        return -1
    for i in range(found, found + stop - first):
        before = events[np.uint64(2 * i - 2)] if i > found else before
        breaks += np.int64(np.uint64(events[np.uint64(2 * i)] - before) > _LONGEST_STEP_US)
    return int(breaks)


@kernel
def skim_aedat2(
    records: NDArray[np.uint8], reference: int, chip: int, width: int, height: int
) -> tuple[int, int]:
    """Look through records without making events of them.

    Args:
        records: Bytes of the records, one at least.
        reference: Time of the record before them.
        chip: `DVS128` or `DAVIS`.
        width: Columns of the sensor.
        height: Rows of the sensor.

    Returns:
        Time of the last record, and how often time went back or leapt ahead or a record was no
        contrast event on the sensor.
    """
    words = records.view(np.uint32)
    other, x_shift, y_shift, x_mask, y_mask = _DAVIS_BITS
    if chip == DVS128:
        other, x_shift, y_shift, x_mask, y_mask = _DVS128_BITS
    odd, before = np.uint32(0), np.uint32(reference)
    for first in range(0, words.size, 2 * REFERENCES):
        stop = min(first + 2 * REFERENCES, words.size)
        for i in range(np.uint64(first), np.uint64(stop), np.uint64(2)):
            address = _swapped(words[i])
            odd += np.uint32((address & other) != 0)
            odd += np.uint32(((address >> x_shift) & x_mask) >= np.uint32(width))
            odd += np.uint32(((address >> y_shift) & y_mask) >= np.uint32(height))
        for i in range(first + 1, stop, 2):
            reading = _swapped(words[np.uint64(i)])
            earlier = _swapped(words[np.uint64(i - 2)]) if i > 1 else before
            odd += np.uint32(reading - earlier > np.uint32(LONGEST_STEP_US))
        reference = nearest(reference, int(_swapped(words[stop - 1])), _HALF)
    return reference, int(odd)


@kernel
def decode_aedat2(
    data: NDArray[np.uint8],
    start: int,
    count: int,
    chip: int,
    width: int,
    height: int,
    events: NDArray[np.int64],
    others: NDArray[np.int64],
    state: NDArray[np.int64],
) -> None:
    """Decode records; rows come out counted from the top, columns from the left.

    Args:
        data: Bytes of the recording.
        start: Offset of the first record; all must lie inside `data`.
        count: How many to decode.
        chip: `DVS128` or `DAVIS`.
        width: Columns of the sensor.
        height: Rows of the sensor.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words, N at least `count`. A pixel outside
            the sensor gets coordinates beyond any sensor.
        others: Shape (N, 2): time and address of all that is no contrast event.
        state: Shape (STATE_WORDS,), kept between calls. `REFERENCE` is a time near that of the
            first record; `EVENTS` and `OTHERS` are set to how many were written, `BREAKS` to how
            often time went back or leapt ahead or an address made no sense.
    """
    reference, found, rest, breaks = state[REFERENCE], 0, 0, 0
    before = reference
    words = data[start : start + RECORD_BYTES * count].view(np.uint32)
    plain_until = 0
    for i in range(count):
        if i % REFERENCES == 0 and i + REFERENCES <= count:
            stop = i + REFERENCES
            odd = _decode_run(words, i, stop, chip, width, height, events, found, reference, before)
            if odd >= 0:
                breaks += odd
                found += REFERENCES
                reference = before = events[2 * found - 2]
                plain_until = stop
        if i < plain_until:
            continue
        at = start + RECORD_BYTES * i
        address = _big_endian(data, at)
        t = nearest(reference, _big_endian(data, at + 4), _HALF)
        breaks += not 0 <= t - before <= LONGEST_STEP_US
        before = t
        if i % REFERENCES == REFERENCES - 1:
            reference = t
        if chip == DVS128:
            is_event = address >> 15 == 0
            breaks += address >> 16 != 0
            x, y, on = (address >> 1) & 0x7F, (address >> 8) & 0x7F, ~address & 1
        else:
            is_event = address & 0x80000400 == 0
            x, y, on = (address >> 12) & 0x3FF, (address >> 22) & 0x1FF, (address >> 11) & 1
        if is_event:
            breaks += x >= width or y >= height
            x, y = (width - 1 - x) & 0xFFFF, (height - 1 - y) & 0xFFFF
            events[2 * found] = t
            events[2 * found + 1] = x | (y << 16) | (on << 32)
            found += 1
        else:
            others[rest, 0], others[rest, 1] = t, address
            rest += 1
    state[REFERENCE], state[EVENTS], state[OTHERS], state[BREAKS] = before, found, rest, breaks


def new_reads(width: int, height: int) -> NDArray[np.int32]:
    """Return the reset reads of a frame of which nothing is known yet, shape (height, width)."""
    return np.full((height, width), _NO_READ, np.int32)


@kernel
def assemble_frame(
    reads: NDArray[np.int64],
    first: int,
    resets: NDArray[np.int32],
    pixels: NDArray[np.uint8],
    state: NDArray[np.int64],
) -> int:
    """Enter pixel reads into a frame until it is complete or torn.

    A pixel is its reset read less its signal read, 10 bits reduced to 8.

    Args:
        reads: Shape (N, 2): times and addresses of pixel reads.
        first: Index of the first read to enter.
        resets: From `new_reads`; those of the frame being assembled.
        pixels: Shape (height, width): the frame, top row first.
        state: Shape (FRAME_WORDS,), zeros for a new frame: pixels `DONE`, `RESETS`, sums of the
            times of signal and reset reads, times of the latest reset and the earliest signal
            read, and whether the frame is `TORN`: a pixel came for the second time.

    Returns:
        Index of the first read that was not entered.
    """
    height, width = pixels.shape
    for i in range(first, reads.shape[0]):
        t, address = reads[i, 0], reads[i, 1]
        x, y = (address >> 12) & 0x3FF, height - 1 - ((address >> 22) & 0x1FF)
        if x >= width or y < 0:
            continue
        value = int(address & 0x3FF)
        if (address >> 10) & 1 == 0:
            if resets[y, x] == _ABSENT:
                state[TORN] = 1
                return i
            if resets[y, x] == _NO_READ:
                state[RESETS] += 1
                state[RESET_SUM] += t
            resets[y, x] = value
            state[LAST_RESET] = t
        elif resets[y, x] == _ABSENT:
            state[TORN] = 1
            return i
        elif resets[y, x] != _NO_READ:
            pixels[y, x] = np.uint8(max(0, resets[y, x] - value) >> 2)
            resets[y, x] = _ABSENT
            if state[DONE] == 0:
                state[FIRST_SIGNAL] = t
            state[SIGNAL_SUM] += t
            state[DONE] += 1
            if state[DONE] == pixels.size:
                return i + 1
    return len(reads)
