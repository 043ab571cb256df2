"""Events of 40 bits, as in N-MNIST, N-Caltech101 and files made after their model.

Five bytes: x, y, then one bit of polarity and 23 bits of time in us, the highest first. A record
whose y is 240, a row that no sensor in use with the format has, stands for 2**13 us that passed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .clock import LONGEST_STEP_US, REFERENCES, nearest

RECORD_BYTES = 5
OVERFLOW_ROW = 240
OVERFLOW_US = 1 << 13
_HALF = 1 << 22

REFERENCE, OVERFLOWS_US, EVENTS, BREAKS = range(4)
STATE_WORDS = 4


@kernel
def decode_bin40(
    data: NDArray[np.uint8],
    start: int,
    count: int,
    events: NDArray[np.int64],
    state: NDArray[np.int64],
) -> None:
    """Decode records.

    Args:
        data: Bytes of the recording.
        start: Offset of the first record; all must lie inside `data`.
        count: How many to decode.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words, N at least `count`.
        state: Shape (STATE_WORDS,), kept between calls. `REFERENCE` is a time near that of the
            first record, `OVERFLOWS_US` what overflows have added; `EVENTS` is set to how many
            were written, `BREAKS` to how often time went back or leapt ahead.
    """
    reference, added, found, breaks = state[REFERENCE], state[OVERFLOWS_US], 0, 0
    before = reference
    for i in range(count):
        at = start + RECORD_BYTES * i
        high = int(data[at + 2])
        reading = ((high & 0x7F) << 16) | (int(data[at + 3]) << 8) | int(data[at + 4])
        t = nearest(reference, reading, _HALF)
        breaks += not 0 <= t - before <= LONGEST_STEP_US
        before = t
        if i % REFERENCES == REFERENCES - 1:
            reference = t
        y = int(data[at + 1])
        if y == OVERFLOW_ROW:
            added += OVERFLOW_US
        else:
            events[2 * found] = t + added
            events[2 * found + 1] = int(data[at]) | (y << 16) | (high >> 7 << 32)
            found += 1
    state[REFERENCE], state[OVERFLOWS_US] = before, added
    state[EVENTS], state[BREAKS] = found, breaks
