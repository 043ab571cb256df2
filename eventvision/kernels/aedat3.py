"""AEDAT3 polarity events: two little-endian words, the pixel and the lower 31 bits of the time.

Bit 0 of the pixel word says whether the event is valid, bit 1 is set for brighter, bits 16..2 are y
and bits 31..17 x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

RECORD_BYTES = 8


@kernel
def decode_polarity(
    data: NDArray[np.uint8],
    start: int,
    count: int,
    base_us: int,
    bottom: int,
    events: NDArray[np.int64],
) -> int:
    """Decode valid events; return how many there were.

    Args:
        data: Bytes of the recording.
        start: Offset of the first event; all must lie inside `data`.
        count: How many to look at.
        base_us: Time to add, from the overflows that the packet states.
        bottom: Number of the last row if rows are counted from the bottom, else -1.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words, N at least `count`.
    """
    words = data[start : start + RECORD_BYTES * count].view(np.uint32)
    found = np.int64(0)
    for i in range(count):
        pixel, time = np.int64(words[2 * i]), np.int64(words[2 * i + 1])
        y = (pixel >> 2) & 0x7FFF
        if bottom >= 0:
            y = (bottom - y) & 0xFFFF
        events[2 * found] = base_us + (time & 0x7FFFFFFF)
        events[2 * found + 1] = (pixel >> 17) | (y << 16) | (((pixel >> 1) & 1) << 32)
        found += pixel & 1
    return int(found)
