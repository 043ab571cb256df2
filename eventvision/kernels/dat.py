"""DAT events: two little-endian words of 32 bits each, the time in us and the pixel.

The pixel word holds x, y and the polarity from the lowest bit up; how many bits each has depends
on the version of the format. Times wrap every 71.6 minutes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .clock import LONGEST_STEP_US, REFERENCES, nearest

RECORD_BYTES = 8
_HALF = 1 << 31


@inline
def _decode_run(
    words: NDArray[np.uint32],
    events: NDArray[np.int64],
    first: int,
    stop: int,
    reference: int,
    x_bits: int,
    y_bits: int,
    on_mask: int,
) -> None:
    x_mask, y_mask = np.int64((1 << x_bits) - 1), np.int64((1 << y_bits) - 1)
    origin = np.int64(reference)
    # Nothing is carried from event to event, so that several are decoded at a time.
    for i in range(first, stop):
        at = np.uint64(2 * i)
        reading, pixel = np.int64(words[at]), np.int64(words[at + np.uint64(1)])
        on = np.int64((pixel & on_mask) != 0)
        events[at] = origin + np.int64(np.int32(reading - origin))
        events[at + np.uint64(1)] = (
            (pixel & x_mask) | (((pixel >> x_bits) & y_mask) << 16) | (on << 32)
        )


@inline
def _breaks(words: NDArray[np.uint32], first: int, stop: int) -> int:
    found = np.uint32(0)
    for i in range(first + 1, stop):
        step = np.uint32(words[np.uint64(2 * i)] - words[np.uint64(2 * i - 2)])
        found += np.uint32(step > np.uint32(LONGEST_STEP_US))
    return int(found)


@kernel
def decode_dat(
    data: NDArray[np.uint8],
    start: int,
    events: NDArray[np.int64],
    reference: int,
    x_bits: int,
    y_bits: int,
    on_mask: int,
) -> tuple[int, int]:
    """Decode as many records as `events` holds.

    Args:
        data: Bytes of the recording.
        start: Offset of the first record; all must lie inside `data`.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words.
        reference: Time near that of the first record.
        x_bits: Bits of x, which are the lowest of the pixel word.
        y_bits: Bits of y, which come next.
        on_mask: Bits of the pixel word of which any makes an event brighter.

    Returns:
        The reference for the records that follow, and how often time went back or leapt ahead.
    """
    count = events.size // 2
    words = data[start : start + RECORD_BYTES * count].view(np.uint32)
    breaks = 0
    for first in range(0, count, REFERENCES):
        stop = min(first + REFERENCES, count)
        _decode_run(words, events, first, stop, reference, x_bits, y_bits, on_mask)
        breaks += _breaks(words, max(first - 1, 0), stop)
        reference = nearest(reference, int(words[2 * stop - 2]), _HALF)
    return reference, breaks


@inline
def _outside(
    words: NDArray[np.uint32],
    first: int,
    stop: int,
    x_bits: int,
    y_bits: int,
    width: int,
    height: int,
) -> int:
    x_mask, y_mask = np.uint32((1 << x_bits) - 1), np.uint32((1 << y_bits) - 1)
    found = np.uint32(0)
    for i in range(first, stop):
        pixel = words[np.uint64(2 * i + 1)]
        found += np.uint32((pixel & x_mask) >= np.uint32(width))
        found += np.uint32(((pixel >> np.uint32(x_bits)) & y_mask) >= np.uint32(height))
    return int(found)


@kernel
def skim_dat(
    records: NDArray[np.uint8],
    reference: int,
    x_bits: int,
    y_bits: int,
    width: int,
    height: int,
) -> tuple[int, int]:
    """Look through records without making events of them.

    Args:
        records: Bytes of the records, one at least.
        reference: Time of the record before them.
        x_bits: As for `decode_dat`.
        y_bits: As for `decode_dat`.
        width: Columns of the sensor.
        height: Rows of the sensor.

    Returns:
        Time of the last record, and how often time went back or leapt ahead or a pixel lay outside.
    """
    words = records.view(np.uint32)
    count = words.size // 2
    odd = int(np.uint32(words[0] - np.uint32(reference)) > np.uint32(LONGEST_STEP_US))
    for first in range(0, count, REFERENCES):
        stop = min(first + REFERENCES, count)
        odd += _breaks(words, max(first - 1, 0), stop)
        odd += _outside(words, first, stop, x_bits, y_bits, width, height)
        reference = nearest(reference, int(words[2 * stop - 2]), _HALF)
    return reference, odd


@kernel
def encode_dat(events: NDArray[np.int64], words: NDArray[np.uint32]) -> int:
    """Write events as records of version 2; return the sign bit of anything that does not fit.

    Args:
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words.
        words: Shape (2 * N,).

    Returns:
        0 where all times lie in 0 to 2**32 - 1 and x, y below 2**14; anything else if not.
    """
    misfits = np.int64(0)
    for i in range(events.size // 2):
        at = np.uint64(2 * i)
        t, place = events[at], events[at + np.uint64(1)]
        x, y, on = place & 0xFFFF, (place >> 16) & 0xFFFF, (place >> 32) & 1
        misfits |= (t >> 32) | ((x | y) >> 14)
        words[at] = np.uint32(t)
        words[at + np.uint64(1)] = np.uint32(x | (y << 14) | (on << 28))
    return int(misfits)
